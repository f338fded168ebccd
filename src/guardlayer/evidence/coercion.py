"""Turn what callers hand in into evidence, whatever framework it comes from.

A framework's class is recognised only if the framework has been imported already: an object of it could not exist
otherwise. So nothing here imports one.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set, ValuesView
from dataclasses import replace
from datetime import datetime
from typing import Any

from guardlayer.errors import InputError, LimitError
from guardlayer.evidence.metadata import source_of, span_of, valid_of
from guardlayer.temporal import Interval
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
        max_items: Most pieces accepted.
        max_length: Longest piece accepted, in code points.
        max_total: Most code points accepted in all.

    Raises:
        InputError: Something is of another type, or nested too deep.
        LimitError: There are too many pieces, or too long ones.
    """
    found: list[Evidence] = []
    total = 0
    for number, item in enumerate(_flat(items, where, 0), start=1):
        if number > max_items:
            raise LimitError(f"{where}: more than {max_items} pieces; pass those that bear on the answer")
        evidence = _evidence(item, f"{name} #{number}", where)
        if len(evidence.text) > max_length:
            raise LimitError(
                f"{where}: piece {number} has {len(evidence.text)} characters, {max_length} are allowed; cut it first"
            )
        total += len(evidence.text)
        if total > max_total:
            raise LimitError(f"{where}: more than {max_total} characters in all; pass less")
        if evidence.text.strip():
            found.append(evidence)
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


def _succeeded(found: Sequence[Evidence]) -> Iterator[Evidence]:
    """End each version of a source where the next one takes effect, if both say when they do."""
    starts: dict[str, dict[datetime, str | None]] = defaultdict(dict)
    for evidence in found:
        if evidence.source.effective.start is not None:
            starts[evidence.source.id][evidence.source.effective.start] = evidence.source.effective.start_text
    for evidence in found:
        begin = evidence.source.effective.start
        later = [start for start in starts.get(evidence.source.id, ()) if begin is not None and start > begin]
        if later and evidence.valid.end is None and evidence.fact is None:
            end = min(later)
            valid = replace(evidence.valid, end=end, end_text=starts[evidence.source.id][end])
            yield replace(evidence, valid=valid)
        else:
            yield evidence


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


def _evidence(item: Any, name: str, where: str) -> Evidence:
    if isinstance(item, str):
        return Evidence(item, Source(name), Span(0, len(item)))
    if isinstance(item, Evidence):
        return item
    if isinstance(item, Fact):
        return Evidence(item.text, item.source, valid=item.valid, recorded=item.recorded.start, fact=item)
    if isinstance(item, Mapping):
        return _from_mapping(item, name, where)
    kind = _framework(item)
    if kind == "document":
        metadata = item.metadata if isinstance(item.metadata, Mapping) else {}
        return _described(item.page_content, metadata, getattr(item, "id", None) or name)
    if kind == "scored":
        return _from_node(item.node, name, item.score)
    if kind == "node":
        return _from_node(item, name, None)
    kind_name = f"{type(item).__module__}.{type(item).__qualname__}".removeprefix("builtins.")
    raise InputError(f"{where}: {kind_name} cannot be read as evidence; pass {_ACCEPTED}")


def _from_mapping(item: Mapping[Any, Any], name: str, where: str) -> Evidence:
    text = next((item[key] for key in _TEXT_KEYS if isinstance(item.get(key), str)), None)
    if text is None:
        keys = ", ".join(repr(key)[:40] for key in list(item)[:5])
        raise InputError(
            f"{where}: a mapping without 'text' (its keys: {keys or 'none'}); put the passage under 'text'"
        )
    inner = item.get("metadata")
    metadata = {**(inner if isinstance(inner, Mapping) else {}), **item}
    identity = item.get("id")
    return _described(text, metadata, identity if isinstance(identity, str) and identity else name)


def _from_node(node: Any, name: str, score: Any) -> Evidence:
    # NONE leaves the metadata out of the text: it is read as metadata. The enum is found in the node's own module.
    mode = sys.modules["llama_index.core.schema"].MetadataMode.NONE
    metadata = dict(node.metadata) if isinstance(node.metadata, Mapping) else {}
    start = getattr(node, "start_char_idx", None)
    if start is not None:
        metadata.setdefault("start_char_idx", start)
    identity = getattr(node, "ref_doc_id", None) or name
    return _described(node.get_content(metadata_mode=mode), metadata, identity, score)


def _described(text: str, metadata: Mapping[Any, Any], name: str, score: Any = None) -> Evidence:
    source = source_of(metadata, fallback=name)
    valid = valid_of(metadata)
    if valid == Interval():
        valid = source.effective
    rank = float(score) if isinstance(score, (int, float)) and 0 <= score <= 1 else 1.0
    return Evidence(text, source, span_of(metadata, text), valid=valid, score=rank)
