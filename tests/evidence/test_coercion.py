"""What callers hand in becomes evidence, or an error that says why not."""

from collections import deque
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.errors import InputError, LimitError
from guardlayer.evidence import coerce
from guardlayer.types import Evidence, Fact, Interval, Source, Span


def one(item, **options):
    (found,) = coerce(item, **options)
    return found


def test_strings_are_numbered():
    """A bare string is a source of its own, numbered by its place in the call."""
    first, second = coerce(["The fee is 3%.", "  ", "The fee is 4%."])
    assert (first.source.id, second.source.id) == ("call evidence #1", "call evidence #3")
    assert first.span == Span(0, 14)
    assert one("The fee is 3%.") == first


def test_nothing_is_nothing():
    """No evidence is an empty tuple, never an error and never a pass."""
    for items in (None, [], (), [[], None, [[]]], "", [" \n"]):
        assert coerce(items) == ()


def test_any_nesting():
    """Lists, tuples, sets, generators and views are read through."""
    items = [["a"], ("b", ["c", deque(["d"])]), (text for text in ("e",)), {"k": "f"}.values()]
    assert [found.text for found in coerce(items)] == list("abcdef")


def test_evidence_and_facts_keep_what_they_are():
    """What is evidence already is not rewritten, and a fact keeps its source and its time."""
    evidence = Evidence("a", Source("s"))
    valid = Interval.parse("2020", "2021")
    fact = Fact("f1", 1, "Acme", "fee", "3%", valid=valid, source=Source("ledger"))
    kept, made = coerce([evidence, fact])
    assert kept is evidence
    assert (made.fact, made.source.id, made.valid, made.text) == (fact, "ledger", valid, "Acme, fee: 3%")


def test_mappings():
    """The keys that people use for source, address, version, rank and time are understood."""
    found = one(
        {
            "page_content": "The fee is 3%.",
            "metadata": {
                "source": "Fees",
                "url": "https://acme.example/fees",
                "version": 7,
                "authority": 3,
                "effective_from": "2024-05",
                "valid_to": date(2025, 1, 1),
                "start_index": 100,
                "other": object(),
            },
        }
    )
    assert found.source == Source("Fees", "https://acme.example/fees", "7", 3, Interval.parse("2024-05", None))
    assert (found.valid.start_text, found.valid.end_text) == ("2024-05", "2025-01-01")
    assert found.span == Span(100, 114)


def test_a_source_may_be_described_in_full():
    """Under ``source`` a Source, or a mapping with its fields, is taken as it is."""
    source = Source("Fees", "https://acme.example", "1", 9)
    assert one({"text": "a", "source": source}).source is source
    described = one(
        {"text": "a", "source": {"id": "Fees", "uri": "https://acme.example", "version": "1", "authority": 9}}
    )
    assert described.source == source


@pytest.mark.parametrize("key", ["source", "url", "uri", "file_path", "title"])
def test_each_key_alone_names_the_source(key):
    """Any one of the usual keys is enough to tell where a passage comes from."""
    assert one({"text": "a", key: "https://acme.example/x"}).source.id == "https://acme.example/x"


def test_a_title_is_no_address():
    """What cannot be looked up is not offered as a place to look."""
    assert one({"text": "a", "source": "Fee schedule"}).source.uri is None
    assert one({"text": "a", "file_path": "docs/fees.md"}).source.uri == "docs/fees.md"


@pytest.mark.parametrize(
    ("metadata", "interval"),
    [
        ({"valid_from": "2024", "valid_to": "soon"}, Interval.parse("2024", None)),
        ({"valid_from": "31/12/2024"}, Interval()),
        ({"valid_from": "2025", "valid_to": "2024"}, Interval()),
        ({"valid_from": "99999-01-01", "effective_from": "2024"}, Interval.parse("2024", None)),
        ({"valid_from": float("nan"), "valid_to": ["2024"]}, Interval()),
        ({"valid_from": "9" * 10_000}, Interval()),
        ({"valid_from": datetime.max.replace(tzinfo=UTC)}, Interval.parse(datetime.max.replace(tzinfo=UTC), None)),
        ({"valid_from": "0001-01-01T00:00+14:00", "valid_to": ""}, Interval()),
    ],
)
def test_bad_dates_are_left_out(metadata, interval):
    """A date that cannot be read says nothing; it never stops the check, and never counts as another date."""
    assert one({"text": "a", **metadata}).valid == interval


@given(
    st.dictionaries(
        st.sampled_from(
            ["source", "url", "version", "authority", "valid_from", "valid_to", "start_index", "effective", "id"]
        ),
        st.recursive(
            st.one_of(
                st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.dates(), st.datetimes()
            ),
            lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
        ),
    )
)
def test_no_metadata_stops_the_check(metadata):
    """Whatever stands beside a passage, the passage is read."""
    found = one({**metadata, "text": "The fee is 3%."})
    assert found.text == "The fee is 3%."
    assert found.source.id


def test_a_newer_version_of_a_source_ends_the_older():
    """Two versions of one source that say when they took effect follow one another; other sources do not matter."""
    old, new, other = coerce(
        [
            {"text": "The fee is 3%.", "source": "Fees", "effective_from": "2023"},
            {"text": "The fee is 4%.", "source": "Fees", "effective_from": "2024-05"},
            {"text": "Fees are low.", "source": "Blog", "effective_from": "2020"},
        ]
    )
    assert (old.valid.end, old.valid.end_text) == (datetime(2024, 5, 1, tzinfo=UTC), "2024-05")
    assert new.valid.end is None
    assert other.valid.end is None


class Frame:
    """Iterates over something else than passages, as data frames and pydantic models do."""

    def __iter__(self):
        return iter(["column"])


@pytest.mark.parametrize(
    ("items", "name"),
    [
        (3, "int"),
        (b"bytes", "bytes"),
        ([3.5], "float"),
        (object(), "object"),
        (Frame(), "Frame"),
        ([["a", Frame()]], "Frame"),
    ],
)
def test_an_unknown_type_is_named(items, name):
    """The message names the type that was found, the argument, and what is accepted."""
    with pytest.raises(InputError, match=rf"^tools: .*{name} cannot be read as evidence; pass strings.*Document"):
        coerce(items, where="tools")


def test_a_mapping_without_text():
    """A mapping that holds no passage shows its keys."""
    with pytest.raises(InputError, match=r"a mapping without 'text' .its keys: 'body'"):
        coerce({"body": "a"})
    with pytest.raises(InputError, match="its keys: none"):
        coerce([{}])


def test_limits():
    """Too many, too long and too much are errors that say which bound was met."""
    assert len(coerce(["a"] * 3, max_items=3)) == 3
    with pytest.raises(LimitError, match="more than 3 pieces"):
        coerce(["a"] * 4, max_items=3)
    with pytest.raises(LimitError, match="more than 3 pieces"):
        coerce(iter(lambda: "a", "b"), max_items=3)
    with pytest.raises(LimitError, match="piece 2 has 5 characters, 4 are allowed"):
        coerce(["abcd", "abcde"], max_length=4)
    with pytest.raises(LimitError, match="more than 8 characters in all"):
        coerce(["abcde", "abcd"], max_total=8)


def test_nesting_without_end():
    """A list that holds itself is an error, not a hang."""
    loop = []
    loop.append(loop)
    with pytest.raises(InputError, match="nested more than"):
        coerce(loop)
