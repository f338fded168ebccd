"""A policy: data that says what is done about each verdict."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from guardlayer import protocols
from guardlayer.errors import ConfigError
from guardlayer.policy import deciding, marks
from guardlayer.policy.presets import COLUMNS, MAX_CHARS, PRESETS, THRESHOLDS
from guardlayer.policy.values import FINDINGS, SCORED, Messages, OnError, suggest
from guardlayer.types import Action, CheckedClaim, Decision, Draft, Kind, Label, Report

_NAME = re.compile(r"[^\s@\x00-\x1f\x7f]{1,80}\Z")
MAX_RETRIES = 10


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done about each verdict on each kind of claim.

    Make one with :meth:`preset`, :meth:`from_toml` or :meth:`from_mapping`. It is frozen, hashable, and safe to share
    between threads and processes.

    Attributes:
        name: How it is called in reports and records; no white space, no ``@``.
        actions: An action for every kind and verdict.
        thresholds: Least score at which a *supported*, *contradicted* or *stale* counts, 0 to 1. A *supported* below
            it is treated as *unsupported*. A *contradicted* or *stale* below it changes no words: it is annotated, and
            blocks or asks again only where *unsupported* would.
        deadline: Seconds for the whole check of one text; what is not done by then is *unverifiable*. ``None`` waits.
        on_error: What is done where the check itself failed; the stronger of this and the row for *unverifiable*
            applies.
        max_chars: A text of more code points is not checked: one *unverifiable* claim, reason *limit*.
        messages: What stands in place of words that are not shown.
        retries: How often the model is asked again where the action is *retry*.
        digest: SHA-256 of the policy's canonical JSON, 64 hexadecimal digits.

    Raises:
        ConfigError: A value is out of range or does not fit the others.
    """

    name: str
    actions: Mapping[tuple[Kind, Label], Action]
    thresholds: Mapping[Label, float] = field(default_factory=lambda: dict(THRESHOLDS))
    deadline: float | None = None
    on_error: OnError = OnError.ANNOTATE
    max_chars: int = MAX_CHARS
    messages: Messages = Messages()  # noqa: RUF009 - frozen, so one default may be shared
    retries: int = 0
    digest: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        self._validate()
        for name, value in (
            ("actions", MappingProxyType({(k, v): Action(self.actions[k, v]) for k in Kind for v in Label})),
            ("thresholds", MappingProxyType({k: float(self.thresholds[k]) for k in SCORED if k in self.thresholds})),
            ("on_error", OnError(self.on_error)),
        ):
            object.__setattr__(self, name, value)
        text = json.dumps(self.to_mapping(), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        object.__setattr__(self, "digest", hashlib.sha256(text.encode()).hexdigest())

    @classmethod
    def preset(cls, name: str) -> Policy:
        """Return one of the presets: observe, annotate, enforce, strict, retry.

        Raises:
            ConfigError: There is no such preset.
        """
        if name not in PRESETS:
            raise ConfigError(f"there is no policy preset {_shown(name)}; {suggest(name, list(PRESETS))}")
        return _preset(name)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], *, where: str = "policy", name: str | None = None) -> Policy:
        """Build a policy from plain data.

        Args:
            mapping: ``extends`` (a preset, *enforce* by default) and what is to differ from it: ``actions`` keyed
                ``"fact.stale"``, ``"*.unsupported"`` or ``"state.*"``, ``thresholds`` by verdict, ``deadline``,
                ``on_error``, ``max_chars``, ``messages`` with ``refusal`` and ``redaction``, ``retries``, ``name``.
            where: Where the data stands, for error messages.
            name: Name of the policy if ``mapping`` has none.

        Raises:
            ConfigError: An unknown key, kind, verdict, action or preset, or a value out of range; the message names
                it, where it stands, and the nearest valid spelling.
        """
        from guardlayer.policy.reading import read_mapping

        return read_mapping(mapping, where=where, name=name)

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Policy:
        """Read a policy from a TOML file with the keys of :meth:`from_mapping`; its name is the file's by default.

        Raises:
            ConfigError: The file cannot be read, or holds what :meth:`from_mapping` refuses.
        """
        from guardlayer.policy.reading import read_toml

        return read_toml(path)

    @classmethod
    def coerce(cls, value: object) -> protocols.Policy:
        """Return the policy that ``value`` stands for.

        Args:
            value: A policy, the name of a preset, the path of a TOML file, a mapping as :meth:`from_mapping` takes
                it, or any object with a ``decide`` method, which is returned as it is.

        Raises:
            ConfigError: It stands for none.
        """
        if isinstance(value, protocols.Policy) and not isinstance(value, type):
            return value
        if isinstance(value, Mapping):
            return cls.from_mapping(value)
        if isinstance(value, os.PathLike):
            return cls.from_toml(value)
        if isinstance(value, str):
            if value in PRESETS or not (value.endswith(".toml") or os.sep in value):
                return cls.preset(value)
            return cls.from_toml(value)
        raise ConfigError(
            f"a policy cannot be a {type(value).__name__}; pass {_listed(PRESETS)}, a .toml path, a mapping, "
            "a Policy, or an object with a decide(draft, claims) method"
        )

    @property
    def final(self) -> Policy:
        """The policy for the last answer, when the model will not be asked again: every *retry* becomes *block*."""
        if Action.RETRY not in self.actions.values():
            return self
        actions = {cell: Action.BLOCK if action is Action.RETRY else action for cell, action in self.actions.items()}
        return replace(self, name=f"{self.name}/final", actions=actions, retries=0)

    @property
    def streamed(self) -> Policy:
        """The policy for text that is shown while it is written: every *retry* becomes *redact*.

        What a reader has seen cannot be asked for again.
        """
        if Action.RETRY not in self.actions.values():
            return self
        actions = {cell: Action.REDACT if action is Action.RETRY else action for cell, action in self.actions.items()}
        return replace(self, name=f"{self.name}/streamed", actions=actions, retries=0)

    def decide(self, draft: Draft, claims: Sequence[CheckedClaim]) -> Decision:
        """Return one action a claim, and the output that results.

        Edits count in the draft and never overlap; where two would, the stronger action wins. Without an edit the
        output is the draft's text, byte for byte. A *correct* whose replacement does not fit is a *redact*. A block,
        and a retry until it has been made, shows the refusal alone. In structured output a redacted value is ``null``,
        a corrected one keeps its type, and annotations stay in the report.

        Raises:
            InputError: A claim lies outside the draft, or its pointer leads nowhere: the splitter is at fault.
        """
        return deciding.decide(self._rules(), draft, claims)

    def decide_part(self, draft: Draft, claims: Sequence[CheckedClaim], citations: marks.Citations) -> Decision:
        """Decide about one part of a text that is shown part by part.

        As :meth:`decide`, but sources are numbered through ``citations``, which go on from the parts before, and
        their list is left to the end of the text: ``citations.listed()``.
        """
        return deciding.decide(self._rules(), draft, claims, citations)

    def refuse(self, draft: Draft, claims: Sequence[CheckedClaim], reason: str) -> Decision:  # noqa: ARG002 - a refusal shows nothing of the draft, and takes it so that the two calls look alike
        """Return a decision that shows nothing, for a reason outside the claims, such as a log that failed."""
        return deciding.refuse(self._rules(), claims, reason)

    def feedback(self, report: Report) -> str:
        """Return what to tell the model about its answer before it is asked again.

        The current facts are quoted as data, one JSON object a line. Empty if the report has no findings.
        """
        findings = [claim for claim in report.claims if claim.verdict in FINDINGS or claim.action is Action.RETRY]
        return marks.feedback(findings) if findings else ""

    def to_mapping(self) -> dict[str, Any]:
        """Return the whole policy as JSON values: what :attr:`digest` is taken of."""
        return {
            "name": self.name,
            "actions": {f"{kind}.{label}": str(self.actions[kind, label]) for kind in Kind for label in Label},
            "thresholds": {str(label): score for label, score in self.thresholds.items()},
            "deadline": self.deadline,
            "on_error": str(self.on_error),
            "max_chars": self.max_chars,
            "messages": {"refusal": self.messages.refusal, "redaction": self.messages.redaction},
            "retries": self.retries,
        }

    def __str__(self) -> str:
        return f"{self.name}@{self.digest[:8]}"

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Any, ...]:
        # Mapping proxies do not pickle.
        return (
            Policy,
            (
                self.name,
                dict(self.actions),
                dict(self.thresholds),
                self.deadline,
                self.on_error,
                self.max_chars,
                self.messages,
                self.retries,
            ),
        )

    def _rules(self) -> deciding.Rules:
        return deciding.Rules(self.actions, self.thresholds, self.on_error, self.messages)

    def _validate(self) -> None:
        where = f"policy {_shown(self.name)}"
        if not _NAME.match(self.name):
            raise ConfigError(f"{where}: a name has 1 to 80 characters, no white space and no '@'")
        missing = [f"{kind}.{label}" for kind in Kind for label in Label if (kind, label) not in self.actions]
        if missing:
            raise ConfigError(
                f"{where}: no action for {missing[0]}; give one for every kind and verdict, or extend a preset"
            )
        for label, score in self.thresholds.items():
            if label not in SCORED:
                raise ConfigError(f"{where}: {label} takes no threshold; {_listed(map(str, SCORED))} do")
            if not 0 <= score <= 1:
                raise ConfigError(f"{where}: the threshold for {label} is {score}; give a number from 0 to 1")
        if self.deadline is not None and not (math.isfinite(self.deadline) and self.deadline > 0):
            raise ConfigError(f"{where}: deadline is {self.deadline}; give seconds above 0, or None to wait")
        if self.max_chars < 1:
            raise ConfigError(f"{where}: max_chars is {self.max_chars}; give at least 1")
        if not 0 <= self.retries <= MAX_RETRIES:
            raise ConfigError(f"{where}: retries is {self.retries}; give 0 to {MAX_RETRIES}")
        if self.retries == 0 and Action.RETRY in self.actions.values():
            raise ConfigError(f"{where}: an action is retry, but retries is 0; give at least 1")
        for part in ("refusal", "redaction"):
            if not getattr(self.messages, part).strip():
                raise ConfigError(f"{where}: messages.{part} is empty; readers must see that something is missing")


@cache
def _preset(name: str) -> Policy:
    preset = PRESETS[name]
    row = dict(zip(COLUMNS, preset.row, strict=True))
    actions = {(kind, label): row[label] for kind in Kind for label in Label}
    return Policy(name, actions, on_error=preset.on_error, retries=preset.retries)


def _shown(value: object) -> str:
    return repr(value)[:60]


def _listed(names: Any) -> str:
    return ", ".join(names)
