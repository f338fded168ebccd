"""What a claim says a term means, held against its definitions: they are words, so they are passages, not values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from guardlayer.knowledge.names import Mention
from guardlayer.knowledge.said import Said
from guardlayer.knowledge.terms.model import DEFINITION
from guardlayer.knowledge.views import Entity
from guardlayer.types import Evidence, Fact

_MEANS = frozenset(
    "is are means mean was were denotes denote describes describe refers counts count includes include excludes "  # noqa: SIM905 - a list of words
    "exclude measures measure stands equals covers cover".split()
)
_ARTICLES = frozenset({"a", "an", "the", "our", "here", "term", "currently", "by"})


def says_what_it_is(mention: Mention, said: Said) -> bool:
    """Say whether a text begins with the name and says what it means: "an active customer is …"."""
    before = {token.norm for token in said.tokens[: mention.first]}
    return before <= _ARTICLES and mention.last < len(said.tokens) and said.tokens[mention.last].norm in _MEANS


def definitions(view: Entity, at: datetime) -> Iterator[Evidence]:
    """Yield the definitions of a term as passages, with what each is worth at an instant."""
    for key in view.keys:
        if key.versions[0].attribute != DEFINITION:
            continue
        for offered in key.offered(at):
            fact, standing, now = offered.placed
            yield Evidence(
                text=_text(fact),
                source=fact.source,
                standing=standing,
                valid=fact.valid,
                recorded=fact.recorded.start,
                replaced_by=None if now is None else Evidence(_text(now), now.source, valid=now.valid),
            )


def _text(fact: Fact) -> str:
    where = "".join(f" ({value})" for _, value in fact.qualifiers)
    joint = "" if fact.value.casefold().startswith(fact.entity.casefold()) else f"{fact.entity}{where} is "
    return f"{joint}{fact.value}".rstrip(".") + "."
