"""What every splitter must do."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator
from typing import Any

from guardlayer.protocols import Splitter
from guardlayer.testing.builders import draft
from guardlayer.testing.contracts.shared import ODD_TEXTS, TEXTS, show, together
from guardlayer.types import Claim, Skipped, Split

DATA = {"name": "Acme", "price": 49.5, "ok": True, "none": None, "tags": ["a b", "c/d~e"], "x": {"": "The fee is 3%."}}
LONG = ("The fee is 3%. ", "a, and b, ", "- x\n", "> ", "| a ", "((", "*_`", "東", "Dr. ")


class SplitterContract:
    """What every :class:`~guardlayer.protocols.Splitter` must do.

    Attributes:
        texts: What it is tried on; extend it with what yours is made for.
        slowest: Most that a text ten times as long may take, in multiples of the shorter one's time.
    """

    texts: tuple[str, ...] = TEXTS
    slowest: float = 40.0

    def make(self) -> Splitter:
        """Return the splitter to test."""
        raise NotImplementedError("override make() to return the splitter to test")

    def test_claims_lie_in_the_draft(self) -> None:
        """Every claim and every skipped region is a stretch of the draft."""
        for text, split in self._splits():
            for region in _regions(split):
                assert 0 <= region.start <= region.end <= len(text), f"{region} lies outside {show(text)}"
            for claim in split.claims:
                assert text[claim.start : claim.end].strip(), f"{claim} covers nothing of {show(text)}"

    def test_pieces_slice_back(self) -> None:
        """What a claim says was copied from the draft stands there, letter for letter, in order."""
        for text, split in self._splits():
            for claim in split.claims:
                for piece in claim.pieces:
                    said = claim.text[piece.text_start : piece.text_start + piece.length]
                    stands = text[piece.draft_start : piece.draft_start + piece.length]
                    assert said == stands, f"{claim} says {show(said)} where {show(stands)} stands"
                    assert piece.length == len(said), f"{piece} reaches beyond {claim}"
                starts = [piece.text_start for piece in claim.pieces]
                assert starts == sorted(starts), f"the pieces of {claim} are out of order"

    def test_every_character_is_accounted_for(self) -> None:
        """Every character that is not white space is in a claim, or in a region skipped with its reason."""
        for text, split in self._splits():
            covered = bytearray(len(text))
            for region in _regions(split):
                covered[region.start : region.end] = b"\x01" * (region.end - region.start)
            lost = [i for i, mark in enumerate(covered) if not mark and not text[i].isspace()]
            assert not lost, f"{show(text)}: {show(''.join(text[i] for i in lost))} at {lost[:5]} is in neither"
            for region in split.skipped:
                assert region.reason.strip(), f"{region} of {show(text)} gives no reason"

    def test_something_said_is_a_claim(self) -> None:
        """A splitter that skips everything would find nothing wrong with any text."""
        for text in ("The list price of Acme is $49.", "Paris is the capital of France. It has 2 million inhabitants."):
            assert self.make()(draft(text)).claims, f"no claim in {show(text)}"

    def test_claims_come_in_order(self) -> None:
        """Claims stand in the order of the text."""
        for text, split in self._splits():
            starts = [claim.start for claim in split.claims]
            assert starts == sorted(starts), f"claims of {show(text)} start at {starts}"

    def test_white_space_holds_no_claim(self) -> None:
        """A text that says nothing has no claims."""
        for text in ("", " ", "\n\n\t\u2003"):
            assert not self.make()(draft(text)).claims, f"a claim in {show(text)}"

    def test_same_text_same_claims(self) -> None:
        """One draft gives one split, whoever else is splitting at the time."""
        splitter = self.make()
        alone = [splitter(draft(text)) for text in self.texts]
        for split in together(lambda _: [splitter(draft(text)) for text in self.texts]):
            assert split == alone, "a split depends on what else the splitter is doing"

    def test_structured_output_has_a_claim_per_leaf(self) -> None:
        """In structured output every claim names its leaf by pointer, and no leaf is lost without a reason."""
        split = self.make()(draft(json.dumps(DATA), data=DATA))
        leaves = dict(_leaves(DATA))
        paths = [claim.path for claim in split.claims]
        assert all(path in leaves for path in paths), f"{set(paths) - set(leaves)} are no leaves"
        if not split.skipped:
            silent = {path for path, value in leaves.items() if value is not None} - set(paths)
            assert not silent, f"{silent} are neither claims nor skipped"
        for claim in split.claims:
            said = leaves[claim.path]
            text = said if isinstance(said, str) else json.dumps(said)
            assert 0 <= claim.start <= claim.end <= len(text), f"{claim} lies outside its leaf {show(text)}"

    def test_time_is_linear(self) -> None:
        """A text ten times as long takes about ten times as long, whatever it repeats."""
        splitter = self.make()
        for unit in LONG:
            short, long = (draft((unit * (size // len(unit) + 1))[:size]) for size in (5_000, 50_000))
            few, many = _seconds(splitter, short), _seconds(splitter, long)
            assert many <= max(few * self.slowest, 0.25), (
                f"{unit!r} repeated: {few:.4f} s, ten times as long {many:.4f} s"
            )

    def _splits(self) -> Iterator[tuple[str, Split]]:
        splitter = self.make()
        for text in (*self.texts, *ODD_TEXTS):
            split = splitter(draft(text))
            assert isinstance(split, Split), f"a splitter returns a Split, not {type(split).__name__}"
            assert all(isinstance(claim, Claim) for claim in split.claims), "claims are Claims"
            yield text, split


def _regions(split: Split) -> list[Claim | Skipped]:
    return [*split.claims, *split.skipped]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str | None, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}/{number}")
    else:
        yield path, value


def _seconds(splitter: Splitter, text: Any) -> float:
    best = float("inf")
    gc.disable()
    try:
        for _ in range(2):
            start = time.thread_time()
            splitter(text)
            best = min(best, time.thread_time() - start)
    finally:
        gc.enable()
    return best
