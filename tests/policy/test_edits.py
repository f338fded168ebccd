"""Edits are pure, and agree with the plainest way of making them."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.errors import InputError
from guardlayer.policy import apply_data, apply_text, canonical_json, leaf_text, pointer_get, pointer_set
from guardlayer.types import Edit

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def disjoint_edits(draw):
    text = draw(st.text(max_size=60))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    return text, [Edit(start, end, draw(st.text(max_size=6))) for start, end in spans]


def pointers(data, path=""):
    yield path
    if isinstance(data, dict):
        for name, value in data.items():
            yield from pointers(value, f"{path}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from pointers(value, f"{path}/{index}")


@given(disjoint_edits(), st.randoms())
def test_text_edits_equal_replacing_one_by_one_from_the_end(case, random):
    """Applying edits in any order gives what replacing from the last to the first gives."""
    text, edits = case
    naive = text
    for edit in reversed(edits):
        naive = naive[: edit.start] + edit.replacement + naive[edit.end :]
    shuffled = [edit for edit in edits if edit.start < edit.end]
    random.shuffle(shuffled)
    insertions = [edit for edit in edits if edit.start == edit.end]
    assert apply_text(text, shuffled + insertions) == naive


def test_no_edit_returns_the_very_text():
    """Without an edit the text is not rebuilt."""
    text = "x" * 100
    assert apply_text(text, []) is text


@pytest.mark.parametrize(
    "edits", [[Edit(0, 4, "a"), Edit(3, 5, "b")], [Edit(2, 11, "a")], [Edit(1, 5, ""), Edit(3, 3, "x")]]
)
def test_edits_that_overlap_or_lie_outside_are_refused(edits):
    """Text is never cut where two edits disagree about it."""
    with pytest.raises(InputError, match=r"overlaps|outside"):
        apply_text("0123456789", edits)


@given(JSON)
def test_every_pointer_reaches_its_value_and_sets_only_it(data):
    """Getting and setting by pointer agree, and setting never changes the value it was given."""
    before = copy.deepcopy(data)
    for pointer in pointers(data):
        assert pointer_get(pointer_set(data, pointer, "new"), pointer) == "new"
        assert pointer_set(data, pointer, pointer_get(data, pointer)) == data
    assert data == before


def test_pointers_of_the_rfc():
    """The examples of RFC 6901, section 5."""
    document = {
        "foo": ["bar", "baz"],
        "": 0,
        "a/b": 1,
        "c%d": 2,
        "e^f": 3,
        "g|h": 4,
        "i\\j": 5,
        'k"l': 6,
        " ": 7,
        "m~n": 8,
    }
    expected = {
        "": document, "/foo": ["bar", "baz"], "/foo/0": "bar", "/": 0, "/a~1b": 1, "/c%d": 2, "/e^f": 3, "/g|h": 4,
        "/i\\j": 5, '/k"l': 6, "/ ": 7, "/m~0n": 8,
    }  # fmt: skip
    assert {pointer: pointer_get(document, pointer) for pointer in expected} == expected


@pytest.mark.parametrize(
    "pointer", ["foo", "/foo/2", "/foo/01", "/foo/-", "/foo/-1", "/nope", "/foo/0/x", "/a~2b", "/foo/٠"]
)
def test_pointers_that_lead_nowhere_are_refused(pointer):
    """A wrong pointer is an error that shows it, never another place."""
    with pytest.raises(InputError) as caught:
        pointer_get({"foo": ["bar", "baz"]}, pointer)
    assert repr(pointer) in str(caught.value)


@given(JSON)
def test_leaf_edits_touch_their_leaf_alone(data):
    """Removing one leaf leaves the rest of the document equal, the document itself unchanged, the result JSON."""
    before = copy.deepcopy(data)
    for pointer in pointers(data):
        text = leaf_text(pointer_get(data, pointer))
        edited = apply_data(data, [Edit(0, len(text), "", pointer)])
        assert pointer_get(edited, pointer) is None
        assert pointer_set(edited, pointer, pointer_get(data, pointer)) == data
        json.loads(canonical_json(edited))
    assert data == before


@pytest.mark.parametrize(
    ("value", "new", "expected"),
    [
        (3, "4", 4),
        (3, "4.5", 4.5),
        (3.0, "4", 4),
        (1200, "1,300", 1300),
        (1, "1e3", 1000.0),
        (3, "about 4", "about 4"),
        (3, "007", "007"),
        (3, "1e999", "1e999"),
        (3, "٤", "٤"),
        (3, "9" * 5000, "9" * 5000),
        (True, "false", False),
        (True, "no", "no"),
        ("3", "4", "4"),
        (None, "null", None),
    ],
)
def test_a_leaf_keeps_its_type_where_the_new_text_reads_as_one(value, new, expected):
    """Numbers stay numbers, booleans booleans; text that is none of them becomes a string, not an error."""
    data = {"v": value}
    edited = apply_data(data, [Edit(0, len(leaf_text(value)), new, "/v")])["v"]
    assert edited == expected
    assert type(edited) is type(expected)


def test_objects_are_edited_only_as_a_whole():
    """Cutting into the JSON text of an object could break it, so it is refused."""
    with pytest.raises(InputError, match="more than one value"):
        apply_data({"a": {"b": 1}}, [Edit(1, 2, "x", "/a")])
    with pytest.raises(InputError, match="edited too"):
        apply_data({"a": {"b": "x"}}, [Edit(0, 1, "y", "/a/b"), Edit(0, 9, "", "/a")])


def test_values_that_json_cannot_say_are_refused():
    """NaN and foreign objects never reach the output."""
    for value in (float("nan"), {"a": object()}, {1: 2, "a": 3}):
        with pytest.raises(InputError, match="not a JSON value"):
            canonical_json(value)
