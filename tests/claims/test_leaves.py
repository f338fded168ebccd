"""Structured output."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from guardlayer.claims import TextSplitter
from guardlayer.claims.leaves import humanised
from guardlayer.types import Draft, Form, Split

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


def _at(data: Any, pointer: str) -> Any:
    """Resolve an RFC 6901 pointer."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        data = data[int(key)] if isinstance(data, list) else data[key]
    return data


def test_a_leaf_is_read_with_its_keys_and_its_siblings_name(split: Callable[..., Split]) -> None:
    """*42* at ``/products/0/list_price`` is the list price of the product named beside it."""
    data = {"products": [{"name": "Acme Pro", "list_price": 42, "plan": {"seatLimit": 5, "a/b~c": True}}]}
    assert [(claim.text, claim.path, claim.form) for claim in split(data=data).claims] == [
        ("products, name: Acme Pro", "/products/0/name", Form.LEAF),
        ("Acme Pro, list price: 42", "/products/0/list_price", Form.LEAF),
        ("Acme Pro, plan, seat limit: 5", "/products/0/plan/seatLimit", Form.LEAF),
        ("Acme Pro, plan, a/b~c: true", "/products/0/plan/a~1b~0c", Form.LEAF),
    ]


def test_keys_are_read_as_words() -> None:
    """Snake case, camel case and kebab case are words; what is in capitals stays so."""
    assert [humanised(key) for key in ("list_price", "listPrice", "list-price", "Q3Revenue", "URL", "Acme")] == [
        "list price", "list price", "list price", "Q3 revenue", "URL", "Acme",
    ]  # fmt: skip


def test_prose_in_a_leaf_is_split_and_keeps_its_path(split: Callable[..., Split]) -> None:
    """A leaf of several sentences holds several claims, each counted in the leaf."""
    text = "The fee is 3%. The tax is 4%."
    claims = split(data={"answer": text}).claims
    assert [(text[c.start : c.end], c.path) for c in claims] == [
        ("The fee is 3%.", "/answer"),
        ("The tax is 4%.", "/answer"),
    ]


def test_a_fragment_under_an_answering_key_is_read_against_the_question(split: Callable[..., Split]) -> None:
    """A structured answer is an answer."""
    claim = split(data={"answer": "Ann Lee"}, question="Who is the CEO of Acme?").claims[0]
    assert claim.text == "The CEO of Acme is Ann Lee."


def test_what_is_empty_too_deep_or_too_many_is_reported(split: Callable[..., Split]) -> None:
    """Nothing is dropped in silence, and no depth exhausts the stack."""
    deep: Any = "end"
    for _ in range(10_000):
        deep = {"a": [deep]}
    result = split(data={"x": None, "y": "", "z": {}, "deep": deep})
    assert result.claims == ()
    reasons = [region.reason for region in result.skipped]
    assert reasons[:3] == ["null at /x", "empty string at /y", "empty object at /z"]
    assert reasons[3].startswith("deeper than 64 levels at /deep/a/0/a")
    many = TextSplitter(max_leaves=3)(Draft("[]", datetime(2024, 1, 1, tzinfo=UTC), "call", data=list(range(10))))
    assert len(many.claims) == 3
    assert "more than 3 leaves" in many.skipped[0].reason


@given(JSON)
def test_pointers_resolve_and_pieces_stand_in_the_leaf(split: Callable[..., Split], data: Any) -> None:
    """Every claim names the leaf it came from and maps to the leaf's own string form, for any JSON value."""
    if data is None:
        return
    for claim in split(data=data).claims:
        leaf = _at(data, claim.path)
        import json

        form = leaf if isinstance(leaf, str) else json.dumps(leaf, ensure_ascii=False)
        assert 0 <= claim.start < claim.end <= len(form)
        for piece in claim.pieces:
            said = claim.text[piece.text_start : piece.text_start + piece.length]
            assert said == form[piece.draft_start : piece.draft_start + piece.length]


def test_a_company_names_what_stands_beside_it(split: Callable[..., Split]) -> None:
    """Rows are often named by what they are rows of, not by a key called name."""
    texts = [claim.text for claim in split(data={"company": "Acme", "ceo": "Ann Lee"}).claims]
    assert texts == ["company: Acme", "Acme, ceo: Ann Lee"]
