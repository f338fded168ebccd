"""What every authority must do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from guardlayer.errors import AuthorityError
from guardlayer.protocols import Authority
from guardlayer.temporal import When, instant
from guardlayer.testing.builders import AT, claim
from guardlayer.testing.contracts.shared import ODD_TEXTS, lacking, show, together
from guardlayer.types import Evidence, Query, Source, Standing, Turn


class AuthorityContract:
    """What every :class:`~guardlayer.protocols.Authority` must do.

    Attributes:
        known: A statement the authority of ``make`` has evidence about.
        unknown: A statement it has none about; ``None`` where it always finds something.
        earlier: An instant at which the evidence about ``known`` was another one; ``None`` where it knows no history.
        later: An instant after that change.
    """

    known: str = "The list price of Acme is $49."
    unknown: str | None = "Zyxgrumf quorbles vantrify mellorpes."
    earlier: When | None = None
    later: When = AT

    def make(self) -> Authority:
        """Return the authority to test, with evidence about ``known``."""
        raise NotImplementedError("override make() to return the authority to test")

    def make_broken(self) -> Authority | None:
        """Return one that cannot be asked, such as a closed database; ``None`` where there is no such thing."""
        return None

    def test_has_a_name(self) -> None:
        """Its id is a word to print in a report, and stays the same."""
        authority = self.make()
        assert isinstance(authority.id, str), f"id is {type(authority.id).__name__}, not str"
        assert authority.id.strip(), "id is empty"
        assert authority.id == authority.id, "id changes from one reading to the next"

    def test_finds_what_it_knows(self) -> None:
        """It has evidence about what it knows, each piece with its source, best first."""
        found = self._ask(self.make(), self.known)
        assert found, f"no evidence about {show(self.known)}"
        for piece in found:
            assert isinstance(piece, Evidence), f"{piece!r} is not Evidence"
            assert isinstance(piece.source, Source), f"{piece!r} has no Source"
            assert piece.source.id.strip(), f"{piece!r}: its source has no id"
            assert piece.text.strip(), f"{piece!r} says nothing"
            assert 0 <= piece.score <= 1, f"score {piece.score} of {piece!r}"

    def test_finds_nothing_where_it_knows_nothing(self) -> None:
        """Finding nothing is an answer, not an error."""
        if self.unknown is None:
            lacking("a statement it knows nothing about (unknown)")
        found = self._ask(self.make(), self.unknown)
        assert not found, f"evidence about {show(self.unknown)}: {found[0]!r}"

    def test_a_change_shows(self) -> None:
        """Asked as of before a change, it says something else than as of after it."""
        if self.earlier is None:
            lacking("an instant before something changed (earlier)")
        authority = self.make()
        before, after = (_current(self._ask(authority, self.known, at)) for at in (self.earlier, self.later))
        assert before != after, f"the same is current at {self.earlier} and at {self.later}: {sorted(before)}"

    def test_history_is_marked(self) -> None:
        """What has been superseded comes marked as such: how *stale* is told from *contradicted*."""
        if self.earlier is None:
            lacking("an instant before something changed (earlier)")
        authority = self.make()
        before = _current(self._ask(authority, self.known, self.earlier))
        pieces = self._ask(authority, self.known, self.later)
        old = [piece for piece in pieces if piece.text in before]
        assert old, f"what was current at {self.earlier} is not found at {self.later} any more"
        for piece in old:
            assert piece.standing is not Standing.CURRENT, f"{piece!r} is called current at {self.later}"

    def test_only_authority_errors_leave_it(self) -> None:
        """One that cannot be asked says so with an AuthorityError, and never answers with nothing."""
        broken = self.make_broken()
        if broken is None:
            lacking("an authority that cannot be asked (make_broken)")
        try:
            found = self._ask(broken, self.known)
        except AuthorityError as error:
            assert str(error).strip(), "the error does not say what is wrong"  # noqa: PT017 - no pytest here
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} leaves it: {error}") from error
        else:
            raise AssertionError(f"it cannot be asked, and answers {found!r}")

    def test_takes_any_text(self) -> None:
        """No text a model may write makes it fail."""
        authority = self.make()
        for text in (*ODD_TEXTS, '" OR 1=1 --', "NEAR(a b) AND *", "a" * 20_000):
            query = Query(claim(text), AT, question=text, turns=(Turn("user", text),), topics=(text,))
            authority.search(query)

    def test_gives_no_more_passages_than_wanted(self) -> None:
        """At most ``limit`` passages come back; versions of a fact are all told."""
        found = self.make().search(Query(claim(self.known), instant(self.later), limit=1))
        passages = [piece for piece in found if piece.fact is None]
        assert len(passages) <= 1, f"{len(passages)} passages where one was wanted"

    def test_same_question_same_answer(self) -> None:
        """One query has one answer, whoever else is asking at the time."""
        authority = self.make()
        alone = self._ask(authority, self.known)
        for found in together(lambda _: self._ask(authority, self.known)):
            assert found == alone, "an answer depends on who else is asking"

    def test_asked_asynchronously_it_says_the_same(self) -> None:
        """Where it can be awaited, it gives the answer that it gives when called."""
        authority = self.make()
        asearch = getattr(authority, "asearch", None)
        if asearch is None:
            lacking("an authority with asearch")
        query = Query(claim(self.known), instant(self.later))
        assert list(asyncio.run(asearch(query))) == list(authority.search(query)), "asearch and search differ"

    def _ask(self, authority: Authority, text: str, at: datetime | When | None = None) -> Sequence[Evidence]:
        return list(authority.search(Query(claim(text), instant(self.later if at is None else at))))


def _current(found: Sequence[Evidence]) -> set[str]:
    return {piece.text for piece in found if piece.standing is Standing.CURRENT}
