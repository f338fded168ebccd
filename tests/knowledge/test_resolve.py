"""What is true, decided from versions alone."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.knowledge.resolve import place, resolve, same_value
from guardlayer.temporal import Interval
from guardlayer.types import Fact, Source, Standing

T0 = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2024, 6, 1, tzinfo=UTC)


def fact(number, value, start=None, end=None, *, version=1, recorded=0, closed=None, source="s", authority=0, **more):
    begun = T0 + timedelta(days=recorded)
    until = None if closed is None else T0 + timedelta(days=closed)
    return Fact(
        f"f{number}", version, "Acme", "ceo", value,
        valid=Interval.parse(start, end), recorded=Interval(begun, until), source=Source(source, authority=authority),
        **{"single": True, **more},
    )  # fmt: skip


def standings(versions, at=AT, known_at=None):
    return {
        (p.fact.id, p.fact.version): (p.standing, p.successor and p.successor.id) for p in place(versions, at, known_at)
    }


WEAKER = fact(1, "ann", "2020", source="a", authority=1)


@pytest.mark.parametrize(
    "stronger",
    [
        fact(2, "bob", "2019", source="b", corrected=True),
        fact(2, "bob", "2019", source="b", supersedes="f9"),
        fact(2, "bob", "2019", source="b", authority=2),
        fact(2, "bob", "2021", source="b", authority=1),
        fact(2, "bob", "2020", source="a", authority=1, recorded=1),
    ],
    ids=["correction", "explicit supersession", "authority", "effective date", "recorded later by the same source"],
)
def test_each_rule_of_the_order_decides_by_itself(stronger):
    """Correction > supersession > authority > effective date > recorded time; each flips the answer."""
    for versions in ((WEAKER, stronger), (stronger, WEAKER)):
        assert resolve(versions, AT).current == (stronger,)
        assert standings(versions)["f1", 1] == (Standing.SUPERSEDED, "f2")


RULES = [
    {"corrected": True}, {"supersedes": "f9"}, {"authority": 3}, {"start": "2022"},
]  # fmt: skip


@pytest.mark.parametrize("place_", range(len(RULES) - 1))
def test_a_rule_outweighs_every_rule_after_it(place_):
    """The order is an order: what comes first wins against all that comes later together."""
    later = {name: value for rule in RULES[place_ + 1 :] for name, value in rule.items()}
    first = fact(1, "ann", **{"start": "2020", **RULES[place_]}, source="a")
    second = fact(2, "bob", **{"start": "2020", **later}, source="b", recorded=5)
    assert resolve((first, second), AT).current == (first,)


def test_recorded_time_decides_nothing_between_two_sources():
    """Equal authority and equal effective date from two sources is a conflict, whoever was recorded last."""
    one, other = fact(1, "ann", "2020", source="a"), fact(2, "bob", "2020", source="b", recorded=9)
    found = resolve((one, other), AT)
    assert found.conflict
    assert found.current == ()
    assert {f.value for f in found.candidates} == {"ann", "bob"}
    assert standings((one, other)) == {("f1", 1): (Standing.DISPUTED, None), ("f2", 1): (Standing.DISPUTED, None)}


def test_sources_that_agree_are_no_conflict():
    """Two spellings of one value from two sources are one answer."""
    versions = fact(1, "Ann Lee", "2020", source="a"), fact(2, "ann lee", "2020", source="b")
    assert not resolve(versions, AT).conflict
    assert len(resolve(versions, AT).current) == 1
    assert {standing for standing, _ in standings(versions).values()} == {Standing.CURRENT}


def test_a_fact_outranked_in_a_conflict_is_superseded_without_a_successor():
    """A weaker source is not part of the dispute, and nothing is true instead while it lasts."""
    versions = (
        fact(1, "cem", "2019", source="c"),
        fact(2, "ann", "2020", source="a"),
        fact(3, "bob", "2020", source="b"),
    )
    assert standings(versions)["f1", 1] == (Standing.SUPERSEDED, None)


@pytest.mark.parametrize(
    ("at", "standing", "successor"),
    [
        ("2019-06-01", Standing.FUTURE, None),
        ("2020-01-01", Standing.CURRENT, None),
        ("2021-12-31", Standing.CURRENT, None),
        ("2022-01-01", Standing.SUPERSEDED, "f2"),
        ("2030-01-01", Standing.SUPERSEDED, None),
    ],
)
def test_valid_time_is_half_open_and_decides_the_standing(at, standing, successor):
    """Both ends of the interval flip the standing at exactly their instant."""
    versions = (fact(1, "ann", "2020", "2022"), fact(2, "bob", "2022", "2025"))
    assert standings(versions, Interval.parse(at, None).start)["f1", 1] == (standing, successor)


def test_transaction_time_is_half_open_and_decides_what_is_known():
    """A version counts from the instant it was recorded until the instant it was closed."""
    wrong, right = fact(1, "ann", closed=5), fact(1, "bob", version=2, recorded=5, operation="correct", corrected=True)
    known = lambda days, micros=0: T0 + timedelta(days=days, microseconds=micros)  # noqa: E731
    assert resolve((wrong, right), AT, known(0, -1)).current == ()
    assert resolve((wrong, right), AT, known(0)).current[0].value == "ann"
    assert resolve((wrong, right), AT, known(5, -1)).current[0].value == "ann"
    assert resolve((wrong, right), AT, known(5)).current == (right,)
    assert standings((wrong, right), known_at=known(5))["f1", 1] == (Standing.CORRECTED, "f1")
    assert standings((wrong, right), known_at=known(4)) == {("f1", 1): (Standing.CURRENT, None)}


def test_what_was_known_then_shows_no_trace_of_what_came_later():
    """A version that was closed later is open in the answer as of then."""
    closed = fact(1, "ann", closed=5)
    assert resolve((closed,), AT, T0).current[0].recorded.end is None


def test_withdrawn_is_retracted_but_undone_by_rollback_is_corrected():
    """A version closed with nothing after it was retracted, unless a rollback of what it replaced closed it."""
    retracted = (fact(1, "ann", closed=3),)
    assert standings(retracted)["f1", 1] == (Standing.RETRACTED, None)
    undone = (
        fact(1, "ann", version=1, closed=1),
        fact(1, "ann", end="2022", version=2, recorded=1, closed=2, operation="close"),
        fact(2, "bob", "2022", recorded=1, closed=2, supersedes="f1", operation="supersede"),
        fact(1, "ann", version=3, recorded=2, operation="rollback"),
    )
    assert standings(undone) == {("f1", 3): (Standing.CURRENT, None), ("f2", 1): (Standing.CORRECTED, "f1")}


def test_a_value_that_has_come_back_is_not_superseded():
    """An ended interval of a value that holds again does not make the value stale, nor does a repeated spelling."""
    versions = (fact(1, "Ann", "2010", "2012"), fact(2, "bob", "2012", "2020"), fact(3, "ann", "2020"))
    assert standings(versions)["f1", 1] == (Standing.CURRENT, None)
    assert place(versions, AT)[0].fact.id in ("f1", "f3")
    assert standings(versions)["f2", 1] == (Standing.SUPERSEDED, "f3")


def test_versions_that_only_repeat_a_value_are_represented_by_the_last():
    """Closing an interval writes a version, but says no other value: only the last is placed."""
    versions = (
        fact(1, "ann", "2010", closed=1),
        fact(1, "ann", "2010", "2012", version=2, recorded=1, operation="close"),
    )
    assert standings(versions) == {("f1", 2): (Standing.SUPERSEDED, None)}


def many(number, value, start=None, end=None, **more):
    return fact(number, value, start, end, single=False, **more)


def test_successor_of_a_many_valued_key_is_who_began_nearest_after_the_end():
    """Of several current values the one that took the place of an ended one is named; else the newest."""
    current = (many(1, "ann", "2005"), many(2, "bob", "2012"), many(3, "cem", "2018"))
    assert standings((*current, many(4, "dov", "2001", "2012")))["f4", 1] == (Standing.SUPERSEDED, "f2")
    assert standings((*current, many(4, "dov", "2001", "2013")))["f4", 1] == (Standing.SUPERSEDED, "f3")
    assert standings((*current, many(4, "dov", "2001", "2020")))["f4", 1] == (Standing.SUPERSEDED, "f3")
    assert standings((*current, many(4, "dov", "2030")))["f4", 1] == (Standing.FUTURE, "f3")


def test_an_explicit_chain_names_the_successor():
    """Who explicitly took over, directly or in turn, goes before whoever began at a fitting time."""
    versions = (
        many(1, "ann", "2005", "2012"),
        many(2, "bob", "2014", "2016", supersedes="f1"),
        many(3, "cem", "2016", supersedes="f2"),
        many(4, "dov", "2012"),
    )
    assert standings(versions)["f1", 1] == (Standing.SUPERSEDED, "f3")


def test_a_corrected_value_of_a_many_valued_key_is_succeeded_by_its_own_fact():
    """What was put right is succeeded by what it was put right to, not by another current value."""
    versions = (
        many(1, "ann", "2005", closed=1),
        many(1, "anna", "2005", version=2, recorded=1, operation="correct", corrected=True),
        many(2, "bob", "2012"),
    )
    assert standings(versions)["f1", 1] == (Standing.CORRECTED, "f1")


def test_a_chain_that_bites_its_own_tail_ends():
    """Two facts that name each other do not hang the reader."""
    versions = (many(1, "a", "2001", "2002", supersedes="f2"), many(2, "b", "2002", "2003", supersedes="f1"),
                many(3, "c", "2004"), many(4, "d", "2005"))  # fmt: skip
    assert standings(versions)["f1", 1][1] == "f3"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ann Lee", "ann  lee", True), ("Café", "cafe", True), ("3.5 %", "3.5%", True), ("Acme, Inc.", "Acme Inc", True),
        ("5", "-5", False), ("−5", "-5", True), ("A-", "A", False), ("<5", ">5", False), ("$5", "€5", False),
        ("???", "!!!", False), ("COVID-19", "covid 19", False), ("Smith - Jones", "Smith Jones", True),
    ],
)  # fmt: skip
def test_spelling_is_not_value_and_a_sign_is(one, other, same):
    """Case, accents and punctuation do not make another value; a sign, a grade or a currency does."""
    assert same_value(one, other) is same


intervals = st.sampled_from(
    [(None, None), ("2019", None), ("2020", None), ("2020", "2030"), ("2021", None), ("2019", "2023"), (None, "2024"),
     ("2026", None), ("2025", "2026")]
)  # fmt: skip


@st.composite
def histories(draw):
    """Versions of up to four facts of one key, each fact's versions one after the other in transaction time."""
    found, single = [], draw(st.booleans())
    for number in range(1, draw(st.integers(1, 4)) + 1):
        begun, count = draw(st.integers(0, 3)), draw(st.integers(1, 3))
        source, supersedes = draw(st.sampled_from("abc")), draw(st.sampled_from([None, None, "f1", "f2"]))
        for version in range(1, count + 1):
            start, end = draw(intervals)
            lasts = draw(st.sampled_from([None, 1])) if version == count else draw(st.integers(1, 2))
            closed = None if lasts is None else begun + lasts
            found.append(
                fact(
                    number, draw(st.sampled_from("xyz")), start, end, version=version, recorded=begun, closed=closed,
                    source=source, authority=draw(st.integers(0, 2)), corrected=version > 1 and draw(st.booleans()),
                    supersedes=supersedes, single=single,
                )
            )  # fmt: skip
            begun = closed or begun
    return draw(st.permutations(found))


def by_elimination(versions, at, known_at):
    """Who holds, found by throwing out the weaker by one rule after another."""
    rows = [
        v for v in versions
        if at in v.valid
        and (v.recorded.end is None if known_at is None else known_at in v.recorded)
    ]  # fmt: skip
    if rows and rows[0].single:
        for rule in (
            lambda v: v.corrected,
            lambda v: v.supersedes is not None,
            lambda v: v.source.authority,
            lambda v: v.valid.start.year if v.valid.start else 0,
        ):
            rows = [v for v in rows if rule(v) == max(map(rule, rows))]
        rows = [
            v for v in rows
            if not any(o.source.id == v.source.id and o.recorded.start > v.recorded.start for o in rows)
        ]  # fmt: skip
    return {v.value for v in rows}


known = st.one_of(st.none(), st.integers(0, 6).map(lambda days: T0 + timedelta(days=days)))


@given(histories(), known)
def test_resolution_is_elimination_by_the_rules_in_order(versions, known_at):
    """For any versions in any order the answer is what eliminating by rule after rule leaves."""
    found = resolve(versions, AT, known_at)
    left = by_elimination(versions, AT, known_at)
    if versions[0].single and len(left) > 1:
        assert found.conflict
        assert (found.current, {f.value for f in found.candidates}) == ((), left)
    else:
        assert not found.conflict
        assert {f.value for f in found.current} == left
        assert len(found.current) == len(left)


@given(histories(), known)
def test_every_value_that_was_ever_stated_is_placed_consistently(versions, known_at):
    """Each stated value is placed once a fact; standing agrees with the resolution; successors are current."""
    found, placed = resolve(versions, AT, known_at), place(versions, AT, known_at)
    seen = [v for v in versions if known_at is None or v.recorded.start <= known_at]
    assert {(p.fact.id, p.fact.value) for p in placed} == {(v.id, v.value) for v in seen}
    assert len(placed) == len({(p.fact.id, p.fact.value) for p in placed})
    assert {p.fact.value for p in placed if p.standing is Standing.CURRENT} == {f.value for f in found.current}
    assert {p.fact.value for p in placed if p.standing is Standing.DISPUTED} == {f.value for f in found.candidates}
    for item in placed:
        assert item.successor is None or item.successor in found.current
        if found.current and item.standing not in (Standing.CURRENT, Standing.DISPUTED):
            assert item.successor is not None


def test_placing_a_key_of_forty_versions_is_quick():
    """The flow places a key for each claim: forty versions take well under a millisecond even on a busy machine."""
    versions = [fact(n, f"holder {n}", str(1980 + n), str(1981 + n)) for n in range(40)]
    place(versions, AT)
    best = min(_timed(lambda: place(versions, AT)) for _ in range(50))
    assert best < 500e-6


def _timed(run):
    begun = time.thread_time()
    run()
    return time.thread_time() - begun
