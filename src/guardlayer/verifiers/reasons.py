"""How verdicts over facts are put into words: one sentence that names values, dates and sources."""

from __future__ import annotations

from collections.abc import Iterable

from guardlayer.types import Evidence, Fact, Standing


def office(fact: Fact) -> str:
    """Name a key as people do: "President of Italy", "list price of Acme"."""
    narrowed = "".join(f" ({value})" for _, value in fact.qualifiers)
    if fact.entity.casefold() in fact.attribute.casefold():
        return fact.attribute + narrowed
    return f"{fact.attribute} of {fact.entity}{narrowed}"


def quoted(fact: Fact) -> str:
    """Say what a fact says."""
    return f"{office(fact)}: {fact.value}"


def _since(fact: Fact) -> str:
    return f"since {fact.valid.start_text} " if fact.valid.start_text else ""


def is_now(fact: Fact) -> str:
    """Say what is true now, and since when."""
    return f"{_since(fact)}{office(fact)} is {fact.value} ({fact.source})"


def says(fact: Fact) -> str:
    """Say what a fact says, and since when."""
    since = f", since {fact.valid.start_text}" if fact.valid.start_text else ""
    return f"{office(fact)} is {fact.value}{since} ({fact.source})"


def was_then(fact: Fact) -> str:
    """Say what was true, and when."""
    return f"{office(fact)} was {fact.value} from {fact.valid} ({fact.source})"


def because(fact: Fact) -> str:
    """Give the reason that was recorded with a fact version, in brackets."""
    return f" ({fact.reason})" if fact.reason else ""


def until(fact: Fact, now: Fact | None, standing: Standing) -> str:
    """Say what was true until when, and what is true instead."""
    if standing is Standing.CORRECTED:
        when = fact.recorded.end.date().isoformat() if fact.recorded.end else "later"
        by = f" by {now.author}" if now is not None and now.author else ""
        why = f" ({now.reason})" if now is not None and now.reason else ""
        head = (
            f"{fact.value} was recorded as {office(fact)} until {when} and then corrected{by}{why}: it was never true"
        )
    elif standing is Standing.RETRACTED:
        head = f"{fact.source} withdrew {quoted(fact)}{because(fact)}"
    elif fact.valid.end_text or fact.valid.end is not None:
        end = fact.valid.end_text or (fact.valid.end.date().isoformat() if fact.valid.end else "")
        head = f"{fact.value} was {office(fact)} until {end}"
    else:
        head = f"{fact.value} as {office(fact)} ({fact.source}) has been superseded"
    if now is None:
        return f"{head}; no successor is recorded"
    since = f"since {now.valid.start_text} it is" if now.valid.start_text else "now it is"
    return f"{head}; {since} {now.value} ({now.source})"


def disagreement(fact: Fact, disputed: Iterable[Evidence]) -> str:
    """Say which sources disagree."""
    rivals = [f"{_value(piece)} ({piece.source})" for piece in disputed if _value(piece) != fact.value]
    against = ", ".join(sorted(set(rivals))) or "another source of equal authority says otherwise"
    return f"sources of equal authority disagree: {quoted(fact)} ({fact.source}); {against}"


def _value(piece: Evidence) -> str:
    return piece.fact.value if piece.fact is not None else piece.text
