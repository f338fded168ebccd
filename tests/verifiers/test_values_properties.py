"""Typed values: what holds for every input."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardlayer.verifiers.values import Match, ValueType, compare, find, parse, render

_VOCABULARY = """the fee is was 3 4.2 % $ € million k days day May 2003 Q3 FY26 12 - – to from between and , . ( ) + 1,000
    v2.0.1 half a of two thirds no more than at least up not enabled per month 12/13/2016 ² ½ #7 10:30 pm O'Neil twenty one
    hundred"""
_WORDS = st.sampled_from([*_VOCABULARY.split(), "1\u00a0000", " "])
_TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(_WORDS, max_size=30).map(" ".join),
    st.lists(_WORDS, max_size=30).map("".join),
    st.text(alphabet="0123456789.,-/:' $€%kM²٣", max_size=80),
)
_SCALED = {
    "k": 10**3,
    "M": 10**6,
    " thousand": 10**3,
    " million": 10**6,
    " billion": 10**9,
    " crore": 10**7,
    " lakh": 10**5,
}


@given(_TEXTS)
@settings(max_examples=400, deadline=None)
def test_every_span_slices_back_and_none_overlaps(text):
    """No text crashes the reader, and each value stands exactly where it says."""
    end = 0
    for value in find(text):
        assert value.text == text[value.start : value.end] != ""
        assert end <= value.start < value.end <= len(text)
        assert 0 <= value.phrase_start <= value.start
        assert value.end <= value.phrase_end <= len(text)
        assert value.type is not ValueType.NAME
        end = value.end


@given(_TEXTS, _TEXTS)
@settings(max_examples=300, deadline=None)
def test_any_two_values_can_be_compared_and_rendered(first, second):
    """Comparison and rendering are total; every value is equal to itself unless it is a limit it does not reach."""
    left, right = parse(first), parse(second)
    assert compare(left, right) in Match
    assert isinstance(render(left, right), str)
    for value in (*find(first), *find(second)):
        assert compare(value, value) is Match.EQUAL
        assert compare(value, left) in Match
        assert isinstance(render(value, left), str)


@given(st.integers(1, 999), st.integers(0, 9), st.sampled_from(sorted(_SCALED)))
@settings(deadline=None)
def test_a_scale_is_only_a_way_to_write_a_number(whole, tenth, scale):
    """4.2 million and 4200000 are one number."""
    said = parse(f"{whole}.{tenth}{scale}")
    assert said.low == Decimal(f"{whole}.{tenth}") * _SCALED[scale]
    assert compare(said, parse(f"{said.low:.0f} users")) in (Match.EQUAL, Match.ROUNDED)


@given(st.integers(0, 10**12), st.sampled_from(["{:,}", "{:d}"]), st.sampled_from(["$", "€", "£"]))
@settings(deadline=None)
def test_money_survives_its_grouping(amount, style, sign):
    """Grouped or not, an amount is the same amount."""
    value = parse(sign + style.format(amount))
    assert (value.type, value.low) == (ValueType.MONEY, amount)


@given(
    st.decimals(Decimal("0.01"), Decimal(10**7), places=2),
    st.sampled_from(["$1.50", "$4.2M", "3 million dollars", "USD 5", "$1,000", "$7"]),
)
@settings(deadline=None)
def test_what_is_rendered_reads_as_what_was_true(amount, like):
    """A correction says the true value, whatever the style it takes over."""
    true = parse(f"${amount}")
    assert compare(parse(render(true, parse(like))), true) is Match.EQUAL


@given(st.dates(), st.sampled_from(["12 December 2016", "Dec. 12, 2016", "2016-12-12", "December 12, 2016"]))
@settings(deadline=None)
def test_a_rendered_date_is_the_same_day(day, like):
    """Every style of a full date names the same day."""
    true = parse(day.isoformat())
    assert compare(parse(render(true, parse(like))), true) is Match.EQUAL


@given(
    st.integers(1, 400),
    st.sampled_from(["days", "weeks", "hours", "months", "years"]),
    st.sampled_from(["3 days", "2 weeks", "1 month"]),
)
@settings(deadline=None)
def test_a_rendered_duration_is_as_long(count, unit, like):
    """A duration rendered in another unit has not changed its length."""
    true = parse(f"{count} {unit}")
    assert compare(parse(render(true, parse(like))), true) is Match.EQUAL


@given(
    st.decimals(0, 10**6, places=2),
    st.decimals(0, 10**6, places=2),
    st.sampled_from(["", "%", " km", " days", " users"]),
)
@settings(deadline=None)
def test_equal_and_different_do_not_depend_on_who_speaks(a, b, unit):
    """Without comparators, A contradicts B exactly where B contradicts A."""
    left, right = parse(f"{a}{unit}"), parse(f"{b}{unit}")
    for match in (Match.EQUAL, Match.DIFFERENT):
        assert (compare(left, right) is match) is (compare(right, left) is match)


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1 ",
        "3-",
        "a ",
        "one hundred ",
        "$",
        "3 to ",
        "1,",
        "1.",
        "no more than ",
        "12/13/2016 ",
        "ab1",
        "and 5 of ",
    ],
)
def test_time_is_linear_in_the_length(unit):
    """Sixteen times the text takes nothing like 256 times as long."""
    short, long = unit * 500, unit * 8000
    find(short)

    def cost(text):
        best = float("inf")
        for _ in range(3):
            begin = time.thread_time()
            find(text)
            best = min(best, time.thread_time() - begin)
        return best

    assert cost(long) < 80 * max(cost(short), 0.0005)
