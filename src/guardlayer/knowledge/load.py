"""Fact files into the ledger: every row of a file, or none of it.

One transaction a file. A row that is wrong does not stop the reading: up to twenty are named together, so that a file
is put right in one go; then nothing of it is kept.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from guardlayer.errors import GuardlayerError, InputError, IntervalError, OverlapError
from guardlayer.knowledge.rows import BadRow, Cells, read_rows
from guardlayer.knowledge.sources import UNSTATED, checked_authority
from guardlayer.knowledge.statement import Statement, cleaned, cleaned_name
from guardlayer.knowledge.store import Store
from guardlayer.knowledge.writer import Writer
from guardlayer.temporal import Moment
from guardlayer.types import Source, Span

FIELDS = (
    "entity", "attribute", "value", "source", "source_uri", "valid_from", "valid_to", "qualifiers", "authority",
    "author", "reason", "aliases", "synonyms", "cardinality", "unit", "type", "start", "end", "page", "review_after",
)  # fmt: skip
"""What a row may hold. ``aliases`` and ``type`` are the entity's; ``synonyms``, ``cardinality`` and ``unit`` the
attribute's. ``start``, ``end`` (in characters) and ``page`` are where the source says so. A row without ``value``
declares an entity or an attribute."""

MAX_ERRORS = 20
_PROGRESS = 10_000
_BATCH = 1_000
_FIELDS = frozenset(FIELDS)
_OF_ENTITY = frozenset(("entity", "aliases", "type"))
_OF_ATTRIBUTE = frozenset(("attribute", "synonyms", "cardinality", "unit"))
_SEPARATOR = "|"


class RowIntervalError(InputError, IntervalError):
    """An interval in a file ends before it starts: an :class:`IntervalError` that knows file and line."""


class RowOverlapError(InputError, OverlapError):
    """Rows of a file would have one source say two things: an :class:`OverlapError` that knows file and line."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of a file.

    Attributes:
        path: The file.
        rows: Rows read.
        added: New facts.
        changed: Facts whose end, or whose source's description, the file states otherwise than before.
        known: Rows that were recorded already.
        kept: Rows heard before, whose fact has been corrected or has ended since; the ledger's word stands.
        declared: Rows that declare an entity or an attribute.
    """

    path: str
    rows: int
    added: int
    changed: int
    known: int
    kept: int
    declared: int

    def __str__(self) -> str:
        parts = [f"{self.added:,} added"]
        for count, word in (
            (self.changed, "changed"), (self.known, "known already"),
            (self.kept, "kept as corrected or ended since"), (self.declared, "names declared"),
        ):  # fmt: skip
            if count:
                parts.append(f"{count:,} {word}")
        return f"{self.path}: {self.rows:,} rows: {', '.join(parts)}"


def load_file(store: Store, path: str | Path, *, progress: Callable[[int], None] | None = None) -> LoadResult:
    """Record every row of a file, or nothing of it.

    Args:
        store: Where to.
        path: A file with the fields of :data:`FIELDS`. In CSV several names, and several qualifiers
            (``quarter=Q3``), are separated by ``|``.
        progress: Called with the number of rows read, every 10,000 rows and at the end.

    Raises:
        InputError: The file cannot be read or a row is wrong; names the file and each line. Also an
            :class:`IntervalError` or :class:`OverlapError` where that is what is wrong with the rows.
        LimitError: The file or a row of it is too large.
        StoreError: The database cannot be written.
    """
    path = Path(path)
    with store.write() as cursor:
        loading = Loading(Writer(store, cursor, alone=True), str(path))
        rows = read_rows(path)
        while batch := list(islice(rows, _BATCH)):
            loading.expect(row for _, row in batch)
            for line, row in batch:
                loading.take(line, row)
                if progress is not None and loading.rows % _PROGRESS == 0:
                    progress(loading.rows)
        result = loading.finish()
    if progress is not None:
        progress(result.rows)
    return result


class Loading:
    """One file, or other run of rows, on its way into the ledger.

    Args:
        writer: Of the open write.
        path: Where the rows come from, for messages.
        of: What is not loaded if one of them is wrong.
    """

    def __init__(self, writer: Writer, path: str, *, of: str = "this file") -> None:
        self.rows = 0
        self._of = of
        self._writer = writer
        self._path = path
        self._wrong: list[tuple[int, GuardlayerError]] = []
        self._outcomes: dict[str, int] = {}
        self._touched: dict[int, None] = {}
        self._lines: dict[int, int] = {}

    def expect(self, rows: Iterable[Cells | BadRow]) -> None:
        """Prepare for rows that will be taken next."""
        read = [row for row in rows if isinstance(row, dict)]
        entities, attributes = ([row.get(name) for row in read] for name in ("entity", "attribute"))
        self._writer.expect(
            (name for name in entities if isinstance(name, str)), (name for name in attributes if isinstance(name, str))
        )

    def take(self, line: int, row: Cells | BadRow) -> None:
        """Write one row, or note what is wrong with it."""
        self.rows += 1
        try:
            if isinstance(row, BadRow):
                raise InputError(row.message)
            self._take(line, row)
        except GuardlayerError as error:
            self._wrong.append((line, error))
            if len(self._wrong) >= MAX_ERRORS:
                self._fail()

    def finish(self) -> LoadResult:
        """Check what only the whole file shows, and count."""
        for clash, text in self._writer.clashes(self._touched):
            line = max(self._lines.get(row.fact, 0) for row in clash)
            self._wrong.append((line, OverlapError(text)))
        if self._wrong:
            self._wrong.sort(key=lambda item: item[0])
            self._fail()
        count = self._outcomes.get
        return LoadResult(
            self._path, self.rows, count("added", 0), count("changed", 0), count("known", 0), count("kept", 0),
            count("declared", 0),
        )  # fmt: skip

    def _take(self, line: int, row: Cells) -> None:
        cells: Cells = {name: cell for name, cell in row.items() if cell is not None and cell not in ("", [], {})}
        if not row.keys() <= _FIELDS:
            raise InputError(_unknown(next(name for name in row if name not in _FIELDS)))
        if "value" not in cells:
            self._declare(cells)
            outcome = "declared"
        else:
            missing = [name for name in ("entity", "attribute") if name not in cells]
            if missing:
                raise InputError(f"{missing[0]} is missing; a fact needs entity, attribute and value")
            outcome = self._state(line, cells)
        self._outcomes[outcome] = self._outcomes.get(outcome, 0) + 1

    def _state(self, line: int, cells: Cells) -> str:
        value = cells["value"]
        if not isinstance(value, str | bool):
            raise InputError("value must be one value, not a list or a mapping; write one row for each")
        statement = Statement.of(
            _text(cells, "entity") or "", _text(cells, "attribute") or "", value,
            valid_from=_text(cells, "valid_from"), valid_to=_text(cells, "valid_to"),
            qualifiers=_qualifiers(cells), author=_text(cells, "author"), reason=_text(cells, "reason"),
        )  # fmt: skip
        self._describe(cells)
        authority = _authority(cells)
        source: Source | str = cleaned(_text(cells, "source") or UNSTATED, what="source")
        if "source_uri" in cells:
            uri = cleaned(_text(cells, "source_uri"), what="source_uri", limit=8_000)
            source = Source(str(source), uri, authority=self._writer.authority(str(source)))
        span, due = _span(cells), _text(cells, "review_after")
        until = None if due is None else Moment.parse(due, what="review_after")
        written = self._writer.state(statement, source, authority)
        if span is not None and written.outcome == "added":
            self._writer.place(written.fact, span)
        if until is not None and written.outcome != "kept":
            self._writer.due(written.fact, until, author=statement.author, reason=statement.reason)
        if written.outcome in ("added", "changed") and not written.alone:
            self._touched[written.key] = None
            self._lines[written.fact] = line
        return written.outcome

    def _declare(self, cells: Cells) -> None:
        about = "entity" if "entity" in cells else "attribute"
        if about not in cells:
            raise InputError("entity, attribute and value are missing; a fact needs all three")
        if "attribute" in cells and about == "entity":
            raise InputError("value is missing; a fact needs entity, attribute and value")
        idle = [name for name in cells if name not in (_OF_ENTITY if about == "entity" else _OF_ATTRIBUTE)]
        if idle:
            raise InputError(f"{idle[0]} says nothing in a row without a value; add the value or leave it out")
        self._describe(cells)

    def _describe(self, cells: Cells) -> None:
        writer = self._writer
        if "entity" in cells:
            entity = writer.entity(cleaned_name(_text(cells, "entity"), what="entity"))
            if "aliases" in cells:
                writer.alias(entity, _names(cells, "aliases"))
            if "type" in cells:
                writer.describe("entity", entity, "type", cleaned(_text(cells, "type"), what="type"))
        if "attribute" in cells:
            cardinality = _text(cells, "cardinality")
            if cardinality not in (None, "one", "many"):
                raise InputError(f'cardinality {cardinality!r} is not known; write "one" or "many"')
            name = cleaned_name(_text(cells, "attribute"), what="attribute")
            attribute = writer.attribute(name, cardinality=cardinality)
            if "synonyms" in cells:
                writer.synonym(attribute, _names(cells, "synonyms"))
            if "unit" in cells:
                writer.describe("attribute", attribute, "unit", cleaned(_text(cells, "unit"), what="unit"))

    def _fail(self) -> None:
        line, first = self._wrong[0]
        lines = [str(first), *(f"{self._path}:{at}: {error}" for at, error in self._wrong[1:])]
        if len(self._wrong) >= MAX_ERRORS:
            lines.append(f"{self._path}: {MAX_ERRORS} rows are wrong, and the rest was not read")
        message = "\n".join([*lines, f"nothing of {self._of} was loaded"])
        kind = InputError
        for known, of_file in ((IntervalError, RowIntervalError), (OverlapError, RowOverlapError)):
            if all(isinstance(error, known) for _, error in self._wrong):
                kind = of_file
        raise kind(message, path=self._path, line=line) from first


def _text(cells: Cells, name: str) -> str | None:
    cell = cells.get(name)
    if cell is None:
        return None
    if not isinstance(cell, str):
        raise InputError(f"{name} must be text, not {type(cell).__name__}")
    return cell


def _authority(cells: Cells) -> int | None:
    text = _text(cells, "authority")
    if text is None:
        return None
    try:
        return checked_authority(int(text))
    except ValueError:
        raise InputError(f"authority {text[:40]!r} is not a whole number") from None


def _span(cells: Cells) -> Span | None:
    start, end, page = (_number(cells, name) for name in ("start", "end", "page"))
    if start is None and end is None and page is None:
        return None
    if start is None or end is None:
        raise InputError("start and end go together; they say where the source says so, in characters")
    if end < start:
        raise InputError(f"start {start} is behind end {end}; swap the two")
    return Span(start, end, page)


def _number(cells: Cells, name: str) -> int | None:
    text = _text(cells, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InputError(f"{name} {text[:40]!r} is not a whole number from 0 on")
    return int(text)


def _names(cells: Cells, name: str) -> list[str]:
    cell = cells[name]
    names = cell.split(_SEPARATOR) if isinstance(cell, str) else cell
    if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
        raise InputError(f"{name} must be a list of names, or names separated by {_SEPARATOR}")
    return names


def _qualifiers(cells: Cells) -> dict[str, str] | None:
    cell = cells.get("qualifiers")
    if cell is None:
        return None
    if isinstance(cell, str) and cell.lstrip().startswith("{"):
        try:
            cell = json.loads(cell)
        except ValueError:
            raise InputError(f"qualifiers {cell[:40]!r} are not JSON; write quarter=Q3|region=EU") from None
    if isinstance(cell, str):
        pairs = [part.split("=", 1) for part in cell.split(_SEPARATOR)]
        if any(len(pair) < 2 for pair in pairs) or len({pair[0] for pair in pairs}) < len(pairs):
            raise InputError(f"qualifiers {cell[:40]!r} are not pairs; write quarter=Q3|region=EU")
        cell = dict(pairs)
    if not isinstance(cell, dict) or not all(isinstance(value, str) for value in cell.values()):
        raise InputError("qualifiers must be names with one text each, such as quarter=Q3|region=EU")
    return cell


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name.strip().lower(), FIELDS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"rows hold {', '.join(FIELDS)}"
    return f"the column {name[:60]!r} is not known; {hint}"
