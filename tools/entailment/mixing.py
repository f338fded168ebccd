"""Puts pairs into batches: twins together, lengths alike, another order in every pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random


def batches(lengths: Sequence[int], twins: Sequence[str], *, size: int, seed: int, bucket: int = 64) -> list[list[int]]:
    """Cut one pass over the pairs into batches.

    Members of a twin group share a batch. Groups are shuffled, sorted by length within windows of ``bucket``
    batches, and cut; then the batches are shuffled, so that little is padded and no length comes first.

    Args:
        lengths: Tokens of each pair.
        twins: Twin group of each pair; empty for none.
        size: Most pairs in a batch; a group that would exceed it opens the next one.
        seed: Of this pass.
        bucket: Batches sorted together.

    Returns:
        Positions of pairs, batch by batch; each position once.
    """
    rng = Random(seed)
    groups = list(_groups(twins))
    rng.shuffle(groups)
    window, windows, filled = [], [], 0
    for group in groups:
        window.append(group)
        filled += len(group)
        if filled >= size * bucket:
            windows.append(window)
            window, filled = [], 0
    if window:
        windows.append(window)
    cut: list[list[int]] = []
    for some in windows:
        some.sort(key=lambda group: max(lengths[i] for i in group))
        batch: list[int] = []
        for group in some:
            if batch and len(batch) + len(group) > size:
                cut.append(batch)
                batch = []
            batch.extend(group)
        cut.append(batch)
    rng.shuffle(cut)
    return cut


def _groups(twins: Sequence[str]) -> Iterator[list[int]]:
    named: dict[str, list[int]] = {}
    for position, twin in enumerate(twins):
        if twin:
            named.setdefault(twin, []).append(position)
        else:
            yield [position]
    yield from named.values()


def contrasts(batch: Sequence[int], labels: Sequence[int], twins: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places in a batch of each (supported, not supported) couple of one twin group."""
    supported: dict[str, list[int]] = {}
    for place, position in enumerate(batch):
        if twins[position] and labels[position] == 0:
            supported.setdefault(twins[position], []).append(place)
    return [
        (first, place)
        for place, position in enumerate(batch)
        if labels[position] != 0
        for first in supported.get(twins[position], ())
    ]


def capped(count: int, limit: int | None, *, seed: int) -> list[int]:
    """Return the positions of at most ``limit`` of ``count`` things, drawn without repeats, in order."""
    if limit is None or limit >= count:
        return list(range(count))
    return sorted(Random(seed).sample(range(count), limit))
