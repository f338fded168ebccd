"""What the driver reports, in our words: what was wrong, where, and what to do next."""

from __future__ import annotations

import psycopg
from psycopg import errors

from guardlayer.errors import GuardlayerError, InputError, OverlapError, StoreError

_LOST = "the server went away or closed the connection"
_KEPT = "nothing of an unfinished write was kept; try again"

_ADVICE: tuple[tuple[tuple[str, ...], str], ...] = (
    (("28",), "the server refuses this user or password; check both, and pg_hba.conf on the server"),
    (("3D000",), "there is no such database on the server; create it with createdb"),
    (("3F000",), "there is no such schema; open it once without read_only, or check schema= in the URL"),
    (("42501",), "this user may not do that; grant it the schema, or name another user"),
    (("53300",), "the server has no connection left; raise max_connections, or run fewer processes"),
    (("53100",), "the server's disk is full; nothing of this write was kept; make room and try again"),
    (("53",), "the server is short of resources; nothing of this write was kept; try again later"),
    (("55P03",), "locked by another process; try again when its write is done, or raise busy_timeout_ms"),
    (("40",), "another write came in between; nothing of this one was kept; try again"),
    (("25006",), "the server is read-only (a standby?); name the primary, or open it with read_only=True"),
    (("57014",), "the server cancelled the statement (statement_timeout?); nothing of this write was kept"),
    (("57P", "08"), f"{_LOST}; {_KEPT}"),
    (("XX", "58"), "the server reports damage or an error of its disk; look in its log"),
)

_WORDS = (
    ("authentication failed", "28P01"),
    ('FATAL: role "', "28000"),
    ("no pg_hba.conf entry", "28000"),
    ("no password supplied", "28000"),
    ('" does not exist', "3D000"),
    ("too many", "53300"),
    ("remaining connection slots", "53300"),
)


def lost(error: BaseException) -> bool:
    """Say whether the connection is gone, so that another one may do better."""
    if isinstance(error, psycopg.InterfaceError):
        return True
    state = getattr(error, "sqlstate", None) or ""
    return isinstance(error, psycopg.OperationalError) and (not state or state.startswith(("57P", "08")))


def translated(error: BaseException, name: str) -> GuardlayerError:
    """Return the error to raise instead."""
    detail = " ".join(str(error).split())
    if isinstance(error, errors.ExclusionViolation):
        return OverlapError(
            f"{name}: one source would say two things at once where one value holds, and the database refuses that; "
            f"supersede or correct the first ({detail})"
        )
    state = getattr(error, "sqlstate", None) or ""
    if isinstance(error, UnicodeError | psycopg.DataError) and (not state or state.startswith("22")):
        return InputError(f"{name}: PostgreSQL cannot hold this text; take out what is no character ({detail})")
    # While a connection is made the driver tells the state in words only.
    state = state or next((said for words, said in _WORDS if "FATAL:" in detail and words in detail), "")
    for states, advice in _ADVICE:
        if state.startswith(states):
            return StoreError(f"{name}: {advice} ({detail})")
    if lost(error):
        return StoreError(f"{name}: {_LOST}, or cannot be reached; {_KEPT} ({detail})")
    return StoreError(f"{name}: {type(error).__name__}: {detail}; please report this, with the command that led to it")
