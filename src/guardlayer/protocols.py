"""The seams: what a part must be able to do, and nothing about how.

Every Protocol has one method. Built-ins and plug-ins enter by the same door (``guardlayer.plugins``), and each
Protocol has a contract suite in ``guardlayer.testing`` that any implementation can be run against. Implementations
are safe to call from several threads at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from guardlayer.types import (
    CheckedClaim,
    Claim,
    Decision,
    Draft,
    Evidence,
    Query,
    Record,
    Report,
    Split,
    Verdict,
)


@runtime_checkable
class Splitter(Protocol):
    """Finds the claims in a draft."""

    def __call__(self, draft: Draft) -> Split:
        """Split ``draft`` so that every character that is not white space is in a claim or a skipped region.

        Each claim's ``[start, end)`` slices back to the text it came from. Time is linear in the length.
        """
        ...


@runtime_checkable
class Classifier(Protocol):
    """Decides what each claim is."""

    def __call__(self, claims: Sequence[Claim], draft: Draft) -> Sequence[Claim]:
        """Return the claims, same order and number, with ``kind`` and ``kind_score`` set."""
        ...


@runtime_checkable
class Authority(Protocol):
    """Knows something: the knowledge layer, a retriever, the evidence that came with a call.

    An authority may also have ``async def asearch(query)``; the async driver then awaits it instead of
    running ``search`` in a thread. One that answers in microseconds from memory sets ``instant = True`` and is
    called in place by both drivers.
    """

    @property
    def id(self) -> str:
        """Name of the authority in reports and records."""
        ...

    def search(self, query: Query) -> Sequence[Evidence]:
        """Return evidence that bears on ``query.claim`` as of ``query.at``, best first.

        History is included and marked by ``standing``: how a verifier tells *stale* from *contradicted*.

        Raises:
            AuthorityError: It could not be asked; the claim becomes *unverifiable*, never *unsupported*.
        """
        ...


@runtime_checkable
class Verifier(Protocol):
    """Compares a claim with evidence."""

    def __call__(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
        """Return a verdict, or ``None`` if this verifier cannot tell and the next one should be asked."""
        ...


@runtime_checkable
class Policy(Protocol):
    """Decides what to do about the verdicts."""

    def decide(self, draft: Draft, claims: Sequence[CheckedClaim]) -> Decision:
        """Return one action a claim, and the output that results."""
        ...


@runtime_checkable
class ProvenanceLog(Protocol):
    """Keeps what was found, append-only.

    A log may have ``aappend`` besides, a coroutine that does what :meth:`append` does; async checks prefer it, and call
    ``append`` in a thread where there is none.
    """

    def append(self, report: Report) -> Record:
        """Write one record for each claim and one for the response, durably, then return the latter.

        Raises:
            LogError: The records are not known to be on disk.
        """
        ...
