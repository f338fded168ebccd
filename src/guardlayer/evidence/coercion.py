"""Turn what callers hand in into evidence, whatever framework it comes from.

A framework's class is recognised only if the framework has been imported already: an object of it could not exist
otherwise. So nothing here imports one.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set, ValuesView
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from guardlayer.errors import InputError, LimitError
from guardlayer.evidence.metadata import Keys, described, source_of, span_of, updated_of, valid_of
from guardlayer.temporal import Interval, Moment
from guardlayer.types import Evidence, Fact, Source, Span, Standing

MAX_ITEMS = 1_000
"""Pieces of evidence accepted at once."""
MAX_LENGTH = 1_000_000
"""Code points accepted in one piece."""
MAX_TOTAL = 8_000_000
"""Code points accepted at once."""

_MAX_DEPTH = 16
_TEXT_KEYS = ("text", "page_content", "content", "passage")
_ACCEPTED = (
    "strings, Evidence, Fact, LangChain Document, LlamaIndex node or NodeWithScore, "
    "mappings with 'text', and lists of these"
)


def coerce(
    items: object,
    *,
    where: str = "evidence",
    name: str = "call evidence",
    metadata: Mapping[str, str | Sequence[str]] | Keys | None = None,
    max_items: int = MAX_ITEMS,
    max_length: int = MAX_LENGTH,
    max_total: int = MAX_TOTAL,
) -> tuple[Evidence, ...]:
    """Return ``items`` as evidence, in order; blank passages are left out.

    Args:
        items: ``None``, a string, :class:`Evidence`, :class:`Fact`, LangChain ``Document``, LlamaIndex node or
            ``NodeWithScore``, a mapping with ``text`` (or ``page_content``) and ``source`` or ``metadata``, or an
            list, tuple, set or iterator of these, nested as one likes. Of two versions of one source that both
            say from when they are effective, the older is taken to end where the newer begins.
        where: Name of the argument, for error messages.
        name: Id of the sources of passages that name none, with their number: ``call evidence #1``.
        metadata: Under which keys the documents say what they are, and when they hold: ``{"source": "doc_id",
            "updated": "last_edited"}``; see :class:`guardlayer.evidence.metadata.Keys`.
        max_items: Most pieces accepted.
        max_length: Longest piece accepted, in code points.
        max_total: Most code points accepted in all.

    Raises:
        InputError: Something is of another type, or nested too deep.
        LimitError: There are too many pieces, or too long ones.
        ConfigError: ``metadata`` is no such mapping.
    """
    keys = Keys.of(metadata)
    if isinstance(items, tuple) and not items:
        return ()
    found: list[_Piece] = []
    total = 0
    for number, item in enumerate(_flat(items, where, 0), start=1):
        if number > max_items:
            raise LimitError(f"{where}: more than {max_items} pieces; pass those that bear on the answer")
        piece = _evidence(item, f"{name} #{number}", where, keys)
        evidence = piece.evidence
        if len(evidence.text) > max_length:
            raise LimitError(
                f"{where}: piece {number} has {len(evidence.text)} characters, {max_length} are allowed; cut it first"
            )
        total += len(evidence.text)
        if total > max_total:
            raise LimitError(f"{where}: more than {max_total} characters in all; pass less")
        if evidence.text.strip():
            found.append(piece)
    return tuple(_succeeded(found))


def best(found: Sequence[Evidence], *, at: datetime, limit: int) -> list[Evidence]:
    """Return the first ``limit`` of ``found`` with their standing at ``at``, current ones first.

    Where all of these have ended and a later one is current, it takes the last place: who sees only what has ended
    cannot tell what is true instead.
    """
    judged = [replace(evidence, standing=standing_at(evidence, at)) for evidence in found]
    chosen = judged[:limit]
    if limit > 1 and all(evidence.standing is not Standing.CURRENT for evidence in chosen):
        chosen[-1:] = [evidence for evidence in judged if evidence.standing is Standing.CURRENT][:1] or chosen[-1:]
    return sorted(chosen, key=lambda evidence: evidence.standing is not Standing.CURRENT)


def standing_at(evidence: Evidence, at: datetime) -> Standing:
    """Return what a piece of evidence is worth at ``at``, by its valid time where nobody has said."""
    if evidence.standing is not Standing.CURRENT:
        return evidence.standing
    if evidence.valid.ended(at):
        return Standing.SUPERSEDED
    if evidence.valid.start is not None and at < evidence.valid.start:
        return Standing.FUTURE
    return Standing.CURRENT


def loaded(module: str, name: str) -> type | None:
    """Return a class of a framework if its module has been imported, without importing it."""
    found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) else None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of evidence, and what orders the versions of its source where no valid time does.

    Attributes:
        evidence: The piece.
        updated: When its version was written, if the user's mapping says where that stands.
        number: The version as a number, if the user's mapping says where that stands and it is one.
    """

    evidence: Evidence
    updated: Moment | None = None
    number: tuple[int, ...] | None = None


def _succeeded(found: Sequence[_Piece]) -> Iterator[Evidence]:
    """End each version of a source where the next one takes effect, if both say when they do.

    Else where the next one was written, or, if only their numbers are known, on a day that is not.
    """
    effective: dict[str, dict[datetime, str | None]] = defaultdict(dict)
    written: dict[str, dict[datetime, str | None]] = defaultdict(dict)
    newest: dict[str, tuple[int, ...]] = {}
    for piece in found:
        source = piece.evidence.source
        if source.effective.start is not None:
            effective[source.id][source.effective.start] = source.effective.start_text
        if piece.updated is not None:
            written[source.id][piece.updated.start] = piece.updated.text
        if piece.number is not None:
            newest[source.id] = max(piece.number, newest.get(source.id, piece.number))
    for piece in found:
        evidence, name = piece.evidence, piece.evidence.source.id
        if evidence.fact is not None or evidence.valid.end is not None:
            yield evidence
            continue
        end = _next(effective[name], evidence.source.effective.start)
        if end is None and evidence.source.effective.start is None and piece.updated is not None:
            end = _next(written[name], piece.updated.start)
        if end is not None:
            yield replace(evidence, valid=replace(evidence.valid, end=end[0], end_text=end[1]))
        elif piece.number is not None and piece.number < newest[name] and not (effective[name] or written[name]):
            yield replace(evidence, standing=Standing.SUPERSEDED)
        else:
            yield evidence


def _next(starts: Mapping[datetime, str | None], begin: datetime | None) -> tuple[datetime, str | None] | None:
    later = [start for start in starts if begin is not None and start > begin]
    return (min(later), starts[min(later)]) if later else None


def _flat(items: object, where: str, depth: int) -> Iterator[object]:
    if items is None:
        return
    if depth > _MAX_DEPTH:
        raise InputError(f"{where}: nested more than {_MAX_DEPTH} deep; pass a flat list")
    # Not every iterable: a pydantic model iterates over its fields and a data frame over the names of its columns.
    if _is_item(items) or not isinstance(items, (Sequence, Set, ValuesView, Iterator)):
        yield items
        return
    for item in items:
        yield from _flat(item, where, depth + 1)


def _is_item(thing: object) -> bool:
    return isinstance(thing, (str, bytes, bytearray, Evidence, Fact, Mapping)) or _framework(thing) is not None


def _framework(thing: object) -> str | None:
    for module, name, kind in (
        ("langchain_core.documents.base", "Document", "document"),
        ("llama_index.core.schema", "NodeWithScore", "scored"),
        ("llama_index.core.schema", "BaseNode", "node"),
    ):
        known = loaded(module, name)
        if known is not None and isinstance(thing, known):
            return kind
    return None


def _evidence(item: Any, name: str, where: str, keys: Keys) -> _Piece:
    if isinstance(item, str):
        return _Piece(Evidence(item, Source(name), Span(0, len(item))))
    if isinstance(item, Evidence):
        return _Piece(item)
    if isinstance(item, Fact):
        return _Piece(Evidence(item.text, item.source, valid=item.valid, recorded=item.recorded.start, fact=item))
    if isinstance(item, Mapping):
        return _from_mapping(item, name, where, keys)
    kind = _framework(item)
    if kind == "document":
        metadata = item.metadata if isinstance(item.metadata, Mapping) else {}
        return _described(item.page_content, metadata, getattr(item, "id", None) or name, keys)
    if kind == "scored":
        return _from_node(item.node, name, keys, item.score)
    if kind == "node":
        return _from_node(item, name, keys)
    kind_name = f"{type(item).__module__}.{type(item).__qualname__}".removeprefix("builtins.")
    raise InputError(f"{where}: {kind_name} cannot be read as evidence; pass {_ACCEPTED}")


def _from_mapping(item: Mapping[Any, Any], name: str, where: str, keys: Keys) -> _Piece:
    text = next((item[key] for key in _TEXT_KEYS if isinstance(item.get(key), str)), None)
    if text is None:
        held = ", ".join(repr(key)[:40] for key in list(item)[:5])
        raise InputError(
            f"{where}: a mapping without 'text' (its keys: {held or 'none'}); put the passage under 'text'"
        )
    inner = item.get("metadata")
    metadata = {**(inner if isinstance(inner, Mapping) else {}), **item}
    identity = item.get("id")
    return _described(text, metadata, identity if isinstance(identity, str) and identity else name, keys)


def _from_node(node: Any, name: str, keys: Keys, score: Any = None) -> _Piece:
    # NONE leaves the metadata out of the text: it is read as metadata. The enum is found in the node's own module.
    mode = sys.modules["llama_index.core.schema"].MetadataMode.NONE
    metadata = dict(node.metadata) if isinstance(node.metadata, Mapping) else {}
    start = getattr(node, "start_char_idx", None)
    if start is not None:
        metadata.setdefault("start_char_idx", start)
    identity = getattr(node, "ref_doc_id", None) or name
    return _described(node.get_content(metadata_mode=mode), metadata, identity, keys, score)


def _described(text: str, given: Mapping[Any, Any], name: str, keys: Keys, score: Any = None) -> _Piece:
    metadata = described(given, keys)
    source = source_of(metadata, fallback=name)
    valid = valid_of(metadata)
    if valid == Interval():
        valid = source.effective
    rank = float(score) if isinstance(score, (int, float)) and 0 <= score <= 1 else 1.0
    evidence = Evidence(text, source, span_of(metadata, text), valid=valid, score=rank)
    return _Piece(evidence, updated_of(given, keys), _number(source.version) if keys.version else None)


def _number(version: str | None) -> tuple[int, ...] | None:
    """Return a version that is a number, or several with dots between, so that it can be compared."""
    parts = (version or "").lstrip("vV").split(".")
    known = all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts)
    return tuple(int(part) for part in parts) if known else None
