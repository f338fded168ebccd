"""How well claims are told from speech that states nothing: rules, model, both, and a token baseline.

    python benchmarks/kinds.py --data ../shared/data [--corpus runs/kinds] [--quick] [--list]

Public sets (``kind_dev.parquet`` in ``--data``, columns ``source``, ``text``, ``factual``): for each, the share of the
factual and of the other sentences told right, and their mean (balanced accuracy). The figure is the plain mean of the
balanced accuracy over the sets that have sentences of both sorts; sets with one sort only are printed, and enter no
mean. A claim counts as factual unless it is classified as behavior. No set has a threshold of its own.

Sentences of our own that were held out of training (``kinds_held_out.tsv``): every refusal, greeting, opinion, offer,
order and hedge goes through a guard that enforces, beside a knowledge layer full of facts; printed is how many came out
changed, how many plain facts were taken for behavior, and how many went through unmarked though no source knows them.

Wrong facts dressed as opinion, hedge, courtesy, order or talk (``kinds_dressed.tsv``) go through the same guard beside
the true ones; printed is how many were put right, how many marked, and how many got through.

``--corpus`` names the folder that ``python -m tools.kinds corpus`` wrote: the token baseline (logistic regression on
words) is fitted on it; without it, that column is left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from guardlayer import Guard, Knowledge
from guardlayer.classifiers import CLASSIFIERS
from guardlayer.kinds import RuleClassifier, TrainedClassifier
from guardlayer.kinds.model import shipped
from guardlayer.protocols import Classifier
from guardlayer.types import Action, Claim, Draft, Kind

HELD_OUT = Path(__file__).with_name("kinds_held_out.tsv")
DRESSED = Path(__file__).with_name("kinds_dressed.tsv")
DRAFT = Draft("", datetime(2024, 1, 1, tzinfo=UTC), "benchmark")
FACTS = 5_000
"""Facts in the knowledge layer beside which speech is enforced."""

TRUE = """\
entity,attribute,value,source
Calder Bank,chief executive,Ana Duarte,register
Norvania,capital,Stellburg,register
Norvania,president,Tom Becker,register
Nimbus Pro,price,$49,register
Stellburg,mayor,Clara Boyd,register
Velora,founder,Ingrid Holm,register
Oakline Foods,number of employees,"4,200",register
Meridian Bridge,length,812 meters,register
Lumio,owner,Corvex,register
Osterhall Museum,director,Priya Nair,register
Zenda FC,head coach,Luis Castillo,register
"""
"""What is true where the dressed sentences are wrong."""

Say = Callable[[Sequence[str]], list[bool]]
"""Tells for each sentence whether it is factual."""


@dataclass
class Sides:
    """How many sentences of each sort were told right, and how many there are."""

    right: Counter[int] = field(default_factory=Counter)
    seen: Counter[int] = field(default_factory=Counter)

    def share(self, side: int) -> float | None:
        """Return the share of the factual (1) or other (0) sentences that were told right."""
        return self.right[side] / self.seen[side] if self.seen[side] else None

    @property
    def balanced(self) -> float | None:
        """The mean of both shares, where there are both."""
        shares = [share for side in (1, 0) if (share := self.share(side)) is not None]
        return sum(shares) / 2 if len(shares) == 2 else None


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with kind_dev.parquet")
    parser.add_argument("--file", default="kind_dev.parquet", help="another file of the same columns")
    parser.add_argument("--corpus", type=Path, help="folder with labelled.jsonl, for the token baseline")
    parser.add_argument("--quick", action="store_true", help="every tenth public sentence, every fifth of our own")
    parser.add_argument("--list", action="store_true", help="print the sentences that came out wrong on our own set")
    options = parser.parse_args()
    spoken = held_out(step=5 if options.quick else 1)
    enforced(spoken, shown=options.list)
    missed(spoken, shown=options.list)
    dressed(shown=options.list)
    pace([text for _, text in spoken])
    path = options.data / options.file
    if not path.is_file():
        print(f"no such file: {path}. Pass --data the folder that holds {options.file}.", file=sys.stderr)
        return 2
    try:
        from pyarrow import parquet
    except ImportError:
        print("pyarrow is needed to read the labels: install the development dependencies (make test)", file=sys.stderr)
        return 2
    rows = [row for row in parquet.read_table(path).to_pylist() if row["factual"] is not None]
    public(rows[:: 10 if options.quick else 1], corpus=options.corpus)
    return 0


def public(rows: Sequence[dict[str, object]], *, corpus: Path | None) -> None:
    """Print the table of the public sets."""
    texts = [str(row["text"]) for row in rows]
    ways: dict[str, Say] = {}
    if corpus is not None:
        ways["tokens"] = token_baseline(corpus)
    ways["rules"] = by(RuleClassifier())
    ways["model"] = lambda some: [shipped().margin(text) > 0 for text in some]
    ways["rules + model"] = by(TrainedClassifier())
    ways["rules + model + reader"] = by(CLASSIFIERS["reading"]())
    sides: dict[str, dict[str, Sides]] = {name: {} for name in ways}
    for name, say in ways.items():
        for row, factual in zip(rows, say(texts), strict=True):
            wanted = int(bool(row["factual"]))
            each = sides[name].setdefault(str(row["source"]), Sides())
            each.seen[wanted] += 1
            each.right[wanted] += factual == bool(wanted)
    print(f"\n{'share told right: factual / other, balanced':44}" + "".join(f"{name:>26}" for name in ways))
    for source in sorted(sides["rules"]):
        count = sum(sides["rules"][source].seen.values())
        cells = []
        for name in ways:
            each = sides[name][source]
            shares = "/".join("  - " if (share := each.share(side)) is None else f"{share:.2f}" for side in (1, 0))
            cells.append(f"{shares:>15}" + ("           " if each.balanced is None else f"      {each.balanced:.3f}"))
        print(f"{source:36} {count:7}" + "".join(cells))
    both = [source for source, each in sides["rules"].items() if each.balanced is not None]
    means = [sum(sides[name][source].balanced or 0.0 for source in both) / len(both) for name in ways if both]
    print(f"{'mean of ' + ', '.join(sorted(both)):44}" + "".join(f"{mean:26.3f}" for mean in means))
    for source in both:
        lost = sum(sides["rules + model"][source].seen.values()) and sides["rules + model"][source].share(1)
        print(f"facts of {source} called behavior by rules + model: {1 - (lost or 0.0):.1%}")


def by(classify: Classifier) -> Say:
    """Return what a classifier says of sentences."""
    return lambda texts: [
        claim.kind is not Kind.BEHAVIOR for claim in classify([Claim(text, 0, len(text)) for text in texts], DRAFT)
    ]


def token_baseline(folder: Path) -> Say:
    """Return a logistic regression on the words alone, fitted on the labelled sentences of the corpus."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import numpy as np
    from tools.kinds.linear import fit
    from tools.kinds.rows import FACTUAL

    with (folder / "labelled.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    share = np.array([float(row["label"] in FACTUAL) for row in rows])
    weight = np.array([row["weight"] for row in rows])
    weight *= share / (weight * share).sum() + (1 - share) / (weight * (1 - share)).sum()
    model = fit([words(row["text"]) for row in rows], share, weight)
    return lambda texts: [bool(margin > 0) for margin in model.margins([words(text) for text in texts])]


def words(text: str) -> set[str]:
    """Return the words of a sentence, in lower case, and one that every sentence has."""
    return {"", *text.lower().replace(".", " ").replace(",", " ").split()}


def held_out(*, step: int = 1) -> list[tuple[str, str]]:
    """Return label and sentence of those held out of training."""
    lines = HELD_OUT.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(label, text) for label, text in rows[::step]]


def changed(guard: Guard, texts: Iterable[str]) -> list[tuple[str, str]]:
    """Return the texts that a guard blocks or alters, with what comes out."""
    found = []
    for text in texts:
        report = guard.check(text)
        if report.action is not Action.PASS or report.output != text:
            found.append((text, f"{report.action}: {report.output}"))
    return found


def knowledge(facts: int = FACTS) -> Knowledge:
    """Return a knowledge layer with many facts, some of them about everyday words."""
    kb = Knowledge.open(":memory:")
    things = ("tea", "garden", "letter", "coffee", "library", "puppy", "music", "bakery", "oven", "poem")
    rows = ["entity,attribute,value,source"]
    for number in range(facts):
        attribute = ("price", "owner", "color", "opening day")[number % 4]
        value = (f"${number}", f"Ann Bell {number}", "green", "Monday")[number % 4]
        rows.append(f"{things[number % len(things)].title()} {number},{attribute},{value},list of things")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "facts.csv")
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        kb.load(path)
    return kb


def classifiers() -> dict[str, Classifier]:
    """Return the classifiers that are compared, by name."""
    return {
        "rules": RuleClassifier(),
        "rules + model": TrainedClassifier(),
        "rules + model + reader": CLASSIFIERS["reading"](),
    }


def enforced(rows: Sequence[tuple[str, str]], *, shown: bool) -> None:
    """Print how much speech that states nothing an enforcing guard changes."""
    said = [(label, text) for label, text in rows if label != "fact"]
    kb = knowledge()
    for name, classifier in classifiers().items():
        guard = Guard(knowledge=kb, log=None, policy="enforce", classifier=classifier)
        found = changed(guard, (text for _, text in said))
        altered = {text for text, _ in found}
        by_label = Counter(label for label, text in said if text in altered)
        print(
            f"{name:24} refusals, greetings, opinions ... altered or blocked under enforce: {len(found)} of {len(said)}"
            + (f"  ({', '.join(f'{count} {label}' for label, count in by_label.most_common())})" if found else "")
        )
        if shown:
            for text, output in found:
                print(f"    {text!r} -> {output!r}")


def missed(rows: Sequence[tuple[str, str]], *, shown: bool) -> None:
    """Print how many plain facts are called behavior, and how many that no source knows go through unmarked."""
    facts = [text for label, text in rows if label == "fact"]
    kb = knowledge()
    for name, classifier in classifiers().items():
        lost = [text for text, factual in zip(facts, by(classifier)(facts), strict=True) if not factual]
        guard = Guard(knowledge=kb, log=None, policy="enforce", classifier=classifier)
        unmarked = len(facts) - len(changed(guard, facts))
        print(
            f"{name:24} held-out facts called behavior: {len(lost)} of {len(facts)}; that no source knows, and left"
            f" without a mark: {unmarked}"
        )
        if shown:
            for text in lost:
                print(f"    {text!r}")


def dressed(*, shown: bool) -> None:
    """Print what becomes of wrong facts that are dressed as speech that states nothing."""
    kb = Knowledge.open(":memory:")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "facts.csv")
        path.write_text(TRUE, encoding="utf-8")
        kb.load(path)
    rows = [line.split("\t") for line in DRESSED.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    for name, classifier in classifiers().items():
        guard = Guard(knowledge=kb, log=None, policy="enforce", classifier=classifier)
        outcomes: Counter[str] = Counter()
        through = []
        for how, text, value in rows:
            output = guard.check(text).output
            outcome = "put right" if value in output else "marked" if output != text else "let through"
            outcomes[outcome] += 1
            if outcome == "let through":
                through.append((how, text))
        print(
            f"{name:24} wrong facts dressed as opinion, hedge, courtesy, talk ...: "
            + ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in ("put right", "marked", "let through"))
            + f" of {len(rows)}"
        )
        if shown:
            for how, text in through:
                print(f"    {how}: {text!r}")


def pace(texts: Sequence[str]) -> None:
    """Print the time that a claim takes, one call a claim."""
    claims = [Claim(text, 0, len(text)) for text in texts]
    for name, classify in classifiers().items():
        classify(claims, DRAFT)
        took = []
        begun = time.process_time()
        for claim in claims:
            begin = time.perf_counter()
            classify([claim], DRAFT)
            took.append((time.perf_counter() - begin) * 1e6)
        spent = (time.process_time() - begun) / len(claims) * 1e6
        took.sort()
        print(
            f"{name:24} per claim: p50 {statistics.median(took):.0f} µs, p95 {took[int(len(took) * 0.95)]:.0f} µs,"
            f" {spent:.0f} µs of CPU on average"
        )


if __name__ == "__main__":
    sys.exit(main())
