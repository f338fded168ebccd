"""The stage ``corpus``: gathers the labelled sentences, and the unlabelled ones for the teacher."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from tools.entailment.journal import Journal
from tools.kinds import grammar, public
from tools.kinds.options import CorpusOptions
from tools.kinds.rows import BEHAVIOR, FACTUAL, Row, read_hand

HERE = Path(__file__).parent
LABELLED, UNLABELLED, LOG = "labelled.jsonl", "unlabelled.jsonl", "corpus.log.jsonl"
_WRITTEN_WEIGHT = 0.4
"""What a sentence of the grammar counts: a hundred of them say less than a hundred that were written one by one."""
PLAIN: dict[str, int] = {"fever": 1_500, "scitail_dev": 1_500, "snli_dev": 500, "vitaminc": 500}
"""Sets whose sentences were written or chosen as statements, and how many are taken as plain facts."""
_PLAIN_WEIGHT = 0.25


def corpus(options: CorpusOptions) -> None:
    """Write ``labelled.jsonl`` and ``unlabelled.jsonl`` to ``options.out``."""
    journal = Journal(options.out / LOG)
    found = public.sentences(options.data)
    rows = read_hand(HERE / "sentences.tsv")
    if options.generated:
        rows += [
            Row(row.text, row.label, row.register, "grammar", _WRITTEN_WEIGHT)
            for row in grammar.written(seed=options.seed, share=options.generated)
        ]
    rows += by_eye(found)
    rows += plain(found)
    labelled = {row.text for row in rows}
    write(options.out / LABELLED, (asdict(row) for row in rows))
    write(options.out / UNLABELLED, ({"text": text, "source": source} for text, source in found))
    journal.write(
        "corpus",
        seed=options.seed,
        rows=len(rows),
        factual=sum(row.factual for row in rows),
        sources=dict(Counter(row.source for row in rows)),
        labels=dict(Counter(row.label for row in rows).most_common()),
        unlabelled=dict(Counter(source for _, source in found)),
        unlabelled_rows=sum(text not in labelled for text, _ in found),
        files={name: sha256(HERE / name) for name in ("sentences.tsv", "labelled.tsv", "grammar.toml")},
    )


def by_eye(found: Iterable[tuple[str, str]], path: Path = HERE / "labelled.tsv") -> Iterator[Row]:
    """Yield the public sentences that were labelled for this corpus; ``labelled.tsv`` names them by digest."""
    labels = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, label = line.split("\t")
            if label not in FACTUAL | BEHAVIOR:
                raise ValueError(f"{path}: unknown label {label!r}; the labels are in tools/kinds/rows.py")
            labels[name] = label
    for text, source in found:
        if label := labels.get(public.digest(text)):
            spoken = text[:1].islower() and not text.rstrip().endswith((".", "?", "!"))
            yield Row(text, label, "talk" if spoken else "mixed", source)


def plain(found: Iterable[tuple[str, str]]) -> Iterator[Row]:
    """Yield sentences of the sets that hold only statements, as facts."""
    left = Counter(PLAIN)
    for text, source in found:
        if left[source] > 0 and not text.rstrip().endswith("?"):
            left[source] -= 1
            yield Row(text, "fact", "plain", source, _PLAIN_WEIGHT)


def read(folder: Path) -> list[Row]:
    """Read the labelled sentences that ``corpus`` wrote."""
    with (folder / LABELLED).open(encoding="utf-8") as file:
        return [Row(**json.loads(line)) for line in file]


def write(path: Path, rows: Iterable[dict[str, object]]) -> None:
    """Write JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
