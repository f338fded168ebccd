"""Writes pairs without numbers: who did what to whom, what is done and what is planned, all and some, before and after.

Every maker draws two versions of one source and two claims, and reads the labels from tables of ``situations.toml``, so
that no text alone tells its label. Half of the sources stand among sentences about others, as in a long passage.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from tools.entailment import talks
from tools.entailment.pairs import Label, Pair
from tools.entailment.vocabulary import ENDINGS, FIRST, LAST, PLACES, STEMS

SOURCE = "situation"
_WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_LABELS = {"S": Label.SUPPORTS, "R": Label.REFUTES, "N": Label.NEUTRAL, "X": Label.NOT_SUPPORTS}
_SLOT = re.compile(r"\{(\w+)(:c)?\}")
_LONG = 0.45
"""Share of groups whose source stands among others."""

Told = tuple[str, str, Label]
"""A source, a claim, and what the source says of the claim."""


def pairs(count: int, *, seed: int) -> Iterator[Pair]:
    """Write ``count`` pairs, the same ones for the same seed; members of a group follow one another."""
    rng = Random(seed)
    made = group_number = 0
    while made < count:
        maker = rng.choice(MAKERS)
        told = maker(rng)
        if rng.random() < _LONG and maker not in _TALKS:
            told = among_others(told, rng)
        group_number += 1
        twin = f"{SOURCE}:{group_number}"
        for evidence, claim, label in told:
            yield Pair(evidence, claim, label, f"{SOURCE}_{maker.__name__.strip('_')}", twin)
            made += 1
            if made == count:
                return


def fill(pattern: str, given: Mapping[str, str]) -> str:
    """Put words into a pattern; ``{x:c}`` begins with a capital, and so does the whole."""
    text = _SLOT.sub(lambda m: _capital(given[m.group(1)]) if m.group(2) else given[m.group(1)], pattern)
    return _capital(text)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def among_others(told: Sequence[Told], rng: Random) -> list[Told]:
    """Set the sources of a group among the same sentences about others, at the same place.

    Half of the time one of these says of somebody else what a version of the source says.
    """
    words = {word for evidence, claim, _ in told for word in _CAPITAL.findall(f"{evidence} {claim}")}
    others: list[str] = []
    for _ in range(rng.choice((1, 2, 2, 3, 4, 5))):
        if rng.random() < 0.25:
            others.append(rng.choice(_WORDS["asides"]))
            continue
        maker = rng.choice([maker for maker in MAKERS if maker not in _TALKS])
        other = rng.choice(maker(rng))[0]
        # What is told of other names is no word about these.
        if not words & (set(_CAPITAL.findall(other)) - _OPENERS):
            others.append(other)
    if rng.random() < 0.5:
        lookalike = _of_another(rng.choice(told), rng)
        if lookalike:
            others.append(lookalike)
            rng.shuffle(others)
    place = rng.randrange(len(others) + 1)
    return [(" ".join([*others[:place], evidence, *others[place:]]), claim, label) for evidence, claim, label in told]


def _of_another(told: Told, rng: Random) -> str:
    """Say of somebody else what a source says; empty where the source names nobody."""
    evidence, claim, _ = told
    runs = [run for run in dict.fromkeys(_RUN.findall(evidence)) if run in claim and run.split()[0] not in _OPENERS]
    if not runs:
        return ""
    for run in runs:
        new = (firm if run.split()[-1] in ENDINGS else person)(rng)
        evidence = evidence.replace(run, new if " " in run else rng.choice(PLACES))
    return "" if any(run in evidence for run in runs) else evidence


def joined(rng: Random) -> list[Told]:
    """A claim of two parts about a source of two: it holds if both do."""
    makers = [maker for maker in MAKERS if maker not in _TALKS]
    for _ in range(50):
        one, two = rng.choice(makers)(rng), rng.choice(makers)(rng)
        names = [
            set(_CAPITAL.findall(" ".join(f"{evidence} {claim}" for evidence, claim, _ in group))) - _OPENERS
            for group in (one, two)
        ]
        right = [[told for told in group if told[2] is Label.SUPPORTS] for group in (one, two)]
        if not names[0] & names[1] and all(right):
            break
    (first, claim, _), (second, other, _) = rng.choice(right[0]), rng.choice(right[1])
    wrong = [told for told in one if told[0] == first and told[2] is not Label.SUPPORTS]
    evidence = f"{first} {second}" if rng.random() < 0.5 else f"{second} {first}"
    joint = rng.choice((". ", "; also, ", ", and ", " "))

    def both(part: str) -> str:
        if joint.strip() in (".", ""):
            return f"{part} {other}" if rng.random() < 0.5 else f"{other} {part}"
        return f"{part.rstrip('.')}{joint}{other[0].lower() if other.split()[0] in _OPENERS else other[0]}{other[1:]}"

    group: list[Told] = [(evidence, both(claim), Label.SUPPORTS)]
    if wrong:
        _, false, label = rng.choice(wrong)
        group.append((evidence, both(false), Label.REFUTES if label is Label.REFUTES else Label.NOT_SUPPORTS))
    return group


_CAPITAL = re.compile(r"[A-Z]\w+")
_RUN = re.compile(r"[A-Z]\w+(?: [A-Z]\w+)*")
_OPENERS = frozenset(
    """The A An In After Last Before It There By While All Every Without None Some Not When If According Because
    Nobody Nothing Until Experts Measurements How Whether Too No As At First Only Going One""".split()  # noqa: SIM905
)


def person(rng: Random) -> str:
    """Make up a person's name."""
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def firm(rng: Random) -> str:
    """Make up a firm's name."""
    return f"{rng.choice(STEMS)} {rng.choice(ENDINGS)}"


def _team(rng: Random) -> str:
    return f"{rng.choice(PLACES)} {rng.choice(('Rovers', 'Hawks', 'United', 'Comets', 'Athletic', 'Wolves', 'Bears'))}"


_MAKES: dict[str, Callable[[Random], str]] = {
    "person": person, "firm": firm, "team": _team, "place": lambda rng: rng.choice(PLACES),
}  # fmt: skip


def two(kind: str, rng: Random) -> tuple[str, str]:
    """Make up two names that share no word."""
    first = _MAKES[kind](rng)
    while True:
        second = _MAKES[kind](rng)
        if not set(first.split()) & set(second.split()):
            return first, second


def _table(
    texts: Mapping[str, Sequence[str]],
    claims: Mapping[str, Sequence[str]],
    matrix: Mapping[str, Mapping[str, str]],
    given: Mapping[str, str],
    rng: Random,
) -> list[Told]:
    """Tell two states, and claim both of both; what the table leaves out is left out."""
    states = list(matrix)
    for _ in range(20):
        first, second = rng.sample(states, 2)
        if "-" not in (matrix[first][second], matrix[second][first]):
            break
    said = {state: fill(rng.choice(claims[state]), given) for state in (first, second)}
    found: list[Told] = []
    for state in (first, second):
        evidence = fill(rng.choice([form for form in texts[state] if fill(form, given) not in said.values()]), given)
        found += [
            (evidence, said[other], _LABELS[matrix[state][other]])
            for other in (first, second)
            if matrix[state][other] != "-"
        ]
    return found


def _states(rng: Random) -> list[Told]:
    """What was done, is planned, weighed, refused, failed, given up, ordered or allowed."""
    a, o = two("firm", rng)
    given = {"a": a if rng.random() < 0.8 else f"the {rng.choice(('council', 'ministry', 'club', 'board'))} of {o}"}
    inner = {"o": firm(rng), "p": rng.choice(PLACES), "n": person(rng)}
    base, past, gerund = (form.format(**inner) for form in rng.choice(_WORDS["actions"]))
    return _table(
        _WORDS["states"], _WORDS["states"], _WORDS["states_matrix"], {**given, "b": base, "d": past, "g": gerund}, rng
    )


def _posts(rng: Random) -> list[Told]:
    """Who holds, held, will hold, stands in for or declined a post."""
    given = {"n": person(rng), "r": rng.choice(_WORDS["roles"]), "f": firm(rng)}
    texts = _WORDS["posts"]
    return _table(texts, texts, _WORDS["posts_matrix"], given, rng)


def _studies(rng: Random) -> list[Told]:
    """What a trial found, said as people say it."""
    words = _WORDS["studies"]
    stem = rng.choice(STEMS)
    given = {
        "d": rng.choice(words["drugs"]).format(s=stem if rng.random() < 0.5 else stem.lower()),
        "i": rng.choice(words["ills"]),
        "g": rng.choice(words["groups"]),
    }
    told = _table(words, words["claims"], _WORDS["studies_matrix"], given, rng)
    if rng.random() < 0.4:
        evidence, claim, _ = told[0]
        sort = rng.choice(("i", "g"))
        other = rng.choice([one for one in words["ills" if sort == "i" else "groups"] if one != given[sort]])
        asked = claim.replace(given[sort], other).replace(_capital(given[sort]), _capital(other))
        if asked != claim:
            told.append((evidence, asked, Label.NEUTRAL))
    return told


def _trends(rng: Random) -> list[Told]:
    """What grew, shrank, stayed, or was never measured."""
    words = _WORDS["trends"]
    given = {"t": rng.choice(words["things"]).format(p=rng.choice(PLACES))}
    plain = {state: [form for form in words[state] if "Measurements" not in form] for state in _WORDS["trends_matrix"]}
    return _table(words, plain, _WORDS["trends_matrix"], given, rng)


def _relations(rng: Random) -> list[Told]:
    """Who did what to whom, in the active and the passive, and the other way round."""
    relation = rng.choice(_WORDS["relations"])
    a, b = two(relation["kind"], rng)
    shared = {name: rng.choice(_WORDS[key]) for name, key in (("r", "roles"), ("t", "things"), ("c", "charges"))}
    one, other = {"a": a, "b": b, **shared}, {"a": b, "b": a, **shared}
    told, said, again = rng.sample(relation["forms"], 3) if len(relation["forms"]) > 2 else relation["forms"] * 2
    turned = _LABELS[relation["turned"]]
    group = [
        (fill(told, one), fill(said, one), Label.SUPPORTS),
        (fill(told, one), fill(said, other), turned),
        (fill(told, other), fill(said, one), turned),
    ]
    third = _MAKES[relation["kind"]](rng)
    if third not in (a, b) and rng.random() < 0.6:
        group.append((fill(told, one), fill(again, {"a": a, "b": third, **shared}), Label.NOT_SUPPORTS))
    return group


def _crowds(rng: Random) -> list[Told]:
    """All, none, some, all but one, only one."""
    crowd = rng.choice(_WORDS["crowds"])
    given = {"n": crowd["noun"], "f": firm(rng)}

    def show(form: str) -> str:
        return fill(form, {**given, "y": rng.choice(crowd["did"]), "x": rng.choice(crowd["not"])})

    texts = _WORDS["quantities"]
    everybody, nobody, some = (rng.choice(texts[key]) for key in ("all", "none", "some"))
    member, other = two("place", rng)
    did, failed = f"The {given['n']} in {member} {{y}}.", f"The {given['n']} in {member} {{x}}."
    sources: list[tuple[str, list[tuple[str, Label]]]] = [
        (everybody, [("{n:c} of {f} {y}.", Label.SUPPORTS), ("Some {n} of {f} {x}.", Label.REFUTES)]),
        (nobody, [("All {n} of {f} {x}.", Label.SUPPORTS), ("Some {n} of {f} {y}.", Label.REFUTES)]),
        (some, [("Some {n} of {f} {y}.", Label.SUPPORTS), ("All {n} of {f} {y}.", Label.REFUTES)]),
        (f"All {{n}} of {{f}} {{y}}, except those in {member}.", [(failed, Label.SUPPORTS), (did, Label.REFUTES)]),
        (f"Of the {{n}} of {{f}}, only those in {member} {{y}}.", [(did, Label.SUPPORTS), (failed, Label.REFUTES)]),
        (f"All {{n}} of {{f}} {{y}}, except those in {other}.", [("All {n} of {f} {y}.", Label.REFUTES)]),
        (f"Of the {{n}} of {{f}}, only those in {other} {{y}}.", [("All {n} of {f} {y}.", Label.REFUTES)]),
    ]
    found = []
    for source, claims in rng.sample(sources, 2):
        evidence = show(source)
        found += [(evidence, show(claim), label) for claim, label in claims]
    return found


def _order(rng: Random) -> list[Told]:
    """What came first, next and last."""
    kind = rng.choice(("place", "person", "firm"))
    names: list[str] = []
    while len(names) < 3:
        name = _MAKES[kind](rng)
        if not any(set(name.split()) & set(known.split()) for known in names):
            names.append(name)
    verb, noun = rng.choice((("signed", "sign"), ("paid", "pay"), ("joined", "join"), ("reported", "report")))
    forms = (
        "{a} {v} first, then {b}, and {c} came last.",
        "First {a} {v}, {b} followed, and in the end {c} did.",
        "{c} {v} after {b}, which had come after {a}."
        if kind != "person"
        else "{c} {v} after {b}, who had come after {a}.",
        "{b} {v} after {a} but before {c}.",
    )
    claims = (
        (f"{names[0]} {verb} before {names[1]}.", f"{names[1]} {verb} before {names[0]}."),
        (f"{names[2]} {verb} after {names[0]}.", f"{names[2]} {verb} before {names[0]}."),
        (f"{names[0]} was the first to {noun}.", f"{names[2]} was the first to {noun}."),
        (f"{names[2]} was the last to {noun}.", f"{names[1]} was the last to {noun}."),
        (f"{names[1]} {verb} later than {names[0]}.", f"{names[1]} {verb} earlier than {names[0]}."),
    )
    true, false = rng.choice(claims)
    form = rng.choice(forms)
    told = fill(form, {"a": names[0], "b": names[1], "c": names[2], "v": verb})
    back = fill(form, {"a": names[2], "b": names[1], "c": names[0], "v": verb})
    group = [(told, true, Label.SUPPORTS), (told, false, Label.REFUTES)]
    if "last to" not in true:
        group.append((back, true, Label.REFUTES))
    return group


def _causes(rng: Random) -> list[Told]:
    """What came of what, and what did not."""
    (event, noun), (cause, other) = rng.choice(_WORDS["effects"]), rng.sample(_WORDS["causes"], 2)
    forms = _WORDS["causing"]
    one, wrong = {"e": event, "m": noun, "c": cause}, {"e": event, "m": noun, "c": other}
    told, said = rng.sample(forms["because"], 2)
    denied = rng.choice(forms["despite"])
    group = [
        (fill(told, one), fill(said, one), Label.SUPPORTS),
        (fill(told, one), fill(said, wrong), Label.NOT_SUPPORTS),
        (fill(told, wrong), fill(said, one), Label.NOT_SUPPORTS),
        (fill(denied, one), fill(said, one), Label.REFUTES),
    ]
    if rng.random() < 0.5:
        group.append((fill(told, one), f"{_capital(noun)} caused {cause}.", Label.NOT_SUPPORTS))
    return group


MAKERS: tuple[Callable[[Random], list[Told]], ...] = (
    _states, _states, _posts, _studies, _trends, _relations, _relations, _crowds, _order, _causes,
    talks.spoken, talks.spoken, talks.spoken, talks.requested, joined,
)  # fmt: skip
_TALKS = (talks.spoken, talks.requested, joined)
