"""Writes talks of two or three, and summaries of them that hold, mix up the speakers, or say more than was said."""

from __future__ import annotations

import tomllib
from pathlib import Path
from random import Random
from typing import Any

from tools.entailment.pairs import Label
from tools.entailment.vocabulary import FIRST

_WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
Told = tuple[str, str, Label]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _line(text: str, rng: Random) -> str:
    lead = rng.choice(_WORDS["fillers"]["leads"])
    text = lead + (
        text if lead and text.startswith(("I ", "I'")) else text[0].lower() + text[1:] if lead else _capital(text)
    )
    return text if text[-1] in "!?." else f"{text}."


def _talk(lines: list[tuple[str, str]], names: list[str], rng: Random) -> str:
    told = [f"{name}: {line}" for name, line in lines]
    for _ in range(rng.choice((0, 1, 2, 3))):
        told.insert(rng.randrange(len(told) + 1), f"{rng.choice(names)}: {rng.choice(_WORDS['fillers']['lines'])}")
    return rng.choice(("\n", " ", "\r\n")).join(told)


def _summary(parts: list[str], rng: Random) -> str:
    if len(parts) == 1:
        return f"{_capital(parts[0])}."
    joint = rng.choice((" and ", ", and ", ", while ", ". ", "; "))
    return f"{_capital(parts[0])}{joint}{_capital(parts[1]) if joint == '. ' else parts[1]}."


def spoken(rng: Random) -> list[Told]:
    """Two or three say things of themselves; a summary tells one or two of them."""
    names = rng.sample(FIRST, rng.choice((2, 2, 3)))
    rows = rng.sample(_WORDS["rows"], rng.choice((2, 3, 3, 4)))
    facts = []
    for at, row in enumerate(rows):
        fact, other = rng.sample(row["facts"], 2)
        facts.append((names[at % len(names)], fact, other))
    rng.shuffle(facts)
    evidence = _talk([(name, _line(fact[0], rng)) for name, fact, _ in facts], names, rng)
    chosen = rng.sample(range(len(facts)), rng.choice((1, 1, 2)))
    right = [facts[at][1][1].format(n=facts[at][0]) for at in chosen]
    group: list[Told] = [(evidence, _summary(right, rng), Label.SUPPORTS)]
    place = rng.randrange(len(chosen))
    name, fact, other = facts[chosen[place]]
    somebody = rng.choice([one for one in names if one != name])
    wrong = list(right)
    style = rng.random()
    if style < 0.4:  # somebody else said that
        wrong[place] = fact[1].format(n=somebody)
        group.append((evidence, _summary(wrong, rng), Label.NOT_SUPPORTS))
    elif style < 0.75:  # the same person said another thing
        wrong[place] = other[1].format(n=name)
        group.append((evidence, _summary(wrong, rng), Label.REFUTES))
    else:  # nobody said that
        row = rng.choice([row for row in _WORDS["rows"] if row not in rows])
        wrong[place] = rng.choice(row["facts"])[1].format(n=name)
        group.append((evidence, _summary(wrong, rng), Label.NOT_SUPPORTS))
    if rng.random() < 0.6:  # the same claim of a talk in which another thing was said
        changed = [(n, o if at == chosen[place] else f) for at, (n, f, o) in enumerate(facts)]
        turned = _talk([(n, _line(f[0], rng)) for n, f in changed], names, rng)
        group.append((turned, group[0][1], Label.REFUTES))
    return group


def requested(rng: Random) -> list[Told]:
    """One asks, another agrees or declines."""
    words = _WORDS["asked"]
    names = rng.sample(FIRST, rng.choice((2, 3)))
    a, b = names[:2]
    task, unasked = rng.sample(words["things"], 2)
    agreed = rng.random() < 0.5
    row = rng.choice(_WORDS["rows"])
    told = rng.choice(row["facts"])
    lines = [
        (rng.choice(names), _line(told[0], rng)),
        (a, rng.choice(words["ask"]).format(t=task)),
        (b, rng.choice(words["yes" if agreed else "no"])),
    ]
    evidence = (
        "\n".join(f"{name}: {line}" for name, line in lines) if rng.random() < 0.5 else _talk(lines[:1], names, rng)
    )
    if evidence.count("\n") < 2 or lines[1][1] not in evidence:
        evidence = f"{evidence} {lines[1][0]}: {lines[1][1]} {lines[2][0]}: {lines[2][1]}"
    same, opposite = ("agreed", "declined") if agreed else ("declined", "agreed")

    def say(sort: str, first: str, second: str, what: str) -> str:
        return str(rng.choice(words[sort])).format(a=first, b=second, t=what)

    group: list[Told] = [
        (evidence, say(same, a, b, task), Label.SUPPORTS),
        (evidence, say(opposite, a, b, task), Label.REFUTES),
    ]
    style = rng.random()
    if style < 0.4:
        group += [
            (evidence, say("asked", a, b, task), Label.SUPPORTS),
            (evidence, say("asked", b, a, task), Label.NOT_SUPPORTS),
        ]
    elif style < 0.7:
        group.append((evidence, say(same, a, b, unasked), Label.NOT_SUPPORTS))
    return group
