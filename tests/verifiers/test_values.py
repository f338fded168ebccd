"""Typed values: what is read from texts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from guardlayer.verifiers.values import Bound, ValueType, find, parse


def one(text):
    values = find(text)
    assert len(values) == 1, values
    return values[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,000", "1000"),
        ("1,000,000.5", "1000000.5"),
        ("1.000.000", "1000000"),
        ("1.234,50 €", "1234.50"),
        ("€1.000", "1000"),
        ("€1.50", "1.50"),
        ("$1.000", "1"),
        ("1 000 000 people", "1000000"),
        ("1 234,5 km", "1234.5"),
        ("1\u202f000 users", "1000"),
        ("1'000 CHF", "1000"),
        ("12,34,567 rupees", "1234567"),
        ("4,2 km", "4.2"),
        (".5%", "0.5"),
        ("-5 °C", "-5"),
        ("−5 °C", "-5"),
        ("minus 3 degrees", "-3"),
        ("-$5", "-5"),
        ("four million users", "4000000"),
        ("a dozen eggs", "12"),
        ("twenty-three cars", "23"),
        ("three hundred and fifty thousand people", "350000"),
        ("one hundred and five users", "105"),
        ("half a million people", "500000"),
        ("two and a half million users", "2500000"),
        ("2½ km", "2.5"),
        ("5k users", "5000"),
        ("1.5m users", "1500000"),
        ("$4.2M", "4200000"),
        ("4.2 million USD", "4200000"),
        ("£5bn", "5000000000"),
        ("₹3 crore", "30000000"),
        ("2 lakh users", "200000"),
        ("50 cents", "0.5"),
        ("five (5) users", "5"),
    ],
)
def test_a_numeral_is_read_with_its_grouping_words_and_scale(text, number):
    """The same amount is the same number however the world writes it."""
    assert one(text).low == Decimal(number)


@pytest.mark.parametrize(
    ("text", "type_", "unit"),
    [
        ("US$5", ValueType.MONEY, "USD"),
        ("A$5", ValueType.MONEY, "AUD"),
        ("EUR 5", ValueType.MONEY, "EUR"),
        ("5 euros", ValueType.MONEY, "EUR"),
        ("5 million pounds", ValueType.MONEY, "GBP"),
        ("weighs 5 pounds", ValueType.NUMBER, "lb"),
        ("22%", ValueType.PERCENT, "%"),
        ("22 per cent", ValueType.PERCENT, "%"),
        ("half of users", ValueType.PERCENT, "%"),
        ("2 percentage points", ValueType.PERCENT, "pp"),
        ("50 basis points", ValueType.PERCENT, "pp"),
        ("a 90-day window", ValueType.DURATION, "day"),
        ("five business days", ValueType.DURATION, "day"),
        ("two weeks", ValueType.DURATION, "week"),
        ("5 km²", ValueType.NUMBER, "km²"),
        ("120 square kilometres", ValueType.NUMBER, "km²"),
        ("100 km/h", ValueType.NUMBER, "km/h"),
        ("2.5GHz", ValueType.NUMBER, "GHz"),
        ("3 open tickets", ValueType.NUMBER, "ticket"),
        ("1,200 people", ValueType.NUMBER, "person"),
        ("1500 km", ValueType.NUMBER, "km"),
        ("2003 users signed up", ValueType.NUMBER, "user"),
        ("In 2003 users were few", ValueType.DATE, None),
        ("more than 2000", ValueType.NUMBER, None),
    ],
)
def test_a_quantity_has_the_type_and_unit_that_stand_with_it(text, type_, unit):
    """What stands before or behind a number says what it is; a bare number of four digits is a year."""
    value = one(text)
    assert (value.type, value.unit) == (type_, unit)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("more than 4 users", Bound.MORE),
        ("over 4 users", Bound.MORE),
        ("exceeds 4%", Bound.MORE),
        ("doesn't exceed 4%", Bound.AT_MOST),
        ("at least 4 users", Bound.AT_LEAST),
        ("no less than 4 users", Bound.AT_LEAST),
        ("a minimum of 4 users", Bound.AT_LEAST),
        ("4 or more", Bound.AT_LEAST),
        ("18 or older", Bound.AT_LEAST),
        ("100+ employees", Bound.AT_LEAST),
        (">= 4", Bound.AT_LEAST),
        ("up to 4 GB", Bound.AT_MOST),
        ("no more than 4 seats", Bound.AT_MOST),
        ("not more than 4%", Bound.AT_MOST),
        ("≤ 4 km", Bound.AT_MOST),
        ("under 4 km", Bound.LESS),
        ("fewer than 4 users", Bound.LESS),
        ("about 4%", Bound.ABOUT),
        ("~40", Bound.ABOUT),
        ("nearly 40 users", Bound.ABOUT),
        ("before May 2020", Bound.LESS),
        ("after 1999", Bound.MORE),
        ("by 2025", Bound.AT_MOST),
        ("since 2019", Bound.EXACT),
        ("until 2019", Bound.EXACT),
        ("within 30 days", Bound.EXACT),
        ("3-5 days", Bound.RANGE),
        ("between 3 and 5 weeks", Bound.RANGE),
        ("from 3 to 5 months", Bound.RANGE),
        ("$3-5 million", Bound.RANGE),
        ("2010–12", Bound.RANGE),
        ("exactly 4 users", Bound.EXACT),
    ],
)
def test_the_words_around_a_value_become_its_bound(text, bound):
    """A comparator is part of what is said; none of its words is lost and none is read into the number."""
    assert one(text).bound is bound


def test_the_lower_end_of_a_range_takes_the_scale_and_unit_of_the_upper():
    """ "$3-5 million" begins at three million dollars, not at three."""
    value = one("$3-5 million")
    assert (value.low, value.high, value.unit) == (3_000_000, 5_000_000, "USD")


def test_a_change_is_two_values_and_no_range():
    """ "Rose from 3 % to 4 %" says that it is 4 % now, not that it lies between the two."""
    assert [value.low for value in find("The fee rose from 3% to 4%.")] == [3, 4]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2003-05-17", "2003-05-17"),
        ("2003-05", "2003-05"),
        ("2003-05-17T12:00:00Z", "2003-05-17"),
        ("12 December 2016", "2016-12-12"),
        ("12th of December, 2016", "2016-12-12"),
        ("Dec. 12, 2016", "2016-12-12"),
        ("December 12th, 2016", "2016-12-12"),
        ("12/13/2016", "2016-12-13"),
        ("13/12/2016", "2016-12-13"),
        ("05/05/2016", "2016-05-05"),
        ("03/04/2016", "2016"),
        ("2016/12/13", "2016-12-13"),
        ("12.12.2016", "2016-12-12"),
        ("May 2003", "2003-05"),
        ("in 2003", "2003"),
        ("the 1990s", "1990s"),
    ],
)
def test_a_date_keeps_the_precision_it_was_written_in(text, iso):
    """A date is never made more precise than it was, and an ambiguous one keeps only what its readings share."""
    value = one(text)
    assert value.type is ValueType.DATE
    assert value.date is not None
    assert value.date.text == iso


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Q3 FY26", "FY26-Q3"),
        ("Q3 2026", "2026-Q3"),
        ("H1 2025", "2025-H1"),
        ("FY2026", "FY26"),
        ("25 December", "--12-25"),
        ("in May", "--05"),
        ("9:30", "T09:30"),
        ("5pm", "T17:00"),
        ("9 a.m.", "T09:00"),
        ("12 am", "T00:00"),
        ("300 BC".replace("300", "1300"), "1300 BC"),
    ],
)
def test_a_period_or_time_without_a_place_in_history_is_a_label(text, label):
    """Quarters, yearless dates and times of day are dates without an ordinal, and never numbers."""
    value = one(text)
    assert (value.type, value.unit, value.low) == (ValueType.DATE, label, None)


@pytest.mark.parametrize(
    "text",
    [
        "Formula 1 and Route 66",
        "COVID-19",
        "Elizabeth II",
        "Windows 11 and iPhone 15",
        "Boeing 747-400",
        "GPT-4, B2B, 3D, 5G, F1",
        "See section 3, step 2, page 5, no. 7 and #12.",
        "Section 4.2 applies.",
        "https://example.com/v1/users/123?page=4",
        "call 555-123-4567",
        "a 2-1 win, 24/7 support",
        "the 3rd place in the 21st century",
        "one of the best; no one; this one",
        "hundreds of users",
        "the twenty-first",
        "We may march on.",
        "x_7 and 7_b and 10x",
    ],
)
def test_numbers_in_names_labels_and_codes_are_no_quantities(text):
    """A number that names a thing counts nothing, so it can contradict nothing."""
    assert find(text) == ()


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v2.0.1", (2, 0, 1)),
        ("2.0.1", (2, 0, 1)),
        ("version 3.12", (3, 12)),
        ("Python 3.12", (3, 12)),
        ("version 4", (4,)),
    ],
)
def test_a_version_needs_two_dots_or_a_word_that_announces_it(text, version):
    """3.12 is a number, and a version only where something says so."""
    value = one(text)
    assert (value.type, value.version) == (ValueType.VERSION, version)
    assert one("it weighs 3.12 kg").type is ValueType.NUMBER


@pytest.mark.parametrize(
    ("text", "flag"),
    [("It is enabled.", True), ("It is not enabled.", False), ("It isn't disabled.", True), ("No, it is.", False)],
)
def test_a_boolean_is_read_with_its_negation(text, flag):
    """ "Not enabled" is disabled."""
    assert one(text).flag is flag


def test_compound_durations_are_one_value():
    """An hour and thirty minutes is ninety minutes; years and months are counted in months."""
    assert one("1 hour 30 minutes").low == 5400
    assert one("2 years and 3 months").low == 27


def test_a_rate_keeps_what_it_counts_by():
    """Twenty dollars a month is not twenty dollars."""
    assert [value.per for value in find("$20 per month, $5/user, $9 a year")] == ["month", "user", "year"]


def test_several_values_of_one_sentence_come_in_order():
    """Label, money and percentage of one sentence are three values, left to right."""
    found = find("Acme's Q3 FY26 revenue was $4.2M, up 22% from last year.")
    assert [(value.type, value.text) for value in found] == [
        (ValueType.DATE, "Q3 FY26"),
        (ValueType.MONEY, "$4.2M"),
        (ValueType.PERCENT, "22%"),
    ]


@pytest.mark.parametrize(
    ("text", "unit", "type_"),
    [
        ("$4.2M", None, ValueType.MONEY),
        ("22 %", None, ValueType.PERCENT),
        ("2003-05", None, ValueType.DATE),
        ("v2.0.1", None, ValueType.VERSION),
        ("30 days", None, ValueType.DURATION),
        ("30 days from purchase", None, ValueType.DURATION),
        ("3 to 5", None, ValueType.NUMBER),
        ("yes", None, ValueType.BOOLEAN),
        ("no", None, ValueType.BOOLEAN),
        ("22", "%", ValueType.PERCENT),
        ("30", "days", ValueType.DURATION),
        ("4200000", "USD", ValueType.MONEY),
        ("3.12", "version", ValueType.VERSION),
        ("1500", "km", ValueType.NUMBER),
        ("Giorgia Meloni", None, ValueType.NAME),
        ("7 Wonders", None, ValueType.NAME),
        ("30 Rock", None, ValueType.NAME),
        ("Blink-182", None, ValueType.NAME),
        ("FC Schalke 04", None, ValueType.NAME),
        ("1. FC Köln", None, ValueType.NAME),
        ("Theresa May", None, ValueType.NAME),
        ("One Direction", None, ValueType.NAME),
        ("", None, ValueType.NAME),
    ],
)
def test_a_whole_fact_value_is_typed_or_a_name(text, unit, type_):
    """A value that only contains a number is a name; one that is a quantity is typed; both span the whole text."""
    value = parse(text, unit)
    assert (value.type, value.start, value.end, value.text) == (type_, 0, len(text), text)
