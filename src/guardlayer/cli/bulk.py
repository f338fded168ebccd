"""A bulk audit: JSON objects in, one result a line out, and never a line lost to an interrupt.

Results are appended in the order of the input, each in one write that ends with a line feed. What a stopped run leaves
is therefore whole lines and at most one torn one, which the next run drops before it goes on behind the last whole
line. A sidecar, ``OUT.state.json``, holds digests of everything a result depends on, so that one file never mixes the
results of two different checks.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from guardlayer.cli.screen import to_json
from guardlayer.errors import InputError
from guardlayer.types import Fact, Outcome, Report

if TYPE_CHECKING:
    from guardlayer.guard import Guard

FORMAT = 1
"""Version of the result and state files."""
MAX_LINE = 64 * 1024 * 1024
"""Longest line that is read, in bytes."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Which keys of an input object hold what.

    Attributes:
        text: What the model wrote: a string, or JSON that is checked as structured output.
        question: What it was asked.
        at: The instant for which facts are asked.
        id: What the caller calls the line.
        evidence: What came with the call: a string or a list of strings.
    """

    text: str = "answer"
    question: str = "question"
    at: str = "at"
    id: str = "id"
    evidence: str = "evidence"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the input: its number from 1, its bytes (``None`` if too long), and the offset behind it."""

    number: int
    raw: bytes | None
    end: int


@dataclass(slots=True)
class Tally:
    """Counts over all results, those of earlier runs included.

    Attributes:
        lines: Lines of the input that have a result.
        outcomes: Texts by outcome.
        verdicts: Claims by verdict.
        malformed: Lines that could not be read, by number.
        unrecorded: Texts whose provenance could not be recorded.
        last: Number of the last line that has a result.
    """

    lines: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    malformed: list[int] = field(default_factory=list)
    unrecorded: int = 0
    last: int = 0

    def add(self, result: dict[str, Any]) -> None:
        """Count one result."""
        self.lines += 1
        self.last = result["line"]
        if "error" in result:
            self.malformed.append(result["line"])
            return
        self.outcomes[result["outcome"]] += 1
        self.unrecorded += result["recorded"] is False
        self.verdicts.update(claim["verdict"] for claim in result["claims"])


@dataclass(frozen=True, slots=True)
class Results:
    """The results file, open at its end.

    Attributes:
        stream: Where results are appended.
        tally: The counts so far.
        state: What the results depend on, as the first run wrote it.
    """

    stream: IO[bytes]
    tally: Tally
    state: dict[str, Any]


def open_results(out: Path, path: Path, state: dict[str, Any], *, restart: bool) -> Results:
    """Open the results for appending, behind the last whole line of an earlier run of the same audit.

    Args:
        out: The results file.
        path: The input.
        state: What the results depend on; ``began`` is taken from the earlier run where there is one.
        restart: Begin anew, whatever is there.

    Raises:
        InputError: The file is of another audit, another audit is writing it, or it cannot be written.
    """
    sidecar = out.with_name(out.name + ".state.json")
    tally = Tally()
    if path.exists() and any(file.exists() and file.samefile(path) for file in (out, sidecar)):
        raise InputError("would be written over the input; name another file with --out", path=str(out))
    try:
        stream = out.open("a+b")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}; name another file", path=str(out)) from error
    try:
        _lock(stream, out)
        if restart or (stream.seek(0, os.SEEK_END) == 0 and not sidecar.exists()):
            stream.truncate(0)
            _write_state(sidecar, state)
        else:
            state = _agreed(_read_state(sidecar, out), state, out)
            stream.truncate(_count(stream, tally, out))
        stream.seek(0, os.SEEK_END)
    except OSError as error:
        stream.close()
        raise InputError(f"cannot be written: {error.strerror}; name another file", path=str(out)) from error
    except BaseException:
        stream.close()
        raise
    return Results(stream, tally, state)


def lines(stream: IO[bytes], *, after: int = 0) -> Iterator[Line]:
    """Yield the lines behind line ``after`` that are not blank."""
    number = 0
    while raw := stream.readline(MAX_LINE + 1):
        number += 1
        whole: bytes | None = raw
        if len(raw) > MAX_LINE:
            whole = None
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(MAX_LINE)
        if number > after and (whole is None or whole.strip()):
            yield Line(number, whole, stream.tell())


def check_line(guard: Guard, line: Line, fields: Fields, at: str) -> dict[str, Any]:
    """Check one line; what cannot be read becomes a result that says why.

    Args:
        guard: The guard.
        line: The line.
        fields: Which keys hold what.
        at: The instant for lines that name none.
    """
    name: Any = None
    try:
        given = _object(line)
        name = given.get(fields.id)
        report = guard.check(
            _text(given, fields.text),
            question=_optional(given, fields.question),
            evidence=_evidence(given, fields.evidence),
            at=_optional(given, fields.at) or at,
        )
    except InputError as error:
        return {"line": line.number, "id": name, "error": str(error)}
    return {"line": line.number, "id": name, **compact(report, logged=guard.log is not None)}


def compact(report: Report, *, logged: bool) -> dict[str, Any]:
    """Return the part of a report that an audit keeps; ``recorded`` is null where no record was asked for."""
    return {
        "outcome": str(report.outcome),
        "action": str(report.action),
        "output": None if report.output == report.draft.text else report.output,
        "recorded": report.record is not None if logged else None,
        "record": report.record,
        "skipped": len(report.coverage.skipped),
        "claims": [
            {
                "start": claim.start,
                "end": claim.end,
                "path": claim.path,
                "kind": str(claim.kind),
                "verdict": str(claim.verdict),
                "score": round(claim.score, 4),
                "action": str(claim.action),
                "reason": claim.reason,
                "current": claim.current.value
                if isinstance(claim.current, Fact)
                else getattr(claim.current, "text", None),
                "since": claim.current.valid.start_text if claim.current else None,
                "source": claim.current.source.id if claim.current else None,
            }
            for claim in report.claims
        ],
    }


def run(
    guard: Guard,
    path: Path,
    results: Results,
    *,
    fields: Fields,
    limit: int | None,
    seen: Callable[[Line, dict[str, Any]], None],
) -> None:
    """Check every line behind the last one that has a result; each result is written before the next is begun.

    Args:
        guard: The guard.
        path: The input.
        results: Where the results go.
        fields: Which keys hold what.
        limit: At most this many lines have a result afterwards, those of earlier runs included.
        seen: Called after each line.
    """
    tally = results.tally
    at = results.state["at"] or results.state["began"]
    with path.open("rb") as stream:
        for line in lines(stream, after=tally.last):
            if limit is not None and tally.lines >= limit:
                break
            result = check_line(guard, line, fields, at)
            results.stream.write(to_json(result).encode() + b"\n")
            results.stream.flush()
            tally.add(result)
            seen(line, result)


def _object(line: Line) -> dict[str, Any]:
    if line.raw is None:
        raise InputError(f"is longer than {MAX_LINE:,} bytes; split it")
    try:
        value = json.loads(line.raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InputError(f"is {type(value).__name__}, not an object; write one JSON object a line")
    return value


def _text(given: dict[str, Any], name: str) -> str:
    if name not in given:
        raise InputError(f"has no {name!r}; its keys are {', '.join(map(repr, given)) or 'none'}; see --text-field")
    value = given[name]
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        raise InputError(f"{name!r} is {type(value).__name__}, not a text")
    return value


def _optional(given: dict[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise InputError(f"{name!r} is {type(value).__name__}, not a text")
    return value


def _evidence(given: dict[str, Any], name: str) -> list[str]:
    value = given.get(name)
    if value is None:
        return []
    pieces = [value] if isinstance(value, str) else value
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        raise InputError(f"{name!r} must be a text or a list of texts")
    return pieces


def _count(stream: IO[bytes], tally: Tally, out: Path) -> int:
    """Count the results of earlier runs; return the offset behind the last whole line."""
    stream.seek(0)
    whole = 0
    for number, raw in enumerate(stream, 1):
        if not raw.endswith(b"\n"):
            break
        try:
            tally.add(json.loads(raw))
        except (ValueError, KeyError, TypeError):
            raise InputError(
                "is not a result of an audit; name another file, or begin anew with --restart",
                path=str(out), line=number,
            ) from None  # fmt: skip
        whole += len(raw)
    return whole


def _read_state(sidecar: Path, out: Path) -> dict[str, Any]:
    try:
        state = json.loads(sidecar.read_bytes())
    except FileNotFoundError:
        raise InputError(
            f"exists, and no {sidecar.name} tells what it came from; name another file, or overwrite it with --restart",
            path=str(out),
        ) from None
    except ValueError:
        state = None
    if not isinstance(state, dict):
        raise InputError("cannot be read; begin anew with --restart", path=str(sidecar))
    return state


def _agreed(before: dict[str, Any], now: dict[str, Any], out: Path) -> dict[str, Any]:
    """Return the state of the earlier run, if it asks for the same."""
    differing = sorted(name for name in {*before, *now} - {"began"} if before.get(name) != now.get(name))
    if differing:
        raise InputError(
            f"was begun with another {', '.join(differing)}; use what it was begun with, name another file, "
            "or begin anew with --restart",
            path=str(out),
        )
    return before


def _write_state(sidecar: Path, state: dict[str, Any]) -> None:
    temporary = sidecar.with_name(sidecar.name + ".new")
    temporary.write_text(to_json(state, indent=2) + "\n", encoding="utf-8")
    temporary.replace(sidecar)


def _lock(stream: IO[bytes], out: Path) -> None:
    try:
        import fcntl
    except ImportError:  # no such locks on Windows; two audits of one file are then the user's to avoid
        return
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError("another audit is writing it; wait for that, or name another file", path=str(out)) from None


def outcomes(tally: Tally) -> list[str]:
    """Return the outcomes that an exit code is made of; a line that could not be read is something unchecked."""
    return [*tally.outcomes, *([Outcome.INCOMPLETE] if tally.malformed else [])]


def as_data(tally: Tally) -> dict[str, Any]:
    """Return the counts as JSON values."""
    return {
        "lines": tally.lines,
        "outcomes": dict(tally.outcomes),
        "verdicts": dict(tally.verdicts),
        "malformed": tally.malformed,
        "unrecorded": tally.unrecorded,
    }
