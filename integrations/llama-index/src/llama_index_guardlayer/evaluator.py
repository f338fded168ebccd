"""A guard as an evaluator: the share of statements that have a source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.evaluation import BaseEvaluator, EvaluationResult
from llama_index.core.prompts.mixin import PromptDictType

from guardlayer.errors import ConfigError, InputError
from guardlayer.types import Label, Outcome, Report
from guardlayer.wrapping import Checker


class GuardEvaluator(BaseEvaluator):
    """Evaluates responses as the guard checks them; works in a ``BatchEvalRunner``.

    A result passes only if statements were checked and every one is supported. A response without statements, or with
    some that could not be checked, is an *invalid* result that says why: neither proves anything. The score is the
    share of statements that are supported, of those that need a source. The feedback lists each one that is not.

    Args:
        guard: What checks, usually a ``guardlayer.Guard``.

    Raises:
        ConfigError: ``guard`` is none.
    """

    def __init__(self, *, guard: Checker) -> None:
        if not isinstance(guard, Checker):
            raise ConfigError(f"guard= takes a guardlayer.Guard, not a {type(guard).__qualname__}")
        self._guard = guard

    async def aevaluate(
        self,
        query: str | None = None,
        response: str | None = None,
        contexts: Sequence[str] | None = None,
        **_: Any,
    ) -> EvaluationResult:
        """Check ``response`` as an answer to ``query``, with ``contexts`` as evidence.

        Raises:
            InputError: There is no response.
        """
        if response is None:
            raise InputError("response= is missing; pass the text to evaluate")
        report = await self._guard.acheck(response, question=query, evidence=list(contexts or ()))
        claims = [claim for claim in report.claims if claim.verdict is not Label.EXEMPT]
        reason = _INVALID.get(report.outcome)
        return EvaluationResult(
            query=query,
            contexts=contexts,
            response=response,
            passing=None if reason else report.outcome is Outcome.VERIFIED,
            score=report.coverage.supported / len(claims) if claims else None,
            feedback=_feedback(report),
            invalid_result=reason is not None,
            invalid_reason=reason,
        )

    def _get_prompts(self) -> PromptDictType:
        return {}

    def _update_prompts(self, prompts: PromptDictType) -> None:
        """Do nothing: there is no prompt."""


_INVALID = {
    Outcome.NO_CLAIMS: "the response states nothing that needs a source, which proves nothing",
    Outcome.INCOMPLETE: "some statements could not be checked; see the feedback",
}


def _feedback(report: Report) -> str:
    return "\n".join(
        f"{claim.verdict}: {claim.text} ({claim.reason})"
        for claim in report.claims
        if claim.verdict not in (Label.SUPPORTED, Label.EXEMPT)
    )
