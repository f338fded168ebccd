"""Instants as the database keeps them: whole microseconds, so that they compare and sort exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(value: datetime) -> int:
    """Return ``value`` as microseconds since 1970-01-01 UTC, exactly."""
    return (value - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """Return the instant ``value`` microseconds after 1970-01-01 UTC."""
    return _EPOCH + timedelta(microseconds=value)
