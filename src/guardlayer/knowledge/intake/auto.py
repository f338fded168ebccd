"""Read facts by their shape alone, and leave out whatever the shape does not decide.

A fact that is read wrongly corrects right answers, one that is left out corrects nothing: so a table is read only where
its first column names things, its other columns name attributes and its cells are values rather than prose; a run of
``key: value`` lines only where a heading or title says what it is about. Two values for one key in one document are
neither of them taken.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from guardlayer.knowledge.intake.register import Stated
from guardlayer.knowledge.intake.shapes import Block, Record
from guardlayer.knowledge.intake.unit import NOTHING, NUMBER, unit_of, with_unit
from guardlayer.text import key
from guardlayer.types import Span

_GENERIC = frozenset(
    """property properties feature features field attribute key parameter setting option spec specification item metric
    criterion criteria detail details characteristic name info information category""".split()  # noqa: SIM905
)
_VALUES = frozenset("value values detail details info information setting default description amount answer".split())  # noqa: SIM905
_SUMS = frozenset("total totals sum average mean overall subtotal".split())  # noqa: SIM905
_ASIDES = frozenset(
    """note notes warning tip hint example examples see todo fixme important caution attention danger info remark
    question answer q a http https description descriptions comment
    comments e.g i.e ps update updated changed summary""".split()  # noqa: SIM905
)
_HOUSEKEEPING = frozenset(
    """title subtitle layout slug permalink draft published tags tag category categories author authors date updated
    lastmod last_modified weight order nav_order sidebar sidebar_label sidebar_position toc template id url image cover
    description summary excerpt keywords lang language locale aliases redirect_from comments hide version effective
    effective_from effective_date valid_from valid_to expires entity type source status""".split()  # noqa: SIM905
)
_TICKS = dict.fromkeys("✓✔✅☑", "yes") | dict.fromkeys("✗✘❌☒✖", "no")
_PERIOD = re.compile(r"(?:(?:Q[1-4]|H[12]|FY|CY)\b.*|(?:19|20)\d\d(?:[-/]\d{2,4})?|[A-Z][a-z]{2,8}\.? (?:19|20)\d\d)$")
_CLASSES = (
    ("money", re.compile(r"(?:[$€£¥₹]|(?:USD|EUR|GBP|CHF|JPY)\s)\s?\d|[\d.,]+\s?(?:[$€£¥₹]|USD|EUR|GBP|CHF)\b")),
    ("percent", re.compile(r"[+\-−]?[\d.,]+\s?%$")),
    ("number", NUMBER),
    ("date", re.compile(r"\d{4}-\d{2}(?:-\d{2})?$|\d{1,2} [A-Z][a-z]+ \d{4}$|[A-Z][a-z]+ \d{1,2}, \d{4}$")),
    ("yes/no", re.compile(r"(?:yes|no|true|false)$", re.IGNORECASE)),
    ("quantity", re.compile(r"[\d.,]+\s?[^\W\d_]{1,12}(?:/[^\W\d_]+)?$")),
)
_MAX_NAME, _MAX_VALUE = 80, 120


def statements(found: Iterable[Block]) -> tuple[list[Stated], list[str]]:
    """Return the facts that the shape of some blocks decides, and why others were left out."""
    several = list(found)
    stated: list[Stated] = []
    for block in several:
        if block.kind == "table":
            stated += _table(block)
        elif block.kind == "front":
            stated += _front(block)
    stated += _pairs([block for block in several if block.kind == "pairs"])
    return _unambiguous(stated)


def _unambiguous(stated: Sequence[Stated]) -> tuple[list[Stated], list[str]]:
    values: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for one in stated:
        values[key(one.entity), key(one.attribute)][one.value] = None
    kept: dict[tuple[str, str], Stated] = {}
    left_out: dict[str, None] = {}
    for one in stated:
        at = key(one.entity), key(one.attribute)
        if len(values[at]) > 1:
            left_out[f"{one.entity}, {one.attribute}: the document says {' and '.join(map(repr, values[at]))}"] = None
        else:
            kept.setdefault(at, one)
    return list(kept.values()), list(left_out)


# Tables ---------------------------------------------------------------------------------------------------------------


def _table(block: Block) -> Iterator[Stated]:
    names = list(block.names)
    width = len(names)
    if width < 2 or any(not key(name) for name in names[1:]):
        return
    first = names[0].casefold()
    rows = [record for record in block.records if len(record.cells) == width]
    if width == 2 and (first in _GENERIC or not first) and names[1].casefold() in _VALUES:
        yield from _properties(block, rows)
        return
    if all(_PERIOD.match(name) for name in names[1:]):
        yield from _periods(block, rows)
        return
    if (first in _GENERIC or not first) and width > 2 and first != "name":
        across, down = _uniform(rows, width)
        if down > across and len(rows) > 1:
            yield from _turned(names, rows)
            return
        if first or across == down:
            return
    yield from _upright(names, rows)


def _properties(block: Block, rows: Sequence[Record]) -> Iterator[Stated]:
    """Read rows of attribute and value about what the page or the heading names."""
    subject = _subject(block)
    for record in rows:
        (_, name), (_, cell) = record.cells
        if subject and _is_key(name.text) and (value := _value(cell.text)) is not None:
            yield Stated(subject, name.text, value, record.span)


def _periods(block: Block, rows: Sequence[Record]) -> Iterator[Stated]:
    """Read a column for each quarter or year, of attributes of what the page names: "Q3 FY26 revenue"."""
    subject = _subject(block)
    for record in rows:
        attribute = record.cells[0][1].text
        if not subject or not _is_key(attribute) or _PERIOD.match(attribute):
            continue
        name, unit = unit_of(attribute, [cell for _, cell in record.cells[1:]])
        for period, cell in record.cells[1:]:
            if (value := _value(cell.text)) is not None:
                yield Stated(subject, f"{period} {name[0].lower()}{name[1:]}", with_unit(value, unit), record.span)


def _upright(names: Sequence[str], rows: Sequence[Record]) -> Iterator[Stated]:
    """Read a row for each thing: its name, then a value for each attribute."""
    things = [record.cells[0][1].text for record in rows]
    counted = Counter(key(thing) for thing in things)
    if not things or sum(_is_name(thing) for thing in things) < len(things) * 0.9:
        return
    if sum(_PERIOD.match(name) is not None for name in names[1:]) > 1 or all(_PERIOD.match(thing) for thing in things):
        return
    units = [unit_of(names[column], [record.cells[column][1] for record in rows]) for column in range(len(names))]
    sort = names[0] if names[0] and names[0].casefold() not in _GENERIC and len(names[0].split()) <= 2 else ""
    for record in rows:
        thing = record.cells[0][1].text
        if not _is_name(thing) or counted[key(thing)] > 1 or key(thing) in _SUMS:
            continue
        aliases = (f"{thing} {sort.lower()}",) if sort and key(sort) not in key(thing).split() else ()
        for column in range(1, len(names)):
            name, unit = units[column]
            value = _value(record.cells[column][1].text)
            if (
                value is not None
                and _is_key(name)
                and key(name) not in _ASIDES | {"description", "comments", "comment"}
            ):
                yield Stated(thing, name, with_unit(value, unit), record.span, aliases=aliases)


def _turned(names: Sequence[str], rows: Sequence[Record]) -> Iterator[Stated]:
    """Read a column for each thing: its name above, then a value for each attribute."""
    if not all(_is_name(name) and not _PERIOD.match(name) for name in names[1:]) or len({*map(key, names)}) < len(
        names
    ):
        return
    for record in rows:
        attribute = record.cells[0][1].text
        if not _is_key(attribute):
            continue
        name, unit = unit_of(attribute, [cell for _, cell in record.cells[1:]])
        for thing, cell in record.cells[1:]:
            if (value := _value(cell.text)) is not None:
                yield Stated(thing, name, with_unit(value, unit), record.span)


def _uniform(rows: Sequence[Record], width: int) -> tuple[float, float]:
    """Return how alike the cells of one column are, and those of one row: the share that is of the commonest sort."""
    grid = [[_class(cell.text) for _, cell in record.cells[1:]] for record in rows]
    columns = [[row[number] for row in grid] for number in range(width - 1)]
    return _alike(columns), _alike(grid)


def _alike(lines: Sequence[Sequence[str]]) -> float:
    told = [[sort for sort in line if sort] for line in lines]
    told = [line for line in told if line]
    return sum(Counter(line).most_common(1)[0][1] / len(line) for line in told) / len(told) if told else 0.0


def _class(text: str) -> str:
    if text.casefold() in NOTHING:
        return ""
    if text in _TICKS:
        return "yes/no"
    return next((name for name, pattern in _CLASSES if pattern.match(text)), "text")


# Pairs ----------------------------------------------------------------------------------------------------------------


def _front(block: Block) -> Iterator[Stated]:
    """Read front matter about what the page names, but for what is there to build the site."""
    cells = {name.lower(): cell.text for name, cell in block.records[0].cells}
    subject = cells.get("entity") or _named(block.title)
    for (name, cell), span in zip(block.records[0].cells, block.records[0].places, strict=True):
        value = _value(cell.text)
        if subject and value is not None and name.lower().replace("-", "_") not in _HOUSEKEEPING:
            yield Stated(subject, name.replace("_", " "), value, span)


def _pairs(found: Sequence[Block]) -> Iterator[Stated]:
    """Read runs of ``key: value`` lines.

    Headings that each have such a run below them with a key in common name things; else the lines are about what the
    page names, if they stand right below its title.
    """
    told = [(block, _lines(block)) for block in found]
    told = [(block, lines) for block, lines in told if lines]
    shared = Counter((_level(block), norm) for block, lines in told for norm in {key(name) for name, _, _ in lines})
    for block, lines in told:
        heading = block.headings[-1] if block.headings else None
        alone = heading is None or heading[0] == 1
        names_things = heading is not None and any(shared[_level(block), key(name)] > 1 for name, _, _ in lines)
        if names_things and heading is not None:
            subject = _named(heading[1])
        elif alone and len(lines) > 1:
            subject = _subject(block)
        else:
            continue
        for name, value, span in lines:
            if subject:
                yield Stated(subject, name, value, span)


def _level(block: Block) -> int:
    return block.headings[-1][0] if block.headings else 0


def _lines(block: Block) -> list[tuple[str, str, Span]]:
    record = block.records[0]
    return [
        (name, value, span)
        for (name, cell), span in zip(record.cells, record.places, strict=True)
        if _is_key(name) and key(name) not in _ASIDES and (value := _value(cell.text)) is not None
    ]


def _subject(block: Block) -> str:
    """Return what a block is about: the title, if the document has one."""
    top = next((text for level, text in block.headings if level == 1), None)
    return _named(top or block.title)


def _named(title: str | None) -> str:
    return title if title and _is_name(title) and len(title.split()) <= 8 else ""


def _is_name(text: str) -> bool:
    words = text.split()
    return (
        0 < len(text) <= _MAX_NAME and len(words) <= 10 and any(c.isalpha() for c in text) and bool(key(text))
        and text[-1] not in ".!?:;" and text.casefold() not in NOTHING
    )  # fmt: skip


def _is_key(text: str) -> bool:
    return _is_name(text) and len(text.split()) <= 6 and len(text) <= 60


def _value(text: str) -> str | None:
    """Return a cell as a value; ``None`` if it is empty, or prose."""
    text = " ".join(text.split())
    if text.casefold() in NOTHING or len(text) > _MAX_VALUE:
        return None
    if text in _TICKS:
        return _TICKS[text]
    words = text.split()
    prose = len(words) > 15 or (len(words) > 6 and text[-1] in ".!?")
    return None if prose or not key(text) else text
