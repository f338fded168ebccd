"""Sentences that state two things, and words that stand for names."""

from collections.abc import Callable

import pytest

from guardlayer.types import Form, Split, Turn

Texts = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("A was founded in 1990 and B is its successor.", ["A was founded in 1990", "B is its successor."]),
        ("Acme was small and is now huge.", ["Acme was small", "Acme is now huge."]),
        ("The range is between 3 and 4 and is fixed.", ["The range is between 3 and 4", "The range is fixed."]),
        ("The fee is 3%; the tax is 4%.", ["The fee is 3%", "the tax is 4%."]),
        ("Paris is in France, but Rome is in Italy.", ["Paris is in France", "Rome is in Italy."]),
        ("Acme acquired Beta in 2019 and sold it in 2021.", ["Acme acquired Beta in 2019", "Acme sold it in 2021."]),
    ],
)
def test_coordinated_clauses_become_claims_of_their_own(
    split: Callable[..., Split], text: str, claims: list[str]
) -> None:
    """Each can be true without the other, so each is checked by itself, with its subject."""
    result = split(text)
    assert [claim.text for claim in result.claims] == claims
    assert {claim.form for claim in result.claims} == {Form.CLAUSE}


@pytest.mark.parametrize(
    "text",
    [
        "Johnson and Johnson was founded in 1886.",
        "The range lies between 3 and 4.",
        'He said "A was X and B is Y".',
        "If A is X and B is Y, then C is Z.",
        "She said that A was X and B is Y.",
        "It is designed and made in Oslo.",
        "Ann and Bob are the founders.",
        "Is A new and is B old?",
    ],
)
def test_in_doubt_a_sentence_stays_whole(texts: Texts, text: str) -> None:
    """Names, ranges, quotations, conditions and reported speech are not cut."""
    assert texts(text) == [text]


def test_pronouns_and_definite_nouns_become_the_last_fitting_name(texts: Texts) -> None:
    """Each claim can be read without the ones before it."""
    text = (
        "Acme is a bank. It is based in Oslo. The company has 500 staff. Its CEO is Jane Doe. "
        "She joined in 2019. Her salary is $5. He's gone."
    )
    assert texts(text)[1:6] == [
        "Acme is based in Oslo.",
        "Acme has 500 staff.",
        "Acme's CEO is Jane Doe.",
        "Jane Doe joined in 2019.",
        "Jane Doe's salary is $5.",
    ]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("Acme is a bank. It is raining.", "It is raining."),
        ("Acme is a bank. It is important that you pay.", "It is important that you pay."),
        ("Tim Cook met Steve Jobs. He joined Apple.", "He joined Apple."),
        ("The fee is 3%. It rose.", "It rose."),
        ("Acme is a bank. The city of Oslo is old.", "The city of Oslo is old."),
        ("Acme said it would pay.", "Acme said it would pay."),
    ],
)
def test_what_is_not_clear_is_left_unresolved(texts: Texts, text: str, last: str) -> None:
    """A pronoun that stays is better than a wrong name."""
    assert texts(text)[-1] == last


def test_the_former_and_the_latter(texts: Texts) -> None:
    """Two names in the sentence before: each has its word."""
    assert texts("Acme bought Beta. The former is a bank. Acme bought Beta. The latter is a shop.")[1::2] == [
        "Acme is a bank.",
        "Beta is a shop.",
    ]


def test_an_earlier_turn_can_supply_the_name(texts: Texts) -> None:
    """A conversation goes on across messages."""
    turns = (Turn("user", "Tell me about Ann Lee."), Turn("assistant", "Ann Lee is a painter."))
    assert texts("She was born in Oslo.", turns=turns) == ["Ann Lee was born in Oslo."]


def test_only_untouched_words_are_mapped(split: Callable[..., Split]) -> None:
    """The supplied name is no part of the draft at that place."""
    text = "Ann Lee is a painter. She was born in Oslo."
    claim = split(text).claims[1]
    (piece,) = claim.pieces
    assert text[piece.draft_start : piece.draft_start + piece.length] == " was born in Oslo."
    assert text[claim.start : claim.end] == "She was born in Oslo."
