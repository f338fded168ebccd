"""Fact files as rows: CSV, JSON lines, JSON and YAML, each row with its line in the file.

Cells keep the spelling they have in the file: ``4.20`` stays "4.20", and ``NO`` is Norway, not *false*.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml

from guardlayer.errors import InputError, LimitError

Cell = str | bool | None | list[Any] | dict[str, Any]
Cells = dict[str, Cell]

MAX_ROW = 1 << 20
"""Longest line of a CSV or JSON-lines file, in bytes."""
MAX_BYTES = 4 << 30
"""Largest CSV or JSON-lines file; they are read line by line."""
MAX_WHOLE = 64 << 20
"""Largest JSON or YAML file; they are read whole."""

_SUFFIXES = ".csv, .jsonl, .ndjson, .json, .yaml or .yml"
_SPACE = re.compile(r"[ \t\r\n]*")
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class BadRow(Exception):  # noqa: N818 - caught by the loader, which goes on to the next row
    """A row that cannot be read, in a file whose other rows can.

    Args:
        line: Its line.
        message: What is wrong.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


Row = tuple[int, Cells | BadRow]


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a fact file, each with its line counted from 1.

    Raises:
        InputError: The file cannot be read on: not there, not UTF-8, malformed beyond one row.
        LimitError: The file or a line of it is too large.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(f"the ending {path.suffix!r} is not one we read; use {_SUFFIXES}", path=str(path))
    try:
        size = path.stat().st_size
        limit = MAX_BYTES if read in (_csv, _json_lines) else MAX_WHOLE
        if size > limit:
            raise LimitError(f"has {size:,} bytes, and {limit:,} are allowed; split the file", path=str(path))
        yield from read(path)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}); check the path", path=str(path)) from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(MAX_ROW + 1):
            number += 1
            if len(raw) > MAX_ROW:
                raise LimitError(f"is longer than {MAX_ROW:,} bytes; shorten it", path=str(path), line=number)
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            yield number, _decoded(raw, path, number)


def _whole(path: Path) -> str:
    raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    return "\n".join(_decoded(line, path, number) for number, line in enumerate(raw.split(b"\n"), start=1))


def _decoded(raw: bytes, path: Path, line: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        hint = "is UTF-16" if line == 1 and raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "is not UTF-8"
        raise InputError(
            f"{hint} (byte {error.start + 1} of the line); save the file as UTF-8", path=str(path), line=line
        ) from None


def _csv(path: Path) -> Iterator[Row]:
    started = 1

    def texts() -> Iterator[str]:
        for _, text in _lines(path):
            yield text

    reader = csv.reader(texts(), strict=True)
    header: list[str] | None = None
    while True:
        started = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            _fail(path, started, f"is not CSV: {error}; check the quotes from this line on")
        if cells is None:
            return
        if header is None:
            header = _header(path, started, cells)
        elif any(cell.strip() for cell in cells):
            if len(cells) != len(header):
                wrong = f"has {len(cells)} cells, and the header has {len(header)}; quote cells that hold a comma"
                yield started, BadRow(started, wrong)
            else:
                yield started, dict(zip(header, cells, strict=True))


def _header(path: Path, line: int, cells: list[str]) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        _fail(path, line, "the columns are not separated by commas; save the file as comma-separated values")
    if twice := next((name for name in header if header.count(name) > 1), None):
        _fail(path, line, f"the column {twice!r} is there twice; keep one")
    return header


def _json_lines(path: Path) -> Iterator[Row]:
    for number, text in _lines(path):
        if text.strip():
            try:
                yield number, _mapping(_DECODER.decode(text.strip()))
            except (ValueError, RecursionError) as error:
                yield number, BadRow(number, _json_message(error))


def _json(path: Path) -> Iterator[Row]:
    text = _whole(path)
    position = _skip(text, 0)
    if text[position : position + 1] != "[":
        _fail(path, _line_at(text, position), "must hold a list of rows: [{…}, {…}]")
    position = _skip(text, position + 1)
    line, counted, closed = 1, 0, text[position : position + 1] == "]"
    while not closed:
        line, counted = line + text.count("\n", counted, position), position
        try:
            row, position = _DECODER.raw_decode(text, position)
            yield line, _mapping(row)
        except json.JSONDecodeError as error:
            _fail(path, error.lineno, _json_message(error))
        except (ValueError, RecursionError) as error:
            _fail(path, line, _json_message(error))
        position = _skip(text, position)
        mark = text[position : position + 1]
        if mark not in (",", "]"):
            _fail(path, _line_at(text, position), "is not JSON: a comma or the end of the list is missing")
        closed = mark == "]"
        if not closed:
            position = _skip(text, position + 1)
    rest = _skip(text, position + 1)
    if rest < len(text):
        _fail(path, _line_at(text, rest), "goes on after the end of the list; remove the rest")


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _line_at(text: str, position: int) -> int:
    return 1 + text.count("\n", 0, position)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(n for n in names if names.count(n) > 1)!r} is there twice; keep one")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a value; leave the fact out")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=_no_constant)


def _json_message(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON: {error.msg} at column {error.colno}"
    return "is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _mapping(row: object) -> Cells:
    if not isinstance(row, dict):
        raise ValueError(f"a row must be a mapping of names to values, not {type(row).__name__}")
    return row


def _yaml(path: Path) -> Iterator[Row]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    events = yaml.parse(_whole(path), Loader=loader)
    try:
        kinds = (yaml.StreamStartEvent, yaml.DocumentStartEvent)
        event = next(event for event in events if not isinstance(event, kinds))
        if isinstance(event, yaml.StreamEndEvent):
            return
        if not isinstance(event, yaml.SequenceStartEvent):
            _fail(path, _line(event), "must hold a list of rows: - entity: …")
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            line = _line(event)
            if not isinstance(event, yaml.MappingStartEvent):
                _fail(path, line, "a row must be a mapping of names to values")
            try:
                yield line, _yaml_mapping(events, path, depth=2)
            except ValueError as error:
                _fail(path, line, str(error))
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                _fail(path, _line(event), "a second document begins here; keep one")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable"
        _fail(path, mark.line + 1 if mark else 1, f"is not YAML: {problem}")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _yaml_value(event: yaml.Event, events: Iterator[yaml.Event], path: Path, *, depth: int) -> Cell:
    if isinstance(event, yaml.ScalarEvent):
        return None if event.style is None and event.value in _NULLS else str(event.value)
    line = _line(event)
    if isinstance(event, yaml.AliasEvent):
        _fail(path, line, "anchors and aliases are not read here; write the value out")
    if depth > 2:
        _fail(path, line, "is nested too deeply")
    if isinstance(event, yaml.SequenceStartEvent):
        found = []
        for item in events:
            if isinstance(item, yaml.SequenceEndEvent):
                break
            found.append(_yaml_value(item, events, path, depth=depth + 1))
        return found
    return _yaml_mapping(events, path, depth=depth + 1)


def _yaml_mapping(events: Iterator[yaml.Event], path: Path, *, depth: int) -> Cells:
    pairs = []
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        if not isinstance(event, yaml.ScalarEvent):
            _fail(path, _line(event), "the name of a field must be plain text")
        pairs.append((str(event.value), _yaml_value(next(events), events, path, depth=depth)))
    return _unique(pairs)


def _fail(path: Path, line: int, message: str) -> NoReturn:
    raise InputError(message, path=str(path), line=line)


_READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".yaml": _yaml,
    ".yml": _yaml,
}
