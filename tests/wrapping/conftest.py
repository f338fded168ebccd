"""A checker small enough to reason about: every percentage other than the true one is stale. Its policy is the real one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from guardlayer.policy import Policy, canonical_json, leaf_text
from guardlayer.types import CheckedClaim, Claim, Coverage, Draft, Evidence, Label, Piece, Report, Source, Span, Verdict
from guardlayer.wrapping.fields import pointer

AT = datetime(2026, 11, 1, tzinfo=UTC)
PERCENT = re.compile(r"\d+(?:\.\d+)?%?")


def leaves(data: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, pointer(path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from leaves(value, f"{path}/{index}")
    elif data is not None and not isinstance(data, bool):
        yield path, leaf_text(data)


@dataclass
class Percentages:
    """Knows that the rate is 4%, and believes other figures only if the evidence has them."""

    policy: Policy = field(default_factory=lambda: Policy.preset("enforce"))
    asked: list[dict[str, Any]] = field(default_factory=list)

    def check(
        self,
        text: str,
        *,
        question: str | None = None,
        evidence: Iterable[Any] = (),
        turns: Iterable[Any] = (),
        at: Any = None,
        data: Any = None,
        policy: Any = None,
    ) -> Report:
        evidence = tuple(evidence)
        self.asked.append(
            {
                "text": text,
                "question": question,
                "evidence": evidence,
                "turns": tuple(turns),
                "data": data,
                "policy": policy,
            }
        )
        if data is not None:
            assert text == canonical_json(data)
        draft = Draft(text, AT, "call", question=question, data=data)
        known = " ".join(str(getattr(piece, "page_content", piece)) for piece in evidence)
        claims = [
            self._judge(found.group(), found.start(), path, known)
            for path, leaf in (leaves(data) if data is not None else [(None, text)])
            for found in PERCENT.finditer(leaf)
        ]
        decision = (policy or self.policy).decide(draft, claims)
        claims = [replace(claim, action=action) for claim, action in zip(claims, decision.actions, strict=True)]
        supported = sum(claim.verdict is Label.SUPPORTED for claim in claims)
        coverage = Coverage(claims=len(claims), checked=len(claims), exempt=0, unverifiable=0, supported=supported)
        return Report(draft, tuple(claims), decision, coverage, str(policy or self.policy))

    async def acheck(self, text: str, **arguments: Any) -> Report:
        return self.check(text, **arguments)

    def _judge(self, value: str, start: int, path: str | None, known: str) -> CheckedClaim:
        claim = Claim(value, start, start + len(value), path=path, pieces=(Piece(0, start, len(value)),))
        if value.rstrip("%") == "4" or value in known:
            return CheckedClaim(claim, Verdict(Label.SUPPORTED, 1.0, "so it is", (Evidence(value, Source("rates")),)))
        true = "4%" if value.endswith("%") else "4"
        return CheckedClaim(
            claim, Verdict(Label.STALE, 1.0, f"since May it is {true}", span=Span(0, len(value)), replacement=true)
        )


@pytest.fixture
def checker() -> Percentages:
    return Percentages()


@pytest.fixture
def checker_under():
    """A checker under a policy, by its preset's name or itself."""
    return lambda policy: Percentages(Policy.coerce(policy))
