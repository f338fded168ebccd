"""What a passage is worth at an instant."""

from __future__ import annotations

from datetime import datetime

from guardlayer.types import Evidence, Standing


def standing_at(piece: Evidence, at: datetime) -> Standing:
    """Return what a passage is worth at ``at``: its standing, or what the interval it holds for makes of that."""
    if piece.standing is Standing.CURRENT:
        for interval in (piece.valid, piece.source.effective):
            if interval.ended(at):
                return Standing.SUPERSEDED
            if interval.start is not None and at < interval.start:
                return Standing.FUTURE
    return piece.standing
