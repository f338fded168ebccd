"""What the entailment model costs: times, memory and size. Run by ``entailment.py``; see there.

Claims and passages are written by the generator of ``tools/entailment`` and facts are made up, so that this needs no
data. Each answer has twelve claims: four that a key settles, four in other words than their passage, two that their
passage refutes, and two that nothing is known of. No answer is checked twice, so that nothing is remembered.
"""

from __future__ import annotations

import csv
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from tools.entailment import generate
from tools.entailment.pairs import Label, Pair

from guardlayer import Guard, Knowledge
from guardlayer.verifiers import EntailmentVerifier
from guardlayer.verifiers.entailment.files import SHIPPED, read_manifest

FACTS, PASSAGES, ANSWERS = 100_000, 5_100, 150
QUICK = (10_000, 500, 30)
ATTRIBUTES = ("head office", "chief executive", "list price", "employees", "plan")
_COLD = """
import time, resource
from guardlayer import verify
from guardlayer.verifiers import EntailmentVerifier
from pathlib import Path
verify("The fee is 3%.", [])
def resident():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
before = resident()
begun = time.perf_counter()
verifier = EntailmentVerifier({folder})
from guardlayer.types import Claim, Evidence, Source
from datetime import datetime, UTC
claim = "Customers who pay late are charged three percent."
piece = Evidence("Whoever pays late is charged 3 % of the amount that is due.", Source("terms"))
verifier(Claim(claim, 0, len(claim)), [piece], datetime(2026, 1, 1, tzinfo=UTC))
print((time.perf_counter() - begun) * 1e3, resident() - before)
"""


def report(folder: Path | None, *, quick: bool) -> None:
    """Print every figure of cost."""
    where = folder or SHIPPED
    manifest = read_manifest(where)
    size = sum(path.stat().st_size for path in where.iterdir() if path.is_file())
    print(
        f"model {manifest.version}, {manifest.digest[:19]}…: {size / 1e6:.1f} MB in {len(list(where.iterdir()))} files"
    )
    cold(folder)
    pairs(folder, calls=50 if quick else 300)
    facts, passages, answers = QUICK if quick else (FACTS, PASSAGES, ANSWERS)
    with tempfile.TemporaryDirectory() as name:
        whole(folder, Path(name), facts=facts, passages=passages, answers=answers)


def cold(folder: Path | None, *, repeats: int = 5) -> None:
    """Print what the first verdict costs in a fresh process: importing the wheels, reading the files, one pair."""
    code = _COLD.replace("{folder}", f"Path({str(folder)!r})" if folder else "")
    found = []
    for _ in range(repeats):
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        found.append([float(part) for part in done.stdout.split()])
    times, sizes = zip(*found, strict=True)
    print(
        f"cold load, first verdict included: median {statistics.median(times):.0f} ms, least {min(times):.0f} ms of "
        f"{repeats}; resident memory added: {statistics.median(sizes):.0f} MB"
    )


def pairs(folder: Path | None, *, calls: int) -> None:
    """Print the time of one pair on one core: as it passes, and what the thread itself spends of it."""
    import numpy as np

    from guardlayer.verifiers.entailment.judging import PairJudge
    from guardlayer.verifiers.marks import mark

    judge = PairJudge(folder or SHIPPED)
    loaded = judge.network.load()
    for tokens in (64, 128):
        ids = np.full((1, tokens), 2003, dtype=np.int64)
        feed = {"input_ids": ids, "token_type_ids": np.zeros_like(ids)}
        spent = _milliseconds(lambda feed=feed: loaded.session.run(None, feed), calls)
        print(f"network alone, {tokens} tokens, one thread: {spent}")
    made: list[tuple[Pair, int]] = []
    for pair in generate.pairs(40 * calls, seed=77):
        marked = mark(pair.evidence, pair.claim)
        tokens = len(loaded.encoder.pair(marked.evidence, marked.claim).ids)
        if 56 <= tokens <= 72 and len(made) < calls + 10:
            made.append((pair, tokens))
    rest = iter(made)

    def judged() -> None:
        pair = next(rest)[0]
        judge.judge([(pair.evidence, pair.claim)])

    spent = _milliseconds(judged, len(made) - 10)
    tokens = statistics.mean(tokens for _, tokens in made)
    print(f"a whole pair of {tokens:.0f} tokens on average (marks, tokens, network, features, combiner): {spent}")


def whole(folder: Path | None, scratch: Path, *, facts: int, passages: int, answers: int) -> None:
    """Print what checking answers of twelve claims adds, against many facts and passages."""
    draw = Random(3)
    known = _passages(passages)
    with Knowledge.open(scratch / "facts.db") as kb:
        entities = _facts(scratch / "facts.csv", facts)
        kb.load(scratch / "facts.csv")
        documents = scratch / "documents"
        documents.mkdir()
        for start in range(0, len(known), 100):
            text = "\n\n".join(pair.evidence for pair in known[start : start + 100])
            (documents / f"{start:06}.txt").write_text(text, encoding="utf-8")
        kb.ingest(documents)
        texts = [_answer(draw, known, entities, number) for number in range(answers)]
        print(f"\n12 claims against {kb.stats().facts:,} facts and {kb.stats().passages:,} passages, {answers} answers")
        stages = {"structured, lexical": ("structured", "lexical")}
        stages["all stages"] = ("structured", "lexical", EntailmentVerifier(folder))  # type: ignore[assignment]
        for name, verifiers in stages.items():
            guard = Guard(knowledge=kb, policy="observe", log=None, verifiers=verifiers)
            guard.check(texts[0])
            times, labels = [], []
            for text in texts[1:]:
                begun = time.perf_counter()
                found = guard.check(text)
                times.append((time.perf_counter() - begun) * 1e3)
                labels += [claim.verdict.value for claim in found.claims]
            counts = ", ".join(f"{label} {labels.count(label)}" for label in sorted(set(labels)))
            print(f"  {name:<20} {_shown(times)}   ({len(labels) / len(times):.1f} claims an answer: {counts})")


def _passages(count: int) -> list[Pair]:
    found: dict[str, Pair] = {}
    for pair in generate.pairs(4 * count, seed=31):
        if "\n" not in pair.evidence and "|" not in pair.evidence and len(pair.evidence.split()) <= 40:
            found.setdefault(pair.evidence, pair)
    return list(found.values())[:count]


def _facts(path: Path, facts: int) -> int:
    draw = Random(5)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("entity", "attribute", "value", "source", "valid_from"))
        for number in range(facts):
            entity, attribute = f"Company {number // len(ATTRIBUTES)}", ATTRIBUTES[number % len(ATTRIBUTES)]
            writer.writerow((entity, attribute, f"${draw.randint(10, 999)},000", "register", "2021-05-17"))
    return facts // len(ATTRIBUTES)


def _answer(draw: Random, known: Sequence[Pair], entities: int, number: int) -> str:
    keyed = [f"The list price of Company {draw.randrange(entities)} is ${draw.randint(10, 999)},000." for _ in range(4)]
    supported = [pair for pair in known if pair.label is Label.SUPPORTS]
    refuted = [pair for pair in known if pair.label is Label.REFUTES]
    said = [pair.claim for pair in (*draw.sample(supported, 4), *draw.sample(refuted, 2))]
    unknown = [f"The harbour master of Port {number}-{n} keeps {draw.randint(3, 900)} goats." for n in range(2)]
    sentences = [*keyed, *said, *unknown]
    draw.shuffle(sentences)
    return " ".join(one if one.endswith(".") else f"{one}." for one in sentences)


def _milliseconds(call: Callable[[], object], calls: int) -> str:
    for _ in range(10):
        call()
    times, own = [], []
    for _ in range(calls):
        begun, busy = time.perf_counter(), time.thread_time()
        call()
        own.append((time.thread_time() - busy) * 1e3)
        times.append((time.perf_counter() - begun) * 1e3)
    return f"{_shown(times)}; of the thread's own time {_shown(own)}"


def _shown(times: Sequence[float]) -> str:
    ranked = sorted(times)
    return f"p50 {ranked[len(ranked) // 2]:.2f} ms, p95 {ranked[int(len(ranked) * 0.95)]:.2f} ms"
