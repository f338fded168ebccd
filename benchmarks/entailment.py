"""How well the cascade judges claims against passages, beside everything simpler, and what it costs.

    python benchmarks/entailment.py --data ../shared/data [--quick] [--fp32 model.fp32.onnx] [--accuracy | --cost]

Accuracy is measured on the development rows of the labelled data, on which nothing was trained or tuned: revisions
(VitaminC), twins, minimal edits, and the sets of other projects. Every judge sees the same rows in the same run:

    overlap   share of the claim's words that the evidence has
    cosine    of MiniLM sentence embeddings, by the encoder that ships (int8); the best window of a long passage counts
    rules     overlap, vetoed where a number, date, unit, negation, modal or direction conflicts
    model     the network alone
    cascade   all stages, as `verify` and every guard run them

Overlap, cosine and rules get one threshold each, chosen on training rows, for all sets. The labels of the cascade are
compared as they are shown: *unsupported* is neutral. Beside labels, a chance of support is ranked and calibrated.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.entailment import baselines, metrics, prepare
from tools.entailment.pairs import LABELS, Pair
from tools.entailment.pairs import Label as Gold
from tools.entailment.sets import DevSet, dev_sets

from guardlayer.types import Claim, Evidence, Label, Source
from guardlayer.verifiers import Cascade, EntailmentVerifier, LexicalVerifier, StructuredVerifier
from guardlayer.verifiers.entailment.verifier import Part

AT = datetime(2026, 1, 1, tzinfo=UTC)
LONG_LIMIT, LIMIT, QUICK = 300, 1_000, 150
ORIGINALS_LOST = 0.05
GUESS = {Label.SUPPORTED: Gold.SUPPORTS, Label.CONTRADICTED: Gold.REFUTES}
"""What a label says of the evidence; any other says that it is neutral."""

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Judged:
    """What one judge says of a set, row by row.

    Attributes:
        guesses: Supports, neutral or refutes.
        support: How likely support is; only ranked where the judge is no model.
        chances: Chances of the three; empty where the judge gives none.
    """

    guesses: list[int]
    support: list[float]
    chances: list[Triple]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; exit code 2 where the data or the model are absent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, help="folder of the model; default: the shipped one")
    parser.add_argument("--fp32", type=Path, help="the model before quantisation, to compare")
    parser.add_argument("--quick", action="store_true", help=f"a fixed sample: about {QUICK} rows a set")
    parser.add_argument("--limit", type=int, default=LIMIT, help=f"rows of each set but revisions; default {LIMIT}")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--accuracy", action="store_true", help="only what needs the data")
    which.add_argument("--cost", action="store_true", help="only times, memory and sizes")
    options = parser.parse_args(argv)
    verifier = EntailmentVerifier(options.model)
    if verifier.notice is not None:
        print(verifier.notice, file=sys.stderr)
        return 2
    if not options.accuracy:
        import entailment_cost

        entailment_cost.report(options.model, quick=options.quick)
    if options.cost:
        return 0
    absent = [name for name in prepare.FILES if not (options.data / name).is_file()]
    if absent:
        print(f"no {', '.join(absent)} in {options.data}; give the folder with --data", file=sys.stderr)
        return 2
    measure(verifier, options.data, options.fp32, limit=options.limit, quick=options.quick)
    return 0


def measure(verifier: EntailmentVerifier, data: Path, fp32: Path | None, *, limit: int, quick: bool) -> None:
    """Print every figure of accuracy."""
    judges = _judges(verifier, data)
    limit = min(limit, QUICK) if quick else limit
    sets = list(dev_sets(data, limit=limit, long_limit=QUICK // 2 if quick else min(limit, LONG_LIMIT)))
    if quick:
        sets = [_sampled(dev, 4 * QUICK) if dev.family == "revisions" else dev for dev in sets]
    found = {dev.name: {name: judge(dev) for name, judge in judges.items()} for dev in sets}
    by_name = {dev.name: dev for dev in sets}
    real = by_name["vitaminc_real"]
    _revisions(real, found[real.name])
    _revisions(by_name["vitaminc_synthetic"], found["vitaminc_synthetic"])
    _transfer([dev for dev in sets if dev.family == "transfer"], found)
    _edits(by_name["edits"], found["edits"])
    _calibration([dev for dev in sets if dev.family != "edits"], found)
    if fp32 is not None and fp32.is_file():
        _quantised(verifier, fp32, real, found[real.name]["model"])
    else:
        print("\nint8 against fp32: skipped; give the unquantised model with --fp32")


def _judges(verifier: EntailmentVerifier, data: Path) -> dict[str, Callable[[DevSet], Judged]]:
    cascade = Cascade([StructuredVerifier(), LexicalVerifier(), verifier])
    train = _training_rows(data)
    scorers: dict[str, Callable[[Sequence[Pair]], list[float]]] = {
        "overlap": lambda pairs: [baselines.overlap(pair.evidence, pair.claim) for pair in pairs],
        "rules": lambda pairs: [baselines.rules(pair.evidence, pair.claim) for pair in pairs],
    }
    cosine = baselines.Cosine(baselines.shipped())
    scorers["cosine"] = lambda pairs: cosine.scores([p.evidence for p in pairs], [p.claim for p in pairs], count=4)
    judges = {name: _scored(scorer, train) for name, scorer in scorers.items()}
    return {
        **judges,
        "model": lambda dev: _by_model(verifier, dev),
        "cascade": lambda dev: _by_cascade(cascade, verifier, dev),
    }


def _training_rows(data: Path) -> list[Pair]:
    rows = prepare.releasable(prepare.read(data / "entail_train.parquet"), split="train")
    pools = [[prepare.pair_of(row) for row in rows if row["source"] == name] for name in ("fever", "mnli_dev")]
    revisions = prepare.releasable(prepare.read(data / "vitaminc.parquet"), split="train")
    pools.append([Pair(row["premise"], row["hypothesis"], LABELS[row["label"]], "") for row in revisions])
    draw = Random(1)
    return [pair for pool in pools for pair in draw.sample(pool, 600)]


def _scored(scorer: Callable[[Sequence[Pair]], list[float]], train: Sequence[Pair]) -> Callable[[DevSet], Judged]:
    bar = baselines.threshold(scorer(train), [int(pair.label) for pair in train])

    def judge(dev: DevSet) -> Judged:
        scores = scorer(dev.pairs)
        return Judged([int(Gold.SUPPORTS if one >= bar else Gold.REFUTES) for one in scores], scores, [])

    return judge


def _by_model(verifier: EntailmentVerifier, dev: DevSet) -> Judged:
    chances = []
    for pair in dev.pairs:
        parts = verifier.read(*_asked(pair))
        chances.append(_joined(parts, lambda one: tuple(metrics.softmax(one.found.logits))))  # type: ignore[arg-type,return-value]
    return Judged([max(range(3), key=row.__getitem__) for row in chances], [row[0] for row in chances], chances)


def _by_cascade(cascade: Cascade, verifier: EntailmentVerifier, dev: DevSet) -> Judged:
    guesses, chances = [], []
    for pair in dev.pairs:
        asked = _asked(pair)
        verdict = cascade(*asked)
        guess = int(GUESS.get(verdict.label, Gold.NEUTRAL))
        if verdict.verifier.startswith(("entailment", "cascade")):
            row = _joined(verifier.read(*asked), lambda one: one.found.chances)
        else:
            rest = (1 - verdict.score) / 2
            row = (rest, rest, rest)
            row = (*row[:guess], verdict.score, *row[guess + 1 :])  # type: ignore[assignment]
        guesses.append(guess)
        chances.append(row)
    return Judged(guesses, [row[0] for row in chances], chances)


def _asked(pair: Pair) -> tuple[Claim, list[Evidence], datetime]:
    return Claim(pair.claim, 0, len(pair.claim)), [Evidence(pair.evidence, Source("passage"))], AT


def _joined(parts: Sequence[Part], of: Callable[..., Triple]) -> Triple:
    """The weakest sentence's best window supports; the most telling window of any sentence refutes."""
    if not parts or any(not part.current for part in parts):
        return 0.0, 1.0, 0.0
    support, refute = 1.0, 0.0
    for part in parts:
        rows = [of(one) for one in part.current]
        support = min(support, max(row[0] for row in rows))
        refute = max(refute, min(rows, key=lambda row: row[1])[2])
    refute = min(refute, 1 - support)
    return support, 1 - support - refute, refute


def _revisions(dev: DevSet, judged: dict[str, Judged]) -> None:
    print(f"\n{dev.name}: {len(dev.pairs)} development rows")
    _head("judge", "claims", "rows", "3-way", "twins", "of", "balanced", "neutral kept", "wrong support")
    labels = [int(pair.label) for pair in dev.pairs]
    for name, one in judged.items():
        for kind in ("all", "comparative", "other number", "no number"):
            at = [i for i, found in enumerate(dev.kinds) if kind in ("all", found)]
            gold, guesses = [labels[i] for i in at], [one.guesses[i] for i in at]
            twins = metrics.twins_right(gold, guesses, [dev.groups[i] for i in at])
            kept = [guess != Gold.REFUTES for guess, label in zip(guesses, gold, strict=True) if label == Gold.NEUTRAL]
            _row(
                name, kind, len(at), metrics.accuracy(gold, guesses), twins.share, twins.total,
                metrics.balanced(gold, guesses), sum(kept) / len(kept) if kept else float("nan"),
                _wrongly_supported(gold, guesses),
            )  # fmt: skip


def _transfer(sets: Sequence[DevSet], found: dict[str, dict[str, Judged]]) -> None:
    print("\nSets of other projects: balanced accuracy, supported against not (AUC of the cascade's chance,")
    print("and what is not supported and called so, by the network alone and by the cascade)")
    names = list(next(iter(found.values())))
    _head("set", "rows", *names, "AUC", "wrong: model", "cascade")
    means = []
    for dev in sets:
        labels = [int(pair.label) for pair in dev.pairs]
        shares = [metrics.balanced(labels, found[dev.name][name].guesses) for name in names]
        shares.append(metrics.auc(found[dev.name]["cascade"].support, [label == Gold.SUPPORTS for label in labels]))
        shares += [_wrongly_supported(labels, found[dev.name][name].guesses) for name in ("model", "cascade")]
        means.append(shares)
        _row(dev.name, len(labels), *shares)
    _row("mean", "", *(sum(column) / len(column) for column in zip(*means, strict=True)))


def _wrongly_supported(labels: Sequence[int], guesses: Sequence[int]) -> float:
    """Return the share called supported of what is not."""
    wrong = [guess == Gold.SUPPORTS for label, guess in zip(labels, guesses, strict=True) if label != Gold.SUPPORTS]
    return sum(wrong) / len(wrong) if wrong else float("nan")


def _edits(dev: DevSet, judged: dict[str, Judged]) -> None:
    print(f"\nMinimal edits of supported claims caught, at {ORIGINALS_LOST:.0%} of the originals lost")
    kinds = sorted(set(dev.kinds) - {"original"})
    _head("judge", *kinds, "all", "| as labelled: caught", "lost")
    for name, one in judged.items():
        originals = [i for i, kind in enumerate(dev.kinds) if kind == "original"]
        bar = sorted(one.support[i] for i in originals)[int(len(originals) * ORIGINALS_LOST)]
        edited = [i for i, kind in enumerate(dev.kinds) if kind != "original"]
        shares = []
        for wanted in (*kinds, None):
            at = [i for i in edited if wanted in (None, dev.kinds[i])]
            shares.append(sum(one.support[i] < bar for i in at) / len(at))
        caught = sum(one.guesses[i] != Gold.SUPPORTS for i in edited) / len(edited)
        lost = sum(one.guesses[i] != Gold.SUPPORTS for i in originals) / len(originals)
        _row(name, *shares, caught, lost)
    counts = ", ".join(f"{kind} {dev.kinds.count(kind)}" for kind in kinds)
    print(f"  rows: {counts}")


def _calibration(sets: Sequence[DevSet], found: dict[str, dict[str, Judged]]) -> None:
    print("\nCalibration: expected calibration error, and accuracy on the most confident 70 %")
    _head("set", "rows", "model ECE", "at 70 %", "cascade ECE", "at 70 %")
    means = []
    for dev in sets:
        labels = [int(pair.label) for pair in dev.pairs]
        shares = []
        for name in ("model", "cascade"):
            sure, right = _confidence(found[dev.name][name], labels)
            shares += [metrics.calibration_error(sure, right), metrics.accuracy_at(sure, right, 0.7)]
        means.append(shares)
        _row(dev.name, len(labels), *shares)
    _row("mean", "", *(sum(column) / len(column) for column in zip(*means, strict=True)))


def _confidence(one: Judged, labels: Sequence[int]) -> tuple[list[float], list[bool]]:
    """How sure each most likely answer is, and whether it is right; of two answers where labels know only two."""
    if Gold.NOT_SUPPORTS in labels:
        guesses = [Gold.SUPPORTS if row[0] >= 0.5 else Gold.NEUTRAL for row in one.chances]
        sure = [max(row[0], 1 - row[0]) for row in one.chances]
    else:
        guesses = [Gold(max(range(3), key=row.__getitem__)) for row in one.chances]
        sure = [max(row) for row in one.chances]
    return sure, [metrics.matches(label, guess) for label, guess in zip(labels, guesses, strict=True)]


def _quantised(verifier: EntailmentVerifier, fp32: Path, dev: DevSet, small: Judged) -> None:
    """Compare the shipped int8 file with the fp32 file that it was made from, pair by pair."""
    from tools.entailment.judge_onnx import OnnxJudge

    folder = verifier.folder
    judge = OnnxJudge(fp32, folder / "tokenizer.json")
    whole = [max(range(3), key=judge.logits(pair.evidence, pair.claim).__getitem__) for pair in dev.pairs]
    labels = [int(pair.label) for pair in dev.pairs]
    same = sum(one == two for one, two in zip(whole, small.guesses, strict=True)) / len(whole)
    print(
        f"\nint8 against fp32 on {len(whole)} rows of {dev.name}, network alone: "
        f"{metrics.accuracy(labels, small.guesses):.3f} against {metrics.accuracy(labels, whole):.3f} three-way; "
        f"the same decision in {same:.1%}"
    )


def _sampled(dev: DevSet, rows: int) -> DevSet:
    """A fixed sample of whole groups, so that twins stay together."""
    groups = sorted(set(dev.groups))
    Random(1).shuffle(groups)
    kept = set(groups[: max(1, round(len(groups) * rows / len(dev.groups)))])
    at = [i for i, group in enumerate(dev.groups) if group in kept]
    return DevSet(
        dev.name, dev.family, [dev.pairs[i] for i in at], [dev.groups[i] for i in at], [dev.kinds[i] for i in at]
    )


def _head(*names: str) -> None:
    print("  " + "".join(f"{name:<22}" if i == 0 else f"{name:>14}" for i, name in enumerate(names)))


def _row(*cells: object) -> None:
    texts = [f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells]
    print("  " + "".join(f"{text:<22}" if i == 0 else f"{text:>14}" for i, text in enumerate(texts)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
