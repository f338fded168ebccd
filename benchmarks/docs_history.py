"""How well the guard tells what a documentation says from what it used to say, with its git history as the only source.

    python benchmarks/docs_history.py --data ../shared/data/docs_history [--path docs/] [--list-misses] [--scale]

Clones each bundle in the folder, reads its documents through their history, and asks the guard about two sets of
statements that are found automatically and not written for it: sentences that stood in a page once and stand in none
now, where the version that dropped them put a similar passage in their place; and sentences that stand now. A
statement is a sentence of prose without its Markdown; code, signatures and log lines are left out. The right date is
the day on which the last page that held the sentence ceased to.

Both sets are asked as they are, once more for each of a few rewordings by rule, and as somebody reworded a hundred of
each by hand (``docs_history_rewordings.toml``, which holds the rewordings and no sentence of the documentation).
Of those, the ones that an edit only reworded, so that a page still says them, are printed by themselves.
Pages of our own (``docs_history_edits.toml``) follow, of which every other row was not looked at while rules were made.
``--list-sentences`` prints what can be reworded, with the keys that file uses. ``--scale`` times 500 revisions
that each change all of 25 files: once as sentences, once with a table in each of which a cell changes, read as facts.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from guardlayer import Guard, Knowledge, Label
from guardlayer.text import sentences, tokenize
from guardlayer.verifiers.lexical_features import read
from guardlayer.verifiers.lexical_succession import plain, restates

REWORDED = Path(__file__).with_name("docs_history_rewordings.toml")
EDITS = Path(__file__).with_name("docs_history_edits.toml")
CHANGED_ON = "2025-03-01"
LEFT_UNREAD = 20  # revisions that the second, incremental reading finds new
_PROSE = re.compile(r"[A-Z][^=<>{}\[\]]*[.!]$")
_ROWS = """
SELECT p.text, s.text, c.effective_text, p.closed, d.source, c.label FROM passage_passage AS p
JOIN doc_document AS d ON d.id = p.document
LEFT JOIN doc_version AS c ON c.document = p.document AND c.number = p.closed
LEFT JOIN passage_passage AS s ON s.id = p.successor ORDER BY p.id
"""


@dataclass(frozen=True)
class Old:
    """A sentence that no page says any more.

    Attributes:
        text: The sentence.
        until: The day on which the last page that said it ceased to.
        trivial: Whether the edit changed its spelling, articles, punctuation or order at most.
        key: Page, revision that dropped it, and digest: what names it in the file of rewordings.
    """

    text: str
    until: str
    trivial: bool
    key: tuple[str, str, str]


@dataclass(frozen=True)
class New:
    """A sentence that a page says now."""

    text: str
    key: tuple[str, str, str]


def digest(text: str) -> str:
    """Return what names a sentence without repeating it."""
    return hashlib.sha256(words(text).encode()).hexdigest()[:12]


def by_hand(*, holds: bool) -> dict[tuple[str, str, str], dict[str, str]]:
    """Return the rewordings by hand: by page, revision ("" for what a page says now) and digest.

    Args:
        holds: Only those that a page still says in other words, or only the others.
    """
    if not REWORDED.is_file():
        return {}
    rows = tomllib.loads(REWORDED.read_text(encoding="utf-8"))["rewording"]
    return {
        (row["file"], row.get("revision", ""), row["line"]): row
        for row in rows
        if ("revision" in row or not holds) and row.get("holds", False) is holds
    }


def words(text: str) -> str:
    """Return a text as a run of words, so that one text can be looked for in another."""
    return f" {' '.join(token.norm for token in tokenize(text))} "


def prose(text: str) -> list[str]:
    """Return the sentences of a passage that are prose."""
    line = " ".join(plain(text).split())
    found = (line[start:end] for start, end in sentences(line))
    return [one for one in found if _PROSE.match(one) and len(one.split()) >= 5 and "()." not in one]


def statements(kb: Knowledge) -> tuple[list[Old], list[New]]:
    """Return what was said once and changed, and what is said now."""
    rows = kb.store.read(_ROWS)
    now: dict[str, New] = {}
    for text, _, _, closed, source, _ in rows:
        for one in prose(text) if closed is None else ():
            now[words(one)] = New(one, (source.partition("/")[2], "", digest(one)))
    said_now = "|".join(words(plain(row[0])) for row in rows if row[3] is None)
    said_once = [(words(plain(row[0])), row[2]) for row in rows if row[3] is not None]
    old: dict[str, Old] = {}
    for text, successor, _, closed, source, label in rows:
        if closed is None or successor is None:
            continue
        for one in prose(text):
            key = words(one)
            if key not in said_now:
                until = max(day for held, day in said_once if key in held)
                became = [read(new) for new in prose(successor)]
                trivial = any(restates(read(one), new) for new in became)
                name = (source.partition("/")[2], label, digest(one))
                old[key] = Old(one, until, trivial, old[key].key if key in old else name)
    return list(old.values()), list(now.values())


def _front(text: str) -> str:
    """Move a condition or adverbial from the front to the end: "By default, X." to "X by default."."""
    match = re.match(r"(If|When|By default|For [a-z ]+|In [a-z ]+),? ((?:[^,.]|\.\w)+)\.$", text)
    if match is None or match[1] in ("If", "When"):
        return text
    return f"{match[2][0].upper()}{match[2][1:]} {match[1][0].lower()}{match[1][1:]}."


def _expand(text: str) -> str:
    """Write contractions out, and contract what was written out."""
    pairs = (("n't", " not"), ("you'll", "you will"), ("'re", " are"), ("We've", "We have"), ("we're", "we are"))
    out = text
    for short, long in pairs:
        out = out.replace(short, long)
    return out if out != text else text.replace(" do not ", " don't ").replace(" is not ", " isn't ")


def _synonyms(text: str) -> str:
    """Exchange common verbs and connectives for others."""
    pairs = {
        "provides": "offers", "provide": "offer", "allows": "lets", "uses": "employs", "use": "employ",
        "supports": "handles", "large": "big", "different": "distinct", "make": "issue", "which": "that",
        "multiple": "several", "various": "several", "want": "wish", "ability": "option", "also": "additionally",
    }  # fmt: skip
    return re.sub(r"\w+", lambda m: pairs.get(m[0], m[0]), text)


REWORDINGS: dict[str, Callable[[str], str]] = {
    "as it stood": lambda text: text,
    "with a lead": lambda text: f"According to the documentation, {text}",
    "contractions": _expand,
    "without articles": lambda text: re.sub(r"\b(?:the|an?) ", "", text),
    "synonyms": _synonyms,
    "front to end": _front,
}


def ask(guard: Guard, text: str, until: str = "") -> tuple[str, str]:
    """Return the worst verdict about a text, and its reason; of several, the one that names ``until``.

    A sentence is read as one claim for each of its clauses, and an edit seldom changes all of them.
    """
    claims = sorted(guard.check(text).claims, key=lambda claim: until not in claim.reason)
    for label in (Label.STALE, Label.CONTRADICTED, Label.DISPUTED, Label.UNVERIFIABLE, Label.UNSUPPORTED):
        for claim in claims:
            if claim.verdict is label:
                return label.value, claim.reason
    if any(claim.verdict is Label.SUPPORTED for claim in claims):
        return Label.SUPPORTED.value, ""
    return Label.EXEMPT.value, ""


def measure(kb: Knowledge, *, misses: bool, only_hand: bool = False) -> None:
    """Ask about old and current statements, and print what was answered."""
    old, now = statements(kb)
    guard = Guard(knowledge=kb, log=None)
    trivial = sum(one.trivial for one in old)
    print(
        f"  {len(old)} sentences changed by an edit ({trivial} of them in spelling or articles only), "
        f"{len(now)} unchanged"
    )
    print("  exempt and unverifiable (permission) statements are not text's to judge; shares are of the rest")
    print(f"  {'':18}{'changed':>8}{'stale+date':>11}{'of real edits':>14}{'wrong date':>11}"
          f"{'unchanged':>11}{'flagged':>9}{'supported':>10}")  # fmt: skip
    ways: dict[str, Callable[[Old | New], str | None]] = {
        name: lambda one, name=name, reword=reword: _changed(one.text, reword(one.text), always=name == "as it stood")
        for name, reword in REWORDINGS.items()
    }
    if only_hand:
        ways.clear()
    hand = by_hand(holds=False)
    ways["by hand"] = lambda one: hand[one.key]["text"] if one.key in hand else None
    for name, reword in ways.items():
        tally = Counter[str]()
        for one in old:
            text = reword(one)
            if text is None:
                continue
            until = hand[one.key].get("until", one.until) if name == "by hand" else one.until
            label, reason = ask(guard, text, until)
            if label in ("exempt", "unverifiable"):
                tally["left"] += 1
                continue
            right = label == "stale" and until in reason
            tally["seen"] += 1
            tally["real"] += not one.trivial
            tally["right"] += right
            tally["right real"] += right and not one.trivial
            tally["dated wrong"] += label == "stale" and not right
            if misses and not right:
                print(f"    {name}: {label}{' (spelling)' if one.trivial else ''}: {until} {text}\n      {reason}")
        for now_said in now:
            asked = reword(now_said)
            if asked is None:
                continue
            label, reason = ask(guard, asked)
            if label in ("exempt", "unverifiable"):
                continue
            tally["now"] += 1
            flagged = label in ("stale", "contradicted", "disputed")
            tally["flagged"] += flagged
            tally["supported"] += label == "supported"
            if misses and flagged:
                print(f"    {name}: FLAGGED {label}: {asked}\n      {reason}")
        print(
            f"  {name:18}{tally['seen']:>8}{share(tally['right'], tally['seen']):>11}"
            f"{share(tally['right real'], tally['real']):>14}{tally['dated wrong']:>11}{tally['now']:>11}"
            f"{share(tally['flagged'], tally['now']):>9}{share(tally['supported'], tally['now']):>10}",
            flush=True,
        )

    still = by_hand(holds=True)
    asked = [ask(guard, still[one.key]["text"]) for one in old if one.key in still]
    said = Counter(label for label, _ in asked if label not in ("exempt", "unverifiable"))
    wrong = said["stale"] + said["contradicted"] + said["disputed"]
    print(
        f"  of {said.total()} by hand that an edit reworded and a page still says, {share(wrong, said.total())} are "
        f"flagged and {share(said['supported'], said.total())} supported"
    )


def edits(folder: Path, *, misses: bool) -> None:
    """Ask about pages of our own: rows on which rules were made, and every other one, on which they were not."""
    pages = tomllib.loads(EDITS.read_text(encoding="utf-8"))["page"]
    rows = [(kind, row) for page in pages for kind in ("changed", "reworded", "stands") for row in page[kind]]
    with Knowledge.open(folder / "edits.db") as kb:
        for version, day in enumerate(("2024-02-01", CHANGED_ON)):
            for page in pages:
                lines = [row[version] for kind in ("changed", "reworded") for row in page[kind]]
                lines += [row[0] for row in page["stands"]]
                path = folder / f"{page['name']}.md"
                path.write_text("\n\n".join([f"# {page['name']}", *filter(None, lines)]) + "\n", encoding="utf-8")
                kb.ingest(path, source=page["name"], effective_from=day)
        guard = Guard(knowledge=kb, log=None)
        print("pages of our own that were edited once, and statements of them in other words")
        print(f"  {'':12}{'changed':>8}{'stale+date':>11}{'as it is now':>13}{'flagged':>9}"
              f"{'reworded':>10}{'flagged':>9}{'unchanged':>11}{'flagged':>9}")  # fmt: skip
        for name, first in (("rules", 0), ("held out", 1)):
            tally = Counter[str]()
            for kind, row in rows[first::2]:
                asked = {"then": row[2], "now": row[3]} if kind == "changed" else {kind: row[-1]}
                for what, text in asked.items():
                    label, reason = ask(guard, text, CHANGED_ON) if text else ("exempt", "")
                    if label in ("exempt", "unverifiable"):
                        continue
                    right = label == "stale" and CHANGED_ON in reason
                    flagged = label in ("stale", "contradicted", "disputed")
                    tally[what] += 1
                    tally[f"{what} told"] += right if what == "then" else flagged
                    if misses and first == 0 and (flagged if what != "then" else not right):
                        print(f"    {what}: {label}: {text}\n      {reason}")
            cells = (
                f"{tally[what]:>{width}}{share(tally[f'{what} told'], tally[what]):>{after}}"
                for what, width, after in (("then", 8, 11), ("now", 13, 9), ("reworded", 10, 9), ("stands", 11, 9))
            )
            print(f"  {name:12}{''.join(cells)}")


def _changed(text: str, reworded: str, *, always: bool) -> str | None:
    return reworded if always or reworded != text else None


def list_sentences(kb: Knowledge) -> None:
    """Print what can be reworded, with its key."""
    for one in (row for rows in statements(kb) for row in rows):
        print(" | ".join((*one.key, one.text)))


def share(part: int, whole: int) -> str:
    """Return a share in percent."""
    return f"{100 * part / whole:.1f}%" if whole else "-"


def git(where: Path, *arguments: str, given: bytes | None = None) -> str:
    """Run git in a folder."""
    done = subprocess.run(["git", "-C", str(where), *arguments], input=given, capture_output=True, check=True)
    return done.stdout.decode().strip()


def timed(kb: Knowledge, repo: Path, path: str, what: str, *, facts: str | None = None) -> None:
    """Read a history and print how long that took."""
    begin = time.perf_counter()
    result = kb.ingest_git(repo, path, facts=facts)
    print(f"  {what}: {time.perf_counter() - begin:.2f} s ({result})")


def scale(folder: Path, *, rows: int) -> None:
    """Time 500 revisions that each change all of 25 files: one of their sentences, and a cell of their table.

    Args:
        folder: Where there is room.
        rows: Of the table in each file, which takes the place of as many of 60 sentences.
    """
    repo = folder / f"scale{rows}"
    repo.mkdir()
    git(repo, "init", "-q")
    stream: list[bytes] = []
    for revision in range(500):
        stream.append(
            f"commit refs/heads/main\ncommitter a <a@b.invalid> {1_500_000_000 + revision * 3600} +0000\n".encode()
        )
        stream.append(b"data 1\nx\n")
        for number in range(25):
            lines = (
                f"Page {number} says in line {line} that the limit is {(revision + 37 * line) // 60} items a day."
                for line in range(rows, 60)
            )
            table = "".join(
                f"| Plan {number}-{row} | ${(revision + 37 * row) // rows + 10} | {row} |\n" for row in range(rows)
            )
            body = f"# Page {number}\n\n" + "\n\n".join(lines) + "\n"
            body += f"\n| Plan | Price | Seats |\n|---|---|---|\n{table}" if rows else ""
            stream.append(f"M 644 inline docs/page{number}.md\ndata {len(body)}\n{body}\n".encode())
    git(repo, "fast-import", "--quiet", given=b"".join(stream))
    git(repo, "symbolic-ref", "HEAD", "refs/heads/main")
    print(f"500 revisions that each change all of 25 files{f', with a table of {rows} rows in each' if rows else ''}")
    with Knowledge.open(folder / f"scale{rows}.db") as kb:
        timed(kb, repo, "docs/", "first reading", facts="auto" if rows else None)
        timed(kb, repo, "docs/", "nothing new")


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, help="folder with git bundles")
    parser.add_argument("--path", default="docs/", help="the part of each repository to read")
    parser.add_argument("--list-misses", action="store_true", help="print every statement that was judged otherwise")
    parser.add_argument("--list-sentences", action="store_true", help="print what can be reworded, and its keys")
    parser.add_argument("--only-hand", action="store_true", help="ask the rewordings by hand alone")
    parser.add_argument("--scale", action="store_true", help="time a generated history too")
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    if chosen.data and not any(chosen.data.glob("*.bundle")):
        print(f"no git bundle in {chosen.data}; give the folder with --data", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for bundle in sorted(chosen.data.glob("*.bundle")) if chosen.data else []:
            heads = git(folder, "ls-remote", "--heads", str(bundle.resolve())).split()
            repo = folder / bundle.stem
            git(folder, "clone", "-q", "-b", heads[1].removeprefix("refs/heads/"), str(bundle.resolve()), str(repo))
            revisions = git(repo, "rev-list", "--first-parent", "--count", "HEAD")
            print(f"{bundle.name}: {revisions} revisions, {chosen.path}")
            with Knowledge.open(folder / f"{bundle.stem}.db") as kb:
                tip = git(repo, "rev-parse", "HEAD")
                git(repo, "update-ref", "--no-deref", "HEAD", f"HEAD~{LEFT_UNREAD}")
                timed(kb, repo, chosen.path, f"all but the last {LEFT_UNREAD} revisions")
                git(repo, "update-ref", "--no-deref", "HEAD", tip)
                timed(kb, repo, chosen.path, f"the last {LEFT_UNREAD}")
                timed(kb, repo, chosen.path, "nothing new")
            with Knowledge.open(folder / f"{bundle.stem}-once.db") as kb:
                timed(kb, repo, chosen.path, "all at once")
                if chosen.list_sentences:
                    list_sentences(kb)
                else:
                    measure(kb, misses=chosen.list_misses, only_hand=chosen.only_hand)
        if not chosen.list_sentences:
            edits(folder, misses=chosen.list_misses)
        for rows in (0, 20) if chosen.scale else ():
            scale(folder, rows=rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
