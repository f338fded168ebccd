"""Makes new pairs out of labelled ones by changes that keep their labels: other names, other years, other amounts.

A network that has learnt a pair by heart fails on its copy about somebody else. Whatever changes, changes in all texts
of a group, so that versions of one evidence stay versions of one evidence; where arithmetic would say anything else of
the changed group than of the original, it is left out.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from guardlayer.verifiers.marks import MISS, mark
from tools.entailment.pairs import Pair

_WORD = re.compile(r"[^\W\d_]+")
_RUN = re.compile(r"\b[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,})*\b")
_KEPT = frozenset(
    """January February March April May June July August September October November December Monday Tuesday Wednesday
    Thursday Friday Saturday Sunday The This That These Those And But For With From When Where While After Before
    During Since Until There Here They She Her His Him Its Not One Two Three Four Five Six Seven Eight Nine Ten First
    Second Third Last More Most Less Least Over Under About Around Between Only All Some Any Each Both United States
    Kingdom North South East West Northern Southern Eastern Western Saint Covid Wikipedia""".split()  # noqa: SIM905
)
"""Words with capitals that carry more than a name, and stay."""
_YEAR = re.compile(r"(?<![\w$€£.,:/-])(1[5-9]\d\d|20[0-3]\d)(?![\w%:/]|[.,-]\d| ?%)")
_DECADES = re.compile(r"\b\d{3}0s\b|\bcentur|\bdecade", re.IGNORECASE)
_AMOUNT = re.compile(r"(?<![\w.,:/-])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?![\w:/]|[.,]\d|-\d)")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY_AHEAD = re.compile(rf" ?(?:st|nd|rd|th)?(?: of)? {_MONTH}\b", re.IGNORECASE)
_DAY_BEHIND = re.compile(rf"\b{_MONTH} (?:the )?$", re.IGNORECASE)
_SCORE_BEHIND, _SCORE_AHEAD = re.compile(r"(?:/|out of) ?$"), re.compile(r" ?(?:/|out of)")
_PERCENT = re.compile(r" ?(?:%|per ?cent)")
_PARTS = re.compile(r"\b(?:chapter|season|episode|part|phase|volume|no\.?|number|article|section) $", re.IGNORECASE)
_FACTORS = (2, 3, 4, 5, 6, 7, 9)
_SMALL = 12


@dataclass(frozen=True, slots=True)
class Names:
    """Words that are names in a body of texts, by the place they take in a run of names.

    Attributes:
        alone: Names of one word.
        first: First words of longer ones.
        last: Last words of longer ones.
        known: All of them.
    """

    alone: tuple[str, ...]
    first: tuple[str, ...]
    last: tuple[str, ...]
    known: frozenset[str]

    def draw(self, place: str, rng: Random) -> str:
        """Return a name that fits a place: ``alone``, ``first`` or ``last``."""
        return rng.choice(getattr(self, place))  # type: ignore[no-any-return]


def names_of(texts: Iterable[str]) -> Names:
    """Collect names: words that begin with a capital nearly always, also inside sentences."""
    plain: Counter[str] = Counter()
    places: dict[str, Counter[str]] = {"alone": Counter(), "first": Counter(), "last": Counter()}
    for text in texts:
        plain.update(word for word in _WORD.findall(text) if word.islower())
        for match in _RUN.finditer(text):
            if match.start() == 0 or text[max(0, match.start() - 2) : match.start()] in (". ", '" ', "` "):
                continue  # what begins a sentence may be any word
            words = match.group().split(" ")
            if len(words) == 1:
                places["alone"][words[0]] += 1
            else:
                places["first"][words[0]] += 1
                places["last"][words[-1]] += 1
    total: Counter[str] = sum(places.values(), Counter())
    sure = {word for word, count in total.items() if count > 2 and count > 8 * plain[word.lower()]} - _KEPT
    alone, first, last = (tuple(sorted(sure & set(counts))) for counts in places.values())
    return Names(alone, first, last, frozenset(sure))


def groups_of(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Return twins together, others by themselves."""
    named: dict[str, list[Pair]] = defaultdict(list)
    for index, pair in enumerate(pairs):
        named[pair.twin or f"\0{index}"].append(pair)
    return list(named.values())


def renamed(group: Sequence[Pair], names: Names, rng: Random, *, share: float = 0.8) -> list[Pair] | None:
    """Return a group in which names that evidence and claim share are others, the same ones everywhere.

    Args:
        group: Pairs that belong together.
        names: Where names come from.
        rng: Picks which, and what instead.
        share: Chance of each name to be replaced.

    Returns:
        The group with other names; ``None`` if nothing could be replaced.
    """
    evidence = {word for pair in group for word in _WORD.findall(pair.evidence)}
    claims = [set(_WORD.findall(pair.claim)) for pair in group]
    everywhere, somewhere = set.intersection(*claims), set.union(*claims)
    stems = Counter(word[:4].lower() for word in evidence | somewhere)
    capitals = "".join(word[0] for pair in group for word in _WORD.findall(f"{pair.evidence} {pair.claim}"))
    acronyms = {word for word in evidence | somewhere if len(word) > 1 and word.isupper() and word in capitals}
    initials = {letter for word in acronyms for letter in word}
    table: dict[str, str] = {}
    runs = dict.fromkeys(m.group() for pair in group for m in _RUN.finditer(f"{pair.evidence} | {pair.claim}"))
    for run in runs:
        if rng.random() >= share:
            continue
        words = run.split(" ")
        for at, word in enumerate(words):
            shared = word in evidence and word in somewhere
            if not (shared or (word in everywhere and rng.random() < 0.5)) or word in table:
                continue
            if word in _KEPT or word not in names.known or stems[word[:4].lower()] > 1 or word[0] in initials:
                continue  # "Morocco" and "Moroccan", "World Health Organization" and "WHO" must keep their likeness
            place = "alone" if len(words) == 1 else "last" if at == len(words) - 1 else "first"
            for _ in range(8):
                new = names.draw(place, rng)
                if new not in table.values() and stems[new[:4].lower()] == 0:
                    table[word] = new
                    break
    if not table:
        return None
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, table))})\b")
    swap = partial(pattern.sub, lambda match: table[match.group()])
    return [replace(pair, evidence=swap(pair.evidence), claim=swap(pair.claim)) for pair in group]


def renumbered(group: Sequence[Pair], rng: Random) -> list[Pair] | None:
    """Return a group with all years moved and all amounts scaled alike, if every mark stays what it was.

    Args:
        group: Pairs that belong together.
        rng: Picks by how much.

    Returns:
        The group with other numbers; ``None`` where there are none or arithmetic would say something else.
    """
    text = " ".join(f"{pair.evidence} {pair.claim}" for pair in group)
    years = [int(match.group(1)) for match in _YEAR.finditer(text)]
    moved = 0
    if years and not _DECADES.search(text):
        moved = rng.choice(
            [step for step in range(-18, 15) if step and min(years) + step > 1500 and max(years) + step < 2036] or [0]
        )
    percents = [value for value, sort in _amounts(text) if sort == "percent"]
    room = [step for step in range(-40, 41) if step and all(_SMALL < value + step < 100 for value in percents)]
    added = rng.choice(room) if percents and room else 0
    factor = rng.choice(_FACTORS) if any(sort == "amount" for _, sort in _amounts(text)) else 1
    if not moved and not added and factor == 1:
        return None
    change = partial(_rewritten, moved=moved, added=added, factor=factor)
    found = [replace(pair, evidence=change(pair.evidence), claim=change(pair.claim)) for pair in group]
    return found if all(_marks(old) == _marks(new) for old, new in zip(group, found, strict=True)) else None


def _sort(text: str, match: re.Match[str]) -> str:
    start, end = match.span()
    if _SCORE_BEHIND.search(text, max(0, start - 8), start) or _SCORE_AHEAD.match(text, end):
        return ""
    if _DAY_AHEAD.match(text, end) or _DAY_BEHIND.search(text, max(0, start - 14), start):
        return ""
    if _PARTS.search(text, max(0, start - 9), start) or _YEAR.match(text, start):
        return ""
    value = _value(match)
    if _PERCENT.match(text, end):
        return "percent" if _SMALL < value < 100 else ""
    return "amount" if value > _SMALL else ""


def _value(match: re.Match[str]) -> float:
    return float(match.group(1).replace(",", "") + (match.group(2) or ""))


def _amounts(text: str) -> list[tuple[float, str]]:
    return [(_value(match), _sort(text, match)) for match in _AMOUNT.finditer(text)]


def _rewritten(text: str, *, moved: int, added: int, factor: int) -> str:
    def amount(match: re.Match[str]) -> str:
        sort = _sort(text, match)
        if not sort:
            return match.group()
        value = _value(match) + added if sort == "percent" else _value(match) * factor
        decimals = len(match.group(2) or ".") - 1
        return f"{value:,.{decimals}f}" if "," in match.group(1) or value >= 10_000 else f"{value:.{decimals}f}"

    changed = _AMOUNT.sub(amount, text)
    return _YEAR.sub(lambda match: str(int(match.group(1)) + moved), changed) if moved else changed


def _marks(pair: Pair) -> tuple[str, ...]:
    both = mark(pair.evidence, pair.claim)
    words = f"{both.evidence} | {both.claim}".split()
    return tuple(word for word in words if (word.startswith("[unused") and word != MISS) or word == "|")


def swapped(text: str, table: Mapping[str, str]) -> str:
    """Return a text with whole words replaced, capitals kept."""
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, table))})\b", re.IGNORECASE)

    def other(match: re.Match[str]) -> str:
        word = match.group()
        new = table.get(word) or table[word.lower()]
        return new[0].upper() + new[1:] if word[0].isupper() else new

    return pattern.sub(other, text)
