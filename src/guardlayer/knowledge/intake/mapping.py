"""What the columns of a table mean, as a user declares it: which one names the entity, the attribute, the value.

One form for the tables of documents and for the results of queries. A column is named outright, or within a text in
braces: ``"{Plan} plan"`` is the cell of *Plan* with a word after it; ``{title}`` and ``{heading}`` stand above a table.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guardlayer.errors import ConfigError
from guardlayer.knowledge.intake.register import Stated
from guardlayer.knowledge.intake.shapes import Block, Record
from guardlayer.knowledge.intake.unit import NOTHING, unit_of, with_unit
from guardlayer.types import Span

_FIELDS = (
    "entity", "attributes", "attribute", "value", "qualifiers", "valid_from", "valid_to", "type", "aliases",
    "cardinality", "under",
)  # fmt: skip
_SLOT = re.compile(r"\{([^{}]+)\}")
_ABOVE = ("title", "heading")


@dataclass(frozen=True, slots=True)
class FactMapping:
    """What the columns of a table mean.

    Attributes:
        entity: Column, or text with columns in braces, that names what a row is about.
        attributes: Columns that hold values, each with the name of the attribute.
        attribute: Where each row names its attribute: column or text; then ``value`` is the column of the value.
        value: See ``attribute``.
        qualifiers: Names of qualifiers, each with a column or text.
        valid_from: Column with the date since when a row holds.
        valid_to: Column with the date until when it did.
        type: Sort of thing the entities are.
        aliases: Other names of the entity: columns or texts.
        single: Whether an attribute that is new holds one value at a time.
        under: Words of a heading or title above the tables that are meant; any, if not given.
    """

    entity: str
    attributes: tuple[tuple[str, str], ...] = ()
    attribute: str | None = None
    value: str | None = None
    qualifiers: tuple[tuple[str, str], ...] = ()
    valid_from: str | None = None
    valid_to: str | None = None
    type: str | None = None
    aliases: tuple[str, ...] = ()
    single: bool = True
    under: str | None = None

    @classmethod
    def of(cls, declared: Mapping[str, Any], *, where: str = "facts") -> FactMapping:
        """Read a mapping as users write it, in Python or TOML.

        Raises:
            ConfigError: A key is not known, of another type, or missing.
        """
        unknown = [name for name in declared if name not in _FIELDS]
        if unknown:
            raise ConfigError(f"{where}: {unknown[0]!r} is not known; a mapping holds {', '.join(_FIELDS)}")
        entity = _text(declared, "entity", where)
        if entity is None:
            raise ConfigError(f"{where}: entity is missing; name the column or text that says what a row is about")
        attribute, value = _text(declared, "attribute", where), _text(declared, "value", where)
        columns = _pairs(declared.get("attributes"), "attributes", where)
        if (attribute is None) is not (value is None) or bool(columns) is (attribute is not None):
            raise ConfigError(
                f"{where}: say either attributes= (columns that hold values) or both attribute= and value= "
                "(columns that name the attribute and hold the value of each row)"
            )
        aliases = declared.get("aliases", ())
        if isinstance(aliases, str) or not all(isinstance(one, str) for one in aliases):
            raise ConfigError(f"{where}: aliases must be a list of columns or texts")
        cardinality = declared.get("cardinality", "one")
        if cardinality not in ("one", "many"):
            raise ConfigError(f'{where}: cardinality {cardinality!r} is not known; write "one" or "many"')
        return cls(
            entity, columns, attribute, value, _pairs(declared.get("qualifiers"), "qualifiers", where),
            _text(declared, "valid_from", where), _text(declared, "valid_to", where), _text(declared, "type", where),
            tuple(aliases), cardinality == "one", _text(declared, "under", where),
        )  # fmt: skip

    def columns(self) -> set[str]:
        """Return the columns that have to be there for the mapping to apply, folded."""
        named = {_norm(column) for column, _ in self.attributes} | {_norm(self.value)} | {_norm(self.valid_from)}
        named |= {_norm(self.valid_to)}
        for text in (self.entity, self.attribute, *(text for _, text in self.qualifiers), *self.aliases):
            slots = _SLOT.findall(text or "")
            named |= {_norm(slot) for slot in slots if slot not in _ABOVE}
        return named - {""}

    def applies(self, block: Block) -> bool:
        """Say whether a table, or a run of ``key: value`` lines, is one that is meant."""
        names = {_norm(name) for name in block.names}
        if self.under is not None:
            above = [block.title or "", *(text for _, text in block.headings)]
            if not any(_norm(self.under) in _norm(text) for text in above):
                return False
        if block.kind != "table":  # a page may leave out some of its lines
            return bool(self.columns() & names) and (_norm(self.entity) not in names or bool(names))
        required = self.columns() | ({_norm(self.entity)} if not self._worded(self.entity, names) else set())
        return required <= names

    def statements(self, block: Block) -> Iterator[Stated]:
        """Yield what the rows of a block state; cells that are empty state nothing."""
        units: dict[str, str] = {}
        if block.kind == "table":
            for number, name in enumerate(block.names):
                column = [record.cells[number][1] for record in block.records if number < len(record.cells)]
                units[_norm(name)] = unit_of(name, column)[1]
        for record in block.records:
            row = {_norm(name): cell.text for name, cell in record.cells if cell.text.casefold() not in NOTHING}
            row = {name: with_unit(text, units.get(name, "")) for name, text in row.items()}
            yield from self.of_row(row, block, record)

    def of_row(self, row: Mapping[str, str], block: Block | None, record: Record | None) -> Iterator[Stated]:
        """Yield what one row states.

        Args:
            row: Cells by the folded names of their columns.
            block: What the row is part of, for what stands above it.
            record: Where the row stands.
        """
        entity = self._fill(self.entity, row, block)
        if not entity:
            return
        places = _places(record)
        qualifiers = tuple((name, self._fill(text, row, block)) for name, text in self.qualifiers)
        since, until = row.get(_norm(self.valid_from)), row.get(_norm(self.valid_to))
        aliases = tuple(alias for alias in (self._fill(text, row, block) for text in self.aliases) if alias)
        if self.attribute is not None:
            pairs = [(self.value or "", self._fill(self.attribute, row, block))]
        else:
            pairs = list(self.attributes)
        for column, attribute in pairs:
            value = row.get(_norm(column), "")
            if value and attribute:
                yield Stated(
                    entity, attribute, value, places.get(_norm(column)), tuple(q for q in qualifiers if q[1]),
                    since or None, until or None, aliases, self.type, self.single,
                )  # fmt: skip

    def _fill(self, text: str, row: Mapping[str, str], block: Block | None) -> str:
        if _norm(text) in row:
            return row[_norm(text)]
        above = (
            {"title": block.title or "", "heading": block.headings[-1][1] if block.headings else ""} if block else {}
        )

        def slot(match: re.Match[str]) -> str:
            name = match[1]
            return above.get(name, "") if name in _ABOVE and name in above else row.get(_norm(name), "")

        slots = _SLOT.findall(text)
        if slots and not all(slot(match) for match in _SLOT.finditer(text)):
            return ""
        return " ".join(_SLOT.sub(slot, text).split())

    def _worded(self, text: str, names: set[str]) -> bool:
        """Say whether a text is more than the name of a column."""
        return _SLOT.search(text) is not None or _norm(text) not in names


Facts = str | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""What ``facts=`` takes: ``"auto"``, ``"none"``, a mapping, or several."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which facts are to be taken from documents: by shape, by declared mappings, or both."""

    auto: bool
    mappings: tuple[FactMapping, ...]
    how: str

    @property
    def takes(self) -> bool:
        """Whether anything is to be taken."""
        return self.auto or bool(self.mappings)

    @property
    def digest(self) -> str:
        """What two ways of asking for the same have in common; changes with the rules of this module."""
        return hashlib.sha256(f"{_RULES}{self.how}".encode()).hexdigest()

    @classmethod
    def of(cls, facts: Facts) -> Wanted:
        """Read what ``facts=`` was given.

        Raises:
            ConfigError: It is neither ``"auto"`` nor a mapping, or a mapping is wrong.
        """
        if isinstance(facts, str):
            if facts not in ("auto", "none"):
                raise ConfigError(
                    f'facts={facts!r} is not known; write "auto", "none", or a mapping such as {_EXAMPLE}'
                )
            return cls(facts == "auto", (), json.dumps(facts))
        several = [facts] if isinstance(facts, Mapping) else list(facts)
        if not several or not all(isinstance(one, Mapping) for one in several):
            raise ConfigError(f'facts= takes "auto", a mapping or a list of them, such as {_EXAMPLE}')
        mappings = tuple(FactMapping.of(one, where=f"facts #{number}") for number, one in enumerate(several, start=1))
        return cls(False, mappings, json.dumps([dict(one) for one in several], sort_keys=True, default=list))


_RULES = "1"  # counts up whenever the same question would be answered otherwise
_EXAMPLE = '{"entity": "Plan", "attributes": ["Price"]}'


def _norm(name: str | None) -> str:
    return " ".join(name.split()).casefold() if name else ""


def _places(record: Record | None) -> dict[str, Span]:
    """Return where each cell is stated: its own line for pairs, the whole row for tables."""
    if record is None:
        return {}
    spans = record.places or (record.span,) * len(record.cells)
    return {_norm(name): span for (name, _), span in zip(record.cells, spans, strict=True)}


def _text(declared: Mapping[str, Any], name: str, where: str) -> str | None:
    found = declared.get(name)
    if found is None:
        return None
    if not isinstance(found, str) or not found.strip():
        raise ConfigError(f"{where}: {name} must be the name of a column or a text, not {found!r}")
    return found


def _pairs(declared: object, name: str, where: str) -> tuple[tuple[str, str], ...]:
    """Read a mapping of names, or a list of columns whose names are what they are called."""
    if declared is None:
        return ()
    if isinstance(declared, Mapping):
        pairs = list(declared.items())
    elif isinstance(declared, Sequence) and not isinstance(declared, str):
        pairs = [(one, one) for one in declared]
    else:
        raise ConfigError(f"{where}: {name} must be a list of columns, or a mapping of each to its name")
    if not pairs or not all(isinstance(part, str) and part.strip() for pair in pairs for part in pair):
        raise ConfigError(f"{where}: {name} must hold names of columns")
    return tuple(pairs)
