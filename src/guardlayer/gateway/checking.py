"""The guard as one caller uses it: under the caller's rules, counted, and never naming what a model wrote."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guardlayer.errors import GuardlayerError, StoreError
from guardlayer.gateway.failures import GatewayError, guard_failed
from guardlayer.gateway.metrics import Metrics
from guardlayer.gateway.settings import Caller
from guardlayer.temporal import When
from guardlayer.types import Model, Report

if TYPE_CHECKING:
    from guardlayer.guard import Guard
    from guardlayer.streaming import Session
    from guardlayer.wrapping import Asked

LOG = logging.getLogger("guardlayer.gateway")
LONG = 10_000
"""Texts of more code points are checked in a thread, so that other callers' streams go on meanwhile."""


@dataclass(frozen=True, slots=True)
class CallerGuard:
    """Checks what is answered to one request.

    Attributes:
        guard: The guard of the caller.
        caller: Whose rules apply.
        metrics: Counts what is found.
        trace: Identifier of the request.
        model: The model that was asked for.
    """

    guard: Guard
    caller: Caller
    metrics: Metrics
    trace: str
    model: str | None = None

    @property
    def policy(self) -> Any:
        """The policy in force."""
        return self.guard.policy if self.caller.policy is None else self.caller.policy

    def check(self, text: str, **asked: Any) -> Report:
        """Check a text, as :meth:`acheck` does."""
        start = time.perf_counter()
        report = self.guard.check(text, **self._ruled(asked))
        self._counted(report, start)
        return report

    async def acheck(
        self,
        text: str,
        *,
        question: str | None = None,
        evidence: Iterable[Any] = (),
        turns: Iterable[Any] = (),
        at: When | None = None,
        data: Any = None,
        policy: Any = None,
    ) -> Report:
        """Check a text under the caller's policy, or under ``policy`` for a last answer."""
        asked = {"question": question, "evidence": evidence, "turns": turns, "at": at, "data": data, "policy": policy}
        if len(text) > LONG:
            return await asyncio.to_thread(self.check, text, **asked)
        start = time.perf_counter()
        report = await self.guard.acheck(text, **self._ruled(asked))
        self._counted(report, start)
        return report

    def session(self, asked: Asked) -> Session:
        """Open a text that is checked while it is written."""
        return self.guard.session(
            question=asked.question,
            evidence=asked.evidence,
            turns=asked.turns,
            policy=self.policy,
            model=self.lineage,
            raises=self.caller.raises,
        )

    @property
    def lineage(self) -> Model | None:
        """The model that was asked for, unless the guard was told which one it is."""
        return None if self.guard.model is not None or not self.model else Model(self.model)

    def count(self, report: Report) -> None:
        """Count what a report found, and log what an operator must know."""
        self.metrics.report(report, logged=self.guard.log is not None)
        if self.guard.log is not None and report.record is None:
            LOG.error("trace %s: provenance was not recorded", self.trace)

    def _ruled(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {**asked, "policy": asked.get("policy") or self.policy, "model": self.lineage}

    def _counted(self, report: Report, start: float) -> None:
        self.metrics.observe("check_seconds", time.perf_counter() - start)
        self.count(report)

    def failure(self, error: GuardlayerError) -> GatewayError:
        """Return what a client is told of an error of the guard."""
        # These messages name files and databases; others may quote what was checked.
        said = f": {error}" if isinstance(error, StoreError) else ""
        LOG.error("trace %s: the check failed with %s%s", self.trace, type(error).__name__, said)
        return guard_failed(self.trace)
