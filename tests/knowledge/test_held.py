"""What the knowledge layer says of a passage that somebody else cut out of one of its sources."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardlayer import Knowledge
from guardlayer.temporal import Interval
from guardlayer.types import Evidence, Source, Standing

NOW = datetime(2026, 11, 20, tzinfo=UTC)
THEN = datetime(2025, 6, 1, tzinfo=UTC)
KEPT = "Every account has a number of its own."


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return where the page lies that the layer has in two versions."""
    return tmp_path / "fees.md"


@pytest.fixture
def kb(page: Path) -> Knowledge:
    """Know a page in two versions."""
    kb = Knowledge.open(":memory:")
    for percent, year in ((3, 2025), (4, 2026)):
        page.write_text(f"# Fees\n\nThe transfer fee is **{percent}%** for everyone.\n\n{KEPT}\n")
        kb.ingest(page, source="fees", effective_from=f"{year}-01-01")
    return kb


def passage(text: str, source: Source | str = "fees") -> Evidence:
    """Return a passage as a retriever found it."""
    return Evidence(text, source if isinstance(source, Source) else Source(source))


@pytest.mark.parametrize(
    "text",
    [
        "The transfer fee is 3% for everyone.",
        f"The transfer fee is **3%** for everyone.\n\n{KEPT}",
        "Fees: the transfer fee is 3% for everyone. And so on.",
        "transfer fee is 3% for",
    ],
)
def test_text_that_a_newer_version_dropped_has_ended(kb: Knowledge, text: str) -> None:
    """However it was cut, and however Markdown marked it; what took its place is named, and in its time it held."""
    (held,) = kb.passages.held(passage(text), at=NOW)
    (ended,) = held.ended
    assert ended.standing is Standing.SUPERSEDED
    assert ended.replaced_by is not None
    assert "4%" in ended.replaced_by.text
    (earlier,) = kb.passages.held(passage(text), at=THEN)
    assert not earlier.ended


@pytest.mark.parametrize("text", [KEPT, "The transfer fee is 4% for everyone.", "every account has a number"])
def test_text_that_the_newest_version_has_holds(kb: Knowledge, text: str) -> None:
    """A passage that an edit left alone is as good as it was."""
    (held,) = kb.passages.held(passage(text), at=NOW)
    assert not held.ended
    assert held.standing
    assert held.source is Standing.CURRENT


def test_a_source_is_known_by_its_id_or_its_place(kb: Knowledge, page: Path) -> None:
    """Loaders name files; another source, or none of these, is not known."""
    assert kb.passages.names(Source("fees")) == ("fees",)
    assert kb.passages.names(Source(str(page))) == ("fees",)
    assert kb.passages.names(Source("chunk 7", page.as_uri())) == ("fees",)
    assert kb.passages.names(Source("wiki", "https://wiki.example")) == ()
    assert kb.passages.held(passage("The transfer fee is 3% for everyone.", "wiki"), at=NOW) == ()


def test_a_retracted_source_is_retracted_whatever_it_said(kb: Knowledge) -> None:
    """A passage that was never taken in from it goes with it."""
    kb.retract("fees", reason="forged")
    (held,) = kb.passages.held(passage("Loans are free."), at=NOW)
    assert held.source is Standing.RETRACTED


def test_a_version_that_took_effect_earlier_is_a_former_one(kb: Knowledge) -> None:
    """By the date the passage names; a number that another system counts says nothing."""

    def former(source: Source) -> bool:
        (held,) = kb.passages.held(passage("Loans are free.", source), at=NOW)
        return held.former

    assert former(Source("fees", effective=Interval.parse("2025-03-01", None)))
    assert not former(Source("fees", effective=Interval.parse("2026-03-01", None)))
    assert not former(Source("fees", version="1"))
    assert not former(Source("fees"))


def test_few_words_prove_nothing(kb: Knowledge) -> None:
    """That "3%" stood on a page that has changed says nothing of a passage in which it stands."""
    (held,) = kb.passages.held(passage("fee is"), at=NOW)
    assert not held.ended
    assert not held.standing
