"""`Sourced` fields: checked by key, replaced as their type, and nothing else of the model touched."""

from __future__ import annotations

import gc
import pickle
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from guardlayer import Action, Guard, GuardViolation, HasProvenance, Label, Sourced, provenance_of
from guardlayer.errors import ConfigError, InputError, ResponseTypeError
from guardlayer.slots import sourced as kept
from guardlayer.wrapping import reports


class Line(BaseModel):
    product: str
    price: Annotated[Decimal, Sourced("{product}", "list price")] | None = None
    note: str = ""


class Quote(HasProvenance, BaseModel):
    company: str = "Acme"
    lines: list[Line] = []
    by_name: dict[str, Line] = {}
    first: Line | None = None


class Typed(BaseModel):
    founded: Annotated[date, Sourced("Acme", "founded")] = date(1990, 5, 3)
    discount: Annotated[float, Sourced("Acme", "discount", fraction=True)] = 0.05
    percent: Annotated[int, Sourced("Acme", "discount")] = 5
    revenue: Annotated[int, Sourced("Acme", "revenue")] = 4_200_000_000
    employees: Annotated[int, Sourced("Acme", "employees")] = 1234
    public: Annotated[bool, Sourced("Acme", "public")] = True
    seat: Annotated[str, Sourced("Acme", "headquarters")] = "Springfield"
    eu: Annotated[Decimal, Sourced("Acme", "list price", qualifiers={"region": "EU"})] = Decimal(45)
    then: Annotated[Decimal, Sourced("Acme", "list price", at="2024-06-01")] = Decimal(39)


def test_a_stale_field_gets_its_current_value_as_its_type(guard: Guard) -> None:
    """Under enforce the field holds what its source says now, as a Decimal, and says where it comes from."""
    line = guard.validate(Line, {"product": "Acme", "price": 39, "note": "The moon is a cheese."})
    assert line == Line(product="Acme", price=Decimal("49.90"), note="The moon is a cheese.")
    found = provenance_of(line)["price"]
    assert (found.verdict, found.action) == (Label.STALE, Action.CORRECT)
    assert (found.said, found.value) == ("39", "49.90")
    assert found.source is not None
    assert found.source.id == "price list 2025"


async def test_the_async_driver_does_the_same(guard: Guard) -> None:
    """`avalidate` is `validate`."""
    data = {"product": "Acme", "price": 39}
    assert await guard.avalidate(Line, data) == guard.validate(Line, data)


def test_every_type_is_compared_as_itself(guard: Guard) -> None:
    """Dates, per cent, scaled money, numbers, booleans, names: true values are supported, whatever their spelling."""
    typed = guard.validate(Typed, {name: getattr(Typed(), name) for name in Typed.model_fields})
    assert typed == Typed()
    assert {name: str(item.verdict) for name, item in provenance_of(typed).items()} == dict.fromkeys(
        Typed.model_fields, "supported"
    )


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("founded", "1991-01-01"), ("discount", 0.5), ("percent", 7), ("revenue", 3), ("employees", 1), ("public", False),
        ("seat", "Boston"), ("eu", "49.90"), ("then", "49.90"),
    ],
)  # fmt: skip
def test_every_type_is_replaced_as_itself(guard: Guard, name: str, wrong: Any) -> None:
    """A wrong value of any type is replaced by the true one, for its qualifiers and its day."""
    typed = guard.validate(Typed, {name: wrong})
    assert typed == Typed()
    assert type(getattr(typed, name)) is type(getattr(Typed(), name))
    assert provenance_of(typed)[name].action is Action.CORRECT


def test_lists_and_nested_models(guard: Guard) -> None:
    """Fields are found at any depth, each with the siblings of its own model; each model has its own provenance."""
    data = {
        "lines": [{"product": "Acme", "price": 39}, {"product": "Nobody", "price": 1}],
        "by_name": {"a/b": {"product": "Acme", "price": 1}},
        "first": {"product": "Acme", "price": "49.90"},
    }
    quote = guard.validate(Quote, data)
    assert [line.price for line in quote.lines] == [Decimal("49.90"), Decimal(1)]
    assert quote.by_name["a/b"].price == Decimal("49.90")
    assert {path: str(item.verdict) for path, item in quote.provenance.items()} == {
        "lines/0/price": "stale",
        "lines/1/price": "unsupported",
        "by_name/a~1b/price": "contradicted",
        "first/price": "supported",
    }
    assert provenance_of(quote.lines[0])["price"].verdict is Label.STALE
    assert provenance_of(quote.by_name["a/b"])["price"].verdict is Label.CONTRADICTED


def test_other_fields_are_behavior(guard: Guard) -> None:
    """A model that says what has a source has said what has none: its other fields are exempt, and counted so."""
    report = guard.check('{"product": "Acme", "price": 39, "note": "The fee of Acme is 3%."}', schema=Line)
    assert [(c.path, str(c.verdict)) for c in report.claims] == [
        ("/product", "exempt"), ("/price", "stale"), ("/note", "exempt"),
    ]  # fmt: skip
    assert report.coverage.exempt == 2
    assert "49.9" in report.output


def test_wrapped_calls_check_models_by_key(guard: Guard) -> None:
    """What a function returns as a model is checked by key without more ado, and reported."""

    @guard
    def quote() -> Quote:
        return Quote(lines=[Line(product="Acme", price=Decimal(39))])

    with reports() as seen:
        answer = quote()
    assert answer.lines[0].price == Decimal("49.90")
    assert answer.provenance["lines/0/price"].source.id == "price list 2025"
    assert [c.path for c in seen[0].claims if str(c.kind) == "fact"] == ["/lines/0/price"]


def test_plain_validation_takes_no_notice() -> None:
    """Without a guard a model is a model: it validates, dumps, copies, pickles and describes itself as ever."""
    line = Line.model_validate({"product": "Acme", "price": "39"})
    assert line.price == Decimal(39)
    assert provenance_of(line) == {}
    assert "price" in Line.model_json_schema()["properties"]
    with pytest.raises(ValidationError):
        Line.model_validate({"product": "Acme", "price": "cheap"})


def test_a_validation_context_brings_the_guard(guard: Guard) -> None:
    """`model_validate(data, context={"guardlayer": guard})` checks each field as it is validated, nested ones too."""
    quote = Quote.model_validate({"lines": [{"product": "Acme", "price": 39}]}, context={"guardlayer": guard})
    assert quote.lines[0].price == Decimal("49.90")
    strict = Guard(knowledge=guard.knowledge, log=None, policy="strict")
    with pytest.raises(ValidationError, match="stale"):
        Quote.model_validate({"lines": [{"product": "Acme", "price": 39}]}, context={"guardlayer": strict})


def test_a_key_from_a_later_field_is_an_error_in_a_context(guard: Guard) -> None:
    """A validation context sees fields in their order: a key from a field declared later is refused, not skipped."""

    class Late(BaseModel):
        price: Annotated[Decimal, Sourced("{product}", "list price")]
        product: str

    with pytest.raises(ValidationError, match="declared before"):
        Late.model_validate({"product": "Acme", "price": 39}, context={"guardlayer": guard})
    assert guard.validate(Late, {"product": "Acme", "price": 39}).price == Decimal("49.90")


def test_provenance_leaves_the_model_alone(guard: Guard) -> None:
    """Equality, dumps, copies and pickles do not know of it; it goes when the instance goes."""
    line = guard.validate(Line, {"product": "Acme", "price": 39})
    plain = Line(product="Acme", price=Decimal("49.90"))
    assert line == plain
    assert line.model_dump() == plain.model_dump()
    assert line.model_dump_json() == plain.model_dump_json()
    assert pickle.loads(pickle.dumps(line)) == plain
    assert provenance_of(line.model_copy()) == {}
    place = id(line)
    del line
    gc.collect()
    assert place not in kept._KEPT


def test_a_policy_that_blocks_raises(guard: Guard) -> None:
    """There is no refusal of a model's type: a block is a violation, with the report."""
    with pytest.raises(GuardViolation) as caught:
        guard.validate(Line, {"product": "Acme", "price": 39}, policy="strict")
    assert caught.value.report.action is Action.BLOCK


def test_observe_changes_nothing_and_tells(guard: Guard) -> None:
    """Under observe the value stays, and its provenance says what is wrong with it."""
    line = guard.validate(Line, {"product": "Acme", "price": 39}, policy="observe")
    assert line.price == Decimal(39)
    assert provenance_of(line)["price"].verdict is Label.STALE


def test_a_value_that_does_not_fit_is_never_squeezed_in(guard: Guard) -> None:
    """Where the source's value is none of the field's type, the field is taken out, or the violation names it."""

    class Odd(BaseModel):
        seat: Annotated[int, Sourced("Acme", "headquarters")] = 3

    with pytest.raises(GuardViolation, match="seat"):
        guard.validate(Odd, {"seat": 3})


@pytest.mark.parametrize(("name", "label"), [("Zeta", "disputed"), ("Mercury", "unverifiable")])
def test_disagreement_and_ambiguity_are_said(guard: Guard, name: str, label: str) -> None:
    """A key that sources disagree on is disputed, a name of several things cannot be checked: neither is guessed."""

    class Seats(BaseModel):
        name: str
        seats: Annotated[int, Sourced("{name}", "seats")]

    found = guard.validate(Seats, {"name": name, "seats": 10}, policy="annotate")
    assert str(provenance_of(found)["seats"].verdict) == label


def test_a_missing_sibling_is_unverifiable(guard: Guard) -> None:
    """Without the value its key takes, a field cannot be checked; that is said, and is not an error."""

    class Loose(BaseModel):
        product: str | None = None
        price: Annotated[Decimal, Sourced("{product}", "list price")]

    found = guard.validate(Loose, {"price": 39}, policy="annotate")
    assert provenance_of(found)["price"].verdict is Label.UNVERIFIABLE


def test_aliases(guard: Guard) -> None:
    """Data under aliases is checked where it stands, and comes back under them."""

    class Aliased(BaseModel):
        name: str = Field(alias="productName")
        price: Annotated[Decimal, Sourced("{name}", "list price")] = Field(alias="unitPrice")

    report = guard.check('{"productName": "Acme", "unitPrice": 39}', schema=Aliased)
    assert [(c.path, str(c.verdict)) for c in report.claims] == [("/productName", "exempt"), ("/unitPrice", "stale")]
    assert guard.validate(Aliased, {"productName": "Acme", "unitPrice": 39}).price == Decimal("49.90")


def test_wrong_declarations_and_data_say_so(guard: Guard) -> None:
    """A malformed template, a schema that is none, and data that does not fit are errors that name what is wrong."""
    for entity in ("", "{a.b}", "{", "{a!r}"):
        with pytest.raises(ConfigError, match="Sourced"):
            Sourced(entity, "price")
    with pytest.raises(InputError, match="price"):
        guard.validate(Line, {"product": "Acme", "price": "cheap"})
    with pytest.raises(ConfigError, match="BaseModel"):
        guard.validate(dict, {})
    with pytest.raises(InputError, match="schema"):
        guard.check("The price is $39.", schema=Line)


Price = Annotated[Decimal, Sourced("{product}", "list price")]


class Prices(HasProvenance, BaseModel):
    product: str = "Acme"
    offers: list[Price] = []
    pair: tuple[str, Price] | None = None
    by_region: dict[str, list[Price | None]] = {}
    notes: list[str] = []


def test_items_of_a_list_are_checked_one_by_one(guard: Guard) -> None:
    """`Sourced` inside a list, a tuple or a mapping: each item is a field with its own path, verdict and provenance."""
    said = {"offers": [39, "49.90", 7], "pair": ["x", 39], "by_region": {"a/b": [None, 39]}, "notes": ["39"]}
    prices = guard.validate(Prices, said)
    now = Decimal("49.90")
    assert prices == Prices(offers=[now] * 3, pair=("x", now), by_region={"a/b": [None, now]}, notes=["39"])
    assert {path: str(found.verdict) for path, found in prices.provenance.items()} == {
        "offers/0": "stale",
        "offers/1": "supported",
        "offers/2": "contradicted",
        "pair/1": "stale",
        "by_region/a~1b/1": "stale",
    }
    assert guard.validate(Prices, {"offers": []}) == Prices()


def test_an_item_that_is_redacted_has_no_place_in_a_list_of_values(guard: Guard) -> None:
    """What a policy takes out of a list that cannot hold `None` is an error that names the item."""
    redacting = {"extends": "enforce", "actions": {"*.stale": "redact"}}
    with pytest.raises(GuardViolation, match="offers"):
        guard.validate(Prices, {"offers": [39]}, policy=redacting)
    kept = guard.validate(Prices, {"by_region": {"EU": [39]}}, policy=redacting)
    assert kept.by_region == {"EU": [None]}


def test_items_are_checked_while_a_model_is_validated(guard: Guard) -> None:
    """A validation context reaches the items of a list as it reaches fields."""
    prices = Prices.model_validate({"offers": [39, 7]}, context={"guardlayer": guard})
    assert prices.offers == [Decimal("49.90")] * 2
    with pytest.raises(ValidationError, match="offers"):
        Prices.model_validate(
            {"offers": [39]}, context={"guardlayer": Guard(knowledge=guard.knowledge, policy="strict", log=None)}
        )


def test_items_of_a_set_are_an_error(guard: Guard) -> None:
    """A set has no places: it is said, and not passed unchecked."""

    class Bag(BaseModel):
        prices: set[Annotated[Decimal, Sourced("Acme", "list price")]] = set()

    with pytest.raises(ResponseTypeError, match="/prices holds a set"):
        guard.validate(Bag, {"prices": [39]})
