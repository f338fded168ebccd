"""Typed values: comparison and rendering."""

from __future__ import annotations

import pytest

from guardlayer.verifiers.values import Match, Value, compare, find, parse, render

E, R, D, I = Match.EQUAL, Match.ROUNDED, Match.DIFFERENT, Match.INCOMPARABLE  # noqa: E741


def read(text: str) -> Value:
    found = find(text)
    return found[0] if found else parse(text)


@pytest.mark.parametrize(
    ("said", "true", "match", "reverse"),
    [
        ("$4.2M", "$4,200,000", E, E),
        ("4.2 million", "$4.2M", E, E),
        ("$4.2M", "$4,182,000", R, I),
        ("$4.3M", "$4,182,000", D, D),
        ("200,000 people", "203,450 people", R, I),
        ("20 people", "22 people", D, D),
        ("30 days", "28 days", D, D),
        ("22%", "22.4%", R, I),
        ("5%", "5.25%", D, D),
        ("about 4 million", "4.2M", R, R),
        ("about 4 million", "6M", D, D),
        ("5 km", "5000 m", E, E),
        ("1 GB", "1000 MB", E, E),
        ("90 minutes", "1.5 hours", E, E),
        ("24 months", "2 years", E, E),
        ("two weeks", "14 days", E, E),
        ("1 year", "365 days", R, R),
        ("30 days", "1 month", R, R),
        ("60 days", "1 month", D, D),
        ("half of it", "50%", E, E),
        ("-5 °C", "5 °C", D, D),
        ("$10 per month", "$120 per year", E, E),
        ("$10 per month", "$10 per user", I, I),
        ("$10 per month", "$10", E, E),
        # dimensions and currencies
        ("€5", "$5", I, I),
        ("5 km", "5 kg", I, I),
        ("5 users", "5 seats", I, I),
        ("2%", "2 percentage points", I, I),
        ("Giorgia Meloni", "5", I, I),
        # a missing unit confirms and never contradicts, except of counted nouns
        ("22%", "22", E, E),
        ("22%", "25", I, I),
        ("1,300 employees", "1,200", D, D),
        ("2000", "2,000 users", E, E),
        ("2000", "2,500 users", I, I),
        # versions
        ("v2", "2.0.1", R, I),
        ("2.0", "v2.0.0", E, E),
        ("v3", "2.0.1", D, D),
        ("3.13", "v3.13", E, E),
        ("version 3.12.0rc1", "version 3.12.0", D, D),
        # booleans
        ("yes", "enabled", E, E),
        ("not enabled", "enabled", D, D),
        # dates
        ("May 2003", "2003-05-17", R, I),
        ("2003", "2003-05-17", R, I),
        ("June 2003", "2003-05-17", D, D),
        ("17 May 2003", "2003-05-17", E, E),
        ("17 May", "2003-05-17", R, I),
        ("18 May", "2003-05-17", D, D),
        ("Q3 2026", "Q2 2026", D, D),
        ("Q3", "Q3 2026", R, I),
        ("Q3 FY26", "Q3 2026", I, I),
        ("9am", "9:00", E, E),
        ("9am", "10am", D, D),
    ],
)
def test_values_without_comparator_compare_alike_in_both_directions(said, true, match, reverse):
    """Equal and different are symmetric; being less precise is rounding one way and no knowledge the other."""
    assert compare(read(said), read(true)) is match
    assert compare(read(true), read(said)) is reverse


@pytest.mark.parametrize(
    ("said", "true", "match"),
    [
        ("more than 4M", "4.2M", E),
        ("more than 5M", "4.2M", D),
        ("less than 4M", "4.2M", D),
        ("less than 5M", "4.2M", E),
        ("at least 4M", "4M", E),
        ("more than 4M", "4M", D),
        ("3-5 days", "4 days", E),
        ("3-5 days", "6 days", D),
        ("4 days", "3-5 days", I),
        ("6 days", "3-5 days", D),
        ("3-5 days", "3-5 days", E),
        ("2-6 days", "3-5 days", D),
        ("more than 2 days", "3-5 days", E),
        ("more than 4 days", "3-5 days", I),
        ("more than 5 days", "3-5 days", D),
        ("more than 3 million", "more than 4 million", E),
        ("more than 5 million", "more than 4 million", I),
        ("less than 4 million", "more than 4 million", I),
        ("less than 3 million", "more than 4 million", D),
        ("3 million", "more than 4 million", D),
        ("5 million", "more than 4 million", I),
        ("at least 6 characters", "at least 8 characters", D),
        ("up to 60 GB", "50 GB", D),
        ("up to 50 GB", "50 GB", E),
        ("40 GB", "up to 50 GB", D),
        ("before 2003", "2002-12-31", E),
        ("before 2003", "2003-01-01", D),
        ("after 2003", "2004-01-01", E),
        ("by 2025", "2025-12-31", E),
        ("by 2025", "2026-01-01", D),
        ("2010-2015", "2012", E),
        ("2010-2015", "2016", D),
        ("version 3.11 or later", "version 3.12", E),
        ("version 3.11 or later", "version 3.9", D),
    ],
)
def test_a_comparator_is_satisfied_or_not(said, true, match):
    """What is said with a comparator is judged by whether it holds, and limits are compared as limits."""
    assert compare(read(said), read(true)) is match


@pytest.mark.parametrize(
    ("true", "like", "text"),
    [
        ("$4,182,000", "$4.2M", "$4.182M"),
        ("$4,200,000", "3 million dollars", "4.2 million dollars"),
        ("4200000 users", "four million users", "4.2 million"),
        ("4%", "3 percent", "4 percent"),
        ("4%", "3 %", "4 %"),
        ("60 days", "30 days", "60 days"),
        ("1 day", "30 days", "1 day"),
        ("30 days", "1 day", "30 days"),
        ("60 days", "a 90-day window", "60-day"),
        ("2 weeks", "30 days", "14 days"),
        ("2022-10-22", "12 December 2016", "22 October 2022"),
        ("2022-10-22", "Dec. 12, 2016", "Oct. 22, 2022"),
        ("2022-10-22", "December 12, 2016", "October 22, 2022"),
        ("2022-10-22", "May 2003", "October 2022"),
        ("2022-10-22", "2003", "2022"),
        ("2022-10", "2003-05-17", "2022-10"),
        ("v2.0.1", "version 1.9", "2.0.1"),
        ("2.0.1", "v1.9", "v2.0.1"),
        ("no", "It is enabled.", "disabled"),
        ("yes", "It is not enabled.", "enabled"),
        ("5000 m", "4 km", "5 km"),
        ("1234567.5", "1 000 000 people", "1 234 567.5"),
        ("€5", "$4", "€5"),
        ("$120 per year", "$8 per month", "$120 per year"),
        ("3-5 days", "4 days", "3-5 days"),
        ("Giorgia Meloni", "Matteo Renzi", "Giorgia Meloni"),
    ],
)
def test_a_correction_is_written_in_the_style_of_the_text_it_enters(true, like, text):
    """Scale, currency sign, date format and plural follow the text; nothing is rounded away and no unit is lost."""
    assert render(parse(true), read(like)) == text
