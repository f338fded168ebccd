"""What a caller may say about a callable that is put under guard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal

from guardlayer.errors import ConfigError
from guardlayer.types import Report

Raises = bool | Literal["findings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How one callable is guarded.

    Attributes:
        question: Name of the parameter that holds the question: a string, or a list of messages of which the last
            by the user is the question. By default the first parameter called question, query, prompt, input,
            message or messages that was given such a value.
        evidence: Name of the parameter that holds the evidence. By default the first called evidence, documents,
            docs, passages or nodes.
        extract: Reads the text of a response of a type unknown here; ``None`` if nothing was said.
        replace: Returns a copy of such a response with another text.
        raises: ``True`` raises :class:`~guardlayer.errors.GuardViolation` where the policy blocks, instead of
            returning the refusal; ``"findings"`` raises it whenever the report is not ok.
        on_report: Called with every report, those on answers that were then asked for again included.
        feedback: Name of the parameter that takes what the policy has to say to the model when it asks again.
    """

    question: str | None = None
    evidence: str | None = None
    extract: Callable[[Any], str | None] | None = None
    replace: Callable[[Any, str], Any] | None = None
    raises: Raises = False
    on_report: Callable[[Report], object] | None = None
    feedback: str | None = None

    def __post_init__(self) -> None:
        for name in ("question", "evidence", "feedback"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise ConfigError(
                    f"{name}= takes the name of a parameter, not {value!r}; what it holds is read at each call"
                )
        for name in ("extract", "replace", "on_report"):
            value = getattr(self, name)
            if value is not None and not callable(value):
                raise ConfigError(f"{name}= takes a callable, not {value!r}")
        if (self.extract is None) != (self.replace is None):
            given, missing = ("extract", "replace") if self.extract else ("replace", "extract")
            raise ConfigError(f"{given}= was given without {missing}=; reading a response and rewriting it go together")
        if self.raises not in (True, False, "findings"):
            raise ConfigError(f"raises={self.raises!r} is not known; write False, True or 'findings'")

    @classmethod
    def read(cls, given: dict[str, Any]) -> Options:
        """Build options from keyword arguments.

        Raises:
            ConfigError: A name is not known, or a value does not fit.
        """
        known = [field.name for field in fields(cls)]
        for name in given:
            if name not in known:
                raise ConfigError(f"unknown option {name!r}; the options are {', '.join(known)}")
        return cls(**given)
