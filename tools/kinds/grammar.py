"""Writes sentences from the grammar in ``grammar.toml``, seeded."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.kinds.rows import Row

HERE = Path(__file__).parent
_SLOT = re.compile(r"\{(#?)([\w-]+)(?::(cap|low))?\}")
_TRIES = 20


def written(path: Path = HERE / "grammar.toml", *, seed: int = 1, share: float = 1.0) -> Iterator[Row]:
    """Yield the sentences of a grammar, each once.

    Args:
        path: The grammar: ``[words]`` lists and ``[[rules]]`` with label, register, count and templates.
        seed: Of every draw.
        share: Share of each rule's ``count`` to write.
    """
    grammar = tomllib.loads(path.read_text(encoding="utf-8"))
    rng = random.Random(seed)
    seen: set[str] = set()
    for rule in grammar["rules"]:
        for number in range(round(rule["count"] * share)):
            template = rule["text"][number % len(rule["text"])]
            for _ in range(_TRIES):
                text = _fill(template, grammar["words"], rng)
                if text not in seen:
                    seen.add(text)
                    yield Row(text, rule["label"], rule["register"])
                    break


def _fill(template: str, words: dict[str, list[str]], rng: random.Random) -> str:
    def draw(match: re.Match[str]) -> str:
        number, name, form = match.groups()
        if number:
            low, high = map(int, name.split("-"))
            return str(rng.randint(low, high))
        word = _fill(rng.choice(words[name]), words, rng)
        return {"cap": word[:1].upper() + word[1:], "low": word[:1].lower() + word[1:]}.get(form or "", word)

    return _tidy(_SLOT.sub(draw, template))


def _tidy(text: str) -> str:
    """Put right what filling in leaves: *an good*, *a old*."""
    text = re.sub(r"\b([Aa])n (?=[b-df-hj-np-tv-zB-DF-HJ-NP-TV-Z])(?!ho[nu])", r"\1 ", text)
    return re.sub(r"\b([Aa]) (?=[aeioAEIO])(?!one\b)", r"\1n ", text)


def check(path: Path = HERE / "grammar.toml") -> list[str]:
    """Return what is wrong with a grammar: slots without a list of words."""
    grammar: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    texts = [t for rule in grammar["rules"] for t in rule["text"]] + [w for ws in grammar["words"].values() for w in ws]
    used = {m[2] for text in texts for m in _SLOT.finditer(text) if not m[1]}
    return sorted(f"no words for {{{name}}}" for name in used - grammar["words"].keys())
