"""Fiscal calendars: where periods begin and end, and what they are called."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.errors import InputError
from guardlayer.knowledge.terms.calendar import FiscalCalendar

CALENDARS = st.builds(
    FiscalCalendar,
    st.integers(1, 12),
    st.sampled_from(["months", "4-4-5", "4-5-4", "5-4-4"]),
    st.sampled_from(["end", "start"]),
    st.sampled_from(["saturday", "sunday", "friday"]),
    st.sampled_from(["last", "nearest"]),
)


@given(CALENDARS, st.integers(1950, 2150))
def test_years_tile_time(calendar, year):
    """Quarters, halves and months fill their year, years follow one another, and weeks are 52 or 53."""
    whole = calendar.year(year)
    assert whole.end == calendar.year(year + 1).start
    for parts in (
        [calendar.quarter(year, n) for n in range(1, 5)],
        [calendar.half(year, n) for n in (1, 2)],
        [calendar.month(year, n) for n in range(1, 13)],
    ):
        assert (parts[0].start, parts[-1].end) == (whole.start, whole.end)
        assert all(a.end == b.start for a, b in pairwise(parts))
    if calendar.pattern != "months":
        assert whole.weeks in (52, 53)
        assert all(calendar.quarter(year, n).weeks in (13, 14) for n in range(1, 5))


@given(CALENDARS, st.dates(date(1950, 1, 1), date(2150, 1, 1)))
def test_every_day_is_in_one_period_of_each_kind(calendar, day):
    """And that period, by its own name, is itself."""
    for kind in ("year", "half", "quarter", "month"):
        period = calendar.containing(day, kind)
        assert period.start <= day < period.end
        if 1970 <= period.year < 2070:
            assert calendar.period(str(period)).same(period)


@pytest.mark.parametrize(
    ("pattern", "year_end", "long"),
    [("4-5-4", "nearest", {2017, 2023}), ("4-4-5", "last", {2020, 2025})],
)
def test_years_of_53_weeks_fall_where_they_do(pattern, year_end, long):
    """The retail calendar (Saturday nearest the end of January) has 53 weeks in 2017 and 2023."""
    calendar = FiscalCalendar(2, pattern, "start", "saturday", year_end)
    assert {year for year in range(2015, 2026) if calendar.year(year).weeks == 53} == long


@pytest.mark.parametrize(
    "name",
    [
        "Q3 FY26", "FY26 Q3", "Q3 FY2026", "FY2026-Q3", "Q3FY26", "3Q FY26", "3QFY26", "FQ3 2026", "fiscal Q3 2026",
        "third quarter of fiscal 2026", "Third Quarter of Fiscal Year 2026", "third fiscal quarter of 2026",
        "fiscal 2026 third quarter", "3rd quarter FY26", "Q3 of fiscal year 2025/26", "Q3, FY'26", "quarter 3 of FY26",
        "the third quarter of financial year 2026",
    ],
)  # fmt: skip
def test_a_quarter_is_found_by_every_name_it_has(name):
    """All mean August to October 2025, where years begin in February and are named by their end."""
    calendar = FiscalCalendar(2)
    ((start, end, period),) = calendar.find(f"ACV in {name} was $4.2M")
    assert (period.start, period.end) == (date(2025, 8, 1), date(2025, 11, 1))
    assert str(period) == "Q3 FY26"
    assert f"ACV in {name} was"[start:end].strip() in name


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("FY26", ("2025-02-01", "2026-02-01")),
        ("H2 FY26", ("2025-08-01", "2026-02-01")),
        ("second half of fiscal 2026", ("2025-08-01", "2026-02-01")),
        ("P1 FY26", ("2025-02-01", "2025-03-01")),
        ("Q3 2026", ("2026-07-01", "2026-10-01")),
        ("2026 H1", ("2026-01-01", "2026-07-01")),
        ("FY99", ("1998-02-01", "1999-02-01")),
    ],
)
def test_other_periods(name, bounds):
    """Years, halves and months; without the word fiscal they are civil."""
    period = FiscalCalendar(2).period(name)
    assert (str(period.start), str(period.end)) == bounds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Q5 FY26",
        "Q3",
        "in 2026",
        "FY",
        "fiscal 20% of it",
        "$2026 Q",
        "FY26.5",
        "Q3 FY2024-26",
        "H3 FY26",
        "Q3 FY1066",
    ],
)
def test_what_is_no_period_is_none(text):
    """Half a name is not guessed at."""
    assert FiscalCalendar(2).period(text) is None


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    """Whatever is written, the offsets are of the text and the periods of a calendar."""
    for start, end, period in FiscalCalendar(2).find(text):
        assert 0 <= start < end <= len(text)
        assert period.start < period.end


def test_long_texts_take_linear_time():
    """A text of nothing but beginnings of periods."""
    assert not list(FiscalCalendar(2).find("Q3 fiscal " * 20_000))
    assert not list(FiscalCalendar(2).find("FY" * 50_000))


@pytest.mark.parametrize(
    "options", [{"start_month": 0}, {"start_month": True}, {"pattern": "4-4-4"}, {"week_end": "x"}]
)
def test_a_calendar_that_cannot_be_is_refused(options):
    """The message says what may be written."""
    with pytest.raises(InputError, match="write"):
        FiscalCalendar(**options)
    with pytest.raises(InputError, match="out of range"):
        FiscalCalendar().year(1500)


def test_a_calendar_is_data():
    """Written and read it is the same."""
    calendar = FiscalCalendar(9, "5-4-4", "start", "friday", "nearest")
    assert FiscalCalendar.from_json(calendar.to_json()) == calendar
    assert calendar.containing(date(2025, 9, 30)).end - timedelta(days=1) >= date(2025, 9, 30)
