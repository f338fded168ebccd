"""What the documents of a database say of a passage that came from elsewhere: a vector store, a search engine.

Such a passage was cut by somebody else, so it is compared by its words: what it shares with a passage of its source
that has ended, and with none that stands, has ended with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.sources import interval_of
from guardlayer.knowledge.store import Store
from guardlayer.temporal import Interval
from guardlayer.text import fold
from guardlayer.types import Evidence, Source, Standing

_FEW = 3
"""Words below which a passage says too little to be found in another by them."""

_MARKS = str.maketrans("", "", "*_`#|")

_NAMES = "SELECT source FROM doc_document WHERE uri = ? ORDER BY source"
_VERSIONS = """
SELECT v.state, v.effective, v.effective_text, v.label FROM doc_version AS v
JOIN doc_document AS d ON d.id = v.document WHERE d.source = ? ORDER BY v.number
"""
_PASSAGES = """
SELECT p.id, p.text FROM passage_passage AS p JOIN doc_document AS d ON d.id = p.document WHERE d.source = ?
"""

Load = Callable[[Sequence[int]], Sequence[Evidence]]
"""Read passages by their ids, each with what stands in its place."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of the source of a passage.

    Attributes:
        ended: Passages of the source that it repeats and that stand no more, each with what stands in its place.
        standing: Passages of the source that it repeats and that stand.
        source: What the source as a whole is worth: current, superseded, retracted or future.
        former: Whether the passage says of itself that it is from a version of the source that is no more.
    """

    ended: tuple[Evidence, ...]
    standing: tuple[Evidence, ...]
    source: Standing
    former: bool


def names(store: Store, source: Source) -> tuple[str, ...]:
    """Return the ids under which a source is held: its own, or those of the files it was read from."""
    if store.read("SELECT 1 FROM doc_document WHERE source = ?", (source.id,)):
        return (source.id,)
    places = {place for place in (source.uri, source.id) if place}
    places |= {PurePath(place).as_uri() for place in places if PurePath(place).is_absolute()}
    return tuple(dict.fromkeys(name for place in sorted(places) for (name,) in store.read(_NAMES, (place,))))


def held(store: Store, source: str, passage: Evidence, *, at: datetime, load: Load) -> Held | None:
    """Return what is held of the source of a passage, or ``None`` where it is not held.

    Args:
        store: The open database.
        source: The id under which it is held.
        passage: The passage, from elsewhere.
        at: The instant for which standing is judged.
        load: Reads passages.
    """
    versions = store.read(_VERSIONS, (source,))
    if not versions:
        return None
    words = _words(passage.text)
    listed = store.read(_PASSAGES, (source,))
    found = load([id_ for id_, text in listed if _shared(_words(text), words)])
    stands = [one for one in found if one.standing in (Standing.CURRENT, Standing.FUTURE)]
    repeated = [(one, _shared(_words(one.text), words)) for one in found]  # what is there as a successor shares nothing
    kept = [_words(one.text) for one in stands]
    ended = tuple(
        one for one, shared in repeated if shared and one not in stands and not any(shared in other for other in kept)
    )
    standing = tuple(one for one, shared in repeated if shared and one in stands)
    states = [(state, interval_of(effective, None, text, None), label) for state, effective, text, label in versions]
    return Held(ended, standing, _worth(states, at), _former(passage, states, at))


def _worth(states: Sequence[tuple[str, Interval, str | None]], at: datetime) -> Standing:
    """Return what the version that counts at ``at`` makes of the source."""
    if states[-1][0] == "retracted":
        return Standing.RETRACTED
    begun = [state for state, effective, _ in states if effective.start is None or effective.start <= at]
    if not begun:
        return Standing.FUTURE
    return Standing.CURRENT if begun[-1] == "present" else Standing.SUPERSEDED


def _former(passage: Evidence, states: Sequence[tuple[str, Interval, str | None]], at: datetime) -> bool:
    """Say whether a passage names a version that another has followed, by its label or by when it took effect."""
    begun = [(effective, label) for _, effective, label in states if effective.start is None or effective.start <= at]
    if not begun:
        return False
    latest, label = begun[-1]
    named = passage.source.version
    if named is not None and named != label and any(named == former for _, former in begun[:-1]):
        return True
    start = passage.source.effective.start
    return start is not None and latest.start is not None and to_micros(start) < to_micros(latest.start)


def _words(text: str) -> str:
    """Return the words between blanks, without what Markdown adds to them."""
    return f" {' '.join(fold(text).translate(_MARKS).split())} "


def _shared(one: str, other: str) -> str:
    """Return what two texts share, if one stands in the other word for word; nothing else."""
    if one == other:
        return one if one.strip() else ""
    shorter, longer = sorted((one, other), key=len)
    return shorter if shorter.count(" ") > _FEW and shorter in longer else ""
