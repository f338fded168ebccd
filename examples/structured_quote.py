"""A quote as structured output, whose price has a source: no framework, no network.

    python examples/structured_quote.py

The type says which fields are facts. They are checked by key, and hold what their source says today; the rest of the
quote is the model's own.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel

from guardlayer import Guard, GuardViolation, HasProvenance, Knowledge, Sourced

kb = Knowledge.open(":memory:")
kb.attribute("list price", cardinality="one")
price = kb.add("Acme Anvil", "list price", "$39.00", source="price list 2025", valid_from="2025-01-01")
kb.supersede(price.id, "$49.00", valid_from="2026-01-01", source="price list 2026")
kb.add("Acme Anvil", "volume discount", "5%", source="terms 2026")
guard = Guard(knowledge=kb, log=None)


class Line(BaseModel):
    """One line of a quote."""

    product: str
    price: Annotated[Decimal, Sourced("{product}", "list price")]
    discount: Annotated[float, Sourced("{product}", "volume discount", fraction=True)] = 0.0


class Quote(HasProvenance, BaseModel):
    """What the model fills in."""

    pitch: str
    lines: list[Line]


WRITTEN = '{"pitch": "A fine anvil!", "lines": [{"product": "Acme Anvil", "price": 39, "discount": 0.1}]}'


@guard
def ask(request: str) -> Quote:
    """Return what the model wrote; whatever returns a model is checked like this."""
    assert request
    return Quote.model_validate_json(WRITTEN)


def main() -> None:
    """Make the quote twice, and refuse it once."""
    quote = guard.validate(Quote, WRITTEN)
    print(quote.model_dump_json())
    for path, found in quote.provenance.items():
        print(f"  {path}: {found.said} is {found.verdict}, now {found.value} ({found.source})")
    print("wrapped:", ask("An anvil, please.").lines[0].price)
    try:
        guard.validate(Quote, WRITTEN, policy="strict")
    except GuardViolation as violation:
        print("strict: ", violation.report.decision.reasons[0])


if __name__ == "__main__":
    main()
