"""Every error that leaves guardlayer, and nothing else leaves it.

    GuardlayerError
    ├── ConfigError            a file, option or argument is wrong; says which, and what to write instead
    │   └── PluginError        a named plug-in is missing or does not satisfy its Protocol
    ├── InputError             something handed in cannot be read: carries ``path`` and ``line`` where known
    │   ├── LimitError         larger than a configured bound
    │   └── ResponseTypeError  a wrapped callable returned a type we cannot read; names ``extract=``/``replace=``
    ├── KnowledgeError         the ledger refuses a write or a read
    │   ├── IntervalError      an interval that ends before it starts
    │   ├── OverlapError       two values of a single-valued key at one instant, from one source
    │   ├── AmbiguousError     a name stands for several entities; carries ``candidates``
    │   ├── NotFoundError      no such fact, source or version
    │   └── NotAllowedError    somebody may not decide this; says who may
    ├── StoreError             a database is locked, read-only, newer than this program, or damaged
    │   └── LogError           the provenance log could not acknowledge a record
    ├── AuthorityError         a retriever or other authority failed while it was asked
    └── GuardViolation         raised only where the caller asked for exceptions; carries ``report``

A message says what was wrong, where, and what to do next. Foreign exceptions are chained as ``__cause__``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from guardlayer.types import Report


class GuardlayerError(Exception):
    """Root of every error raised by guardlayer."""


class ConfigError(GuardlayerError):
    """A file, option or argument is wrong."""


class PluginError(ConfigError):
    """A named plug-in is missing or does not satisfy its Protocol."""


class InputError(GuardlayerError):
    """Something handed in cannot be read.

    Args:
        message: What was wrong and what to do next.
        path: The file it was found in, if any.
        line: The line in that file, counted from 1, if known.
    """

    def __init__(self, message: str, *, path: str | None = None, line: int | None = None) -> None:
        where = ":".join(str(part) for part in (path, line) if part is not None)
        super().__init__(f"{where}: {message}" if where else message)
        self.path = path
        self.line = line


class LimitError(InputError):
    """An input is larger than a configured bound."""


class ResponseTypeError(InputError):
    """A wrapped callable returned a type guardlayer cannot read."""


class KnowledgeError(GuardlayerError):
    """The ledger refuses a write or a read."""


class IntervalError(KnowledgeError):
    """An interval ends before it starts."""


class OverlapError(KnowledgeError):
    """Two values of a single-valued key would hold at one instant, said by one source."""


class AmbiguousError(KnowledgeError):
    """A name stands for several entities, and nothing decides which.

    Args:
        message: What was wrong and what to do next.
        candidates: Preferred names of the entities the name may stand for.
    """

    def __init__(self, message: str, *, candidates: tuple[str, ...]) -> None:
        super().__init__(message)
        self.candidates = candidates


class NotFoundError(KnowledgeError):
    """No such fact, source or version."""


class NotAllowedError(KnowledgeError):
    """Somebody may not decide this."""


class StoreError(GuardlayerError):
    """A database is locked, read-only, newer than this program, or damaged."""


class LogError(StoreError):
    """The provenance log could not acknowledge a record."""


class AuthorityError(GuardlayerError):
    """A retriever or other authority failed while it was asked."""


class GuardViolation(GuardlayerError):  # noqa: N818 - a public name fixed by the design
    """A guarded answer broke its policy, and the caller asked for an exception.

    Args:
        report: The whole report, with the original text, each claim and the decision.
        message: What happened, where it is not simply what the policy decided.
    """

    def __init__(self, report: Report, message: str | None = None) -> None:
        decided = f"{report.action}: " + "; ".join(report.decision.reasons or ("policy violated",))
        super().__init__(message or decided)
        self.report = report
