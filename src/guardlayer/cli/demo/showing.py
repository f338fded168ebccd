"""How the demo is told to people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from guardlayer.cli.demo import assistant
from guardlayer.cli.demo.play import AT, Correction, Played, Scene
from guardlayer.cli.screen import visible
from guardlayer.cli.showing import marked_text, verdicts
from guardlayer.cli.tree import why_tree

TOLD = {
    "observe": "nothing changes, everything is recorded",
    "annotate": "every claim is marked in the text, with its source",
    "enforce": "the default: what has a right value is corrected, the rest is marked",
    "strict": "without a source for every claim, nothing is shown",
    "retry": "the assistant is told what was wrong and asked again, then strict",
}
"""What each policy does, in a line."""


def story(played: Played) -> Iterator[RenderableType]:
    """Yield the demo, part by part."""
    yield Text(
        f"{assistant.MODEL} was tuned in March 2024. Today is {AT.date()}, and the knowledge layer holds "
        f"{played.loaded.added} facts with their dates and sources. No model is called: the assistant is scripted."
    )
    report = played.scenes[0].reports[0]
    yield _heading(f"“{assistant.BRIEFING}” — what the model wrote, claim by claim")
    yield marked_text(report)
    yield Text()
    table = verdicts(report, actions=False)
    if table is not None:
        yield table
    yield Text(str(report.coverage), style="dim")
    for scene in played.scenes:
        yield _heading(f"policy {scene.policy}: {TOLD[scene.policy]}")
        yield from _scene(scene)
    yield from _correction(played.correction)
    yield _heading("where did that come from?  guardlayer why")
    yield why_tree(played.why, lineage=False)


def _scene(scene: Scene) -> Iterator[RenderableType]:
    if len(scene.reports) > 1:
        asked = f"asked {len(scene.reports)} times; the last answer: {scene.reports[-1].coverage}"
        yield Text(asked, style="dim")
    yield _quoted(scene.shown)


def _correction(correction: Correction) -> Iterator[RenderableType]:
    wrong, right = correction.wrong, correction.right
    yield _heading("a live correction: no model is touched")
    yield Text(f"The {wrong.source} says: {wrong.text}. The assistant repeats it, and it passes:")
    yield _quoted(correction.before.shown)
    yield Text(
        f"$ guardlayer fact correct {wrong.id} {right.value} --author {right.author} --reason “{right.reason}”",
        style="bold",
    )
    yield Text("The very next answer, same model, same words:")
    yield _quoted(correction.after.shown)
    for claim in correction.after.reports[-1].claims:
        if claim.current is not None:
            yield Text(f"because: {visible(claim.reason)}", style="dim")


def _heading(text: str) -> RenderableType:
    return Padding(Rule(Text(text, style="bold"), align="left", characters="─", style="dim"), (1, 0, 0, 0))


def _quoted(text: str) -> RenderableType:
    return Padding(Text(visible(text)), (0, 0, 0, 2))
