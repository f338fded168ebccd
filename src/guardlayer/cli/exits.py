"""Exit codes: stable, because scripts rely on them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from guardlayer.errors import AuthorityError, GuardlayerError, GuardViolation, StoreError
from guardlayer.types import Outcome, Report


class Exit(IntEnum):
    """What the exit code of ``guardlayer`` says."""

    FINE = 0
    """Done, and nothing to report."""
    FINDINGS = 1
    """Done, and something was found: a claim without its source, no answer, a damaged record, a broken installation."""
    USAGE = 2
    """Nothing was done: an option, a file or a fact cannot be read or is refused."""
    UNAVAILABLE = 3
    """A database, the provenance log or another authority could not be used, or the log has no such record."""
    INCOMPLETE = 4
    """No finding, but something could not be checked: this is no pass."""
    DEFECT = 70
    """An error that guardlayer did not foresee."""
    INTERRUPTED = 130
    """Stopped from the keyboard."""
    CLOSED = 141
    """Whoever read the output stopped reading."""


EPILOG = (
    "Exit codes: 0 fine; 1 findings (a claim without its source, no answer, a damaged record); 2 usage or bad input; "
    "3 a database, the log or another authority is unavailable; 4 incomplete: no finding, but something could not be "
    "checked; 70 a defect of guardlayer; 130 interrupted; 141 the reader of the output went away."
)
"""The codes, for ``--help``."""


def of_error(error: GuardlayerError) -> Exit:
    """Return the exit code for an error."""
    if isinstance(error, StoreError | AuthorityError):
        return Exit.UNAVAILABLE
    return Exit.FINDINGS if isinstance(error, GuardViolation) else Exit.USAGE


def of_report(report: Report, *, logged: bool) -> Exit:
    """Return the exit code for a report.

    Args:
        report: What was found.
        logged: Whether a record was asked for; that there is none then outweighs everything else.
    """
    if logged and report.record is None:
        return Exit.UNAVAILABLE
    return of_outcomes([report.outcome])


def of_outcomes(outcomes: Iterable[str]) -> Exit:
    """Return the exit code for several outcomes: findings outweigh what is incomplete."""
    seen = set(outcomes)
    if Outcome.FINDINGS in seen:
        return Exit.FINDINGS
    return Exit.INCOMPLETE if Outcome.INCOMPLETE in seen else Exit.FINE
