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
        ("The fee is 3%, and refunds are free.", ["The fee is 3%", "refunds are free."]),
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
        "It is made of steel, glass, and plastic.",
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


def test_a_fragment_takes_the_pronoun_of_its_question_with_it(texts: Texts) -> None:
    """*What does it cost?* *$49.* is a statement about what was spoken of, though the answer has no pronoun."""
    turns = (Turn("user", "Tell me about Acme."), Turn("assistant", "Acme is a maker of robots."))
    for rest in ("", " Anything else?", " It is a good one."):
        assert texts(f"$49.{rest}", "What does it cost?", turns=turns)[0] == "Acme costs $49."
        assert texts(f"$49.{rest}", "What is its list price?", turns=turns)[0] == "Acme's list price is $49."


def test_only_untouched_words_are_mapped(split: Callable[..., Split]) -> None:
    """The supplied name is no part of the draft at that place."""
    text = "Ann Lee is a painter. She was born in Oslo."
    claim = split(text).claims[1]
    (piece,) = claim.pieces
    assert text[piece.draft_start : piece.draft_start + piece.length] == " was born in Oslo."
    assert text[claim.start : claim.end] == "She was born in Oslo."


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("Acme is based in Oslo. The city is old. The company is big.", ["Oslo is old.", "Acme is big."]),
        ("Tesla Inc is in Austin. The company is big.", ["Tesla Inc is big."]),
        ("The President of Bangladesh met Ann Lee. The country is big.", ["Bangladesh is big."]),
        ("Ann Lee visited Italy. The country is big.", ["Italy is big."]),
        (
            "Ann Lee spoke in Berlin. The city was cold. The country is big.",
            ["Berlin was cold.", "The country is big."],
        ),
        ("Ann Lee spoke. The company is big.", ["The company is big."]),
        ("I was in Oslo. The company is big.", ["The company is big."]),
        ("Acme sued Beta. The country is big.", ["The country is big."]),
    ],
)
def test_a_noun_stands_only_for_what_it_can_be(texts: Texts, text: str, claims: list[str]) -> None:
    """*The city* is no company and *the company* no place, an office or a person is neither; in doubt it stays."""
    assert texts(text)[1:] == claims


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        (
            "Acme's list price is $39. It was $29. It rose to $45.",
            ["Acme's list price was $29.", "Acme's list price rose to $45."],
        ),
        ("The fee of Acme was 3%; it is now 4%.", ["The fee of Acme is now 4%."]),
        ("Acme's revenue rose 10%. It has 500 employees.", ["Acme has 500 employees."]),
        ("The capital of France is Paris. It lies on the Seine.", ["Paris lies on the Seine."]),
    ],
)
def test_a_figure_is_said_of_the_quantity_before(texts: Texts, text: str, claims: list[str]) -> None:
    """After a price, *it was $29* speaks of the price, and *it has 500 employees* of whose price it is."""
    assert texts(text)[1:] == claims


def test_a_liking_names_nothing_it_did_not_name(texts: Texts) -> None:
    """*I love it* stays an opinion; a name put into it would make it look like a statement."""
    assert texts("Acme is a bank. I love it.")[1] == "I love it."
    assert texts("Acme is a bank. It's based in Oslo. It's raining.")[1:] == ["Acme is based in Oslo.", "It's raining."]


@pytest.mark.parametrize(
    "opening", ["You'll like it.", "Here's more.", "Don't go.", "What's new?", "Curious about it?"]
)
def test_a_word_that_only_opens_a_sentence_is_no_name(texts: Texts, opening: str) -> None:
    """*You'll* and *Here's* are capitalised because they come first, and nothing can stand for them."""
    assert texts(f"{opening} It is 3 years old.")[-1] == "It is 3 years old."


def test_semicolons_divide_a_list_without_a_verb(texts: Texts) -> None:
    """Each part states a figure of its own, and one may be wrong while the other is right."""
    assert texts("Basic: 3% fee; Premium: 2% fee.") == ["Basic: 3% fee", "Premium: 2% fee."]
    assert texts("Hello; bye.") == ["Hello; bye."]


def test_an_instruction_names_nobody(texts: Texts) -> None:
    """The verb that opens "Contact help@…" is no name for "their" to stand for."""
    text = "Globex offers refunds. Contact help@globex.example. Their CTO is Ann Lee."
    assert texts(text)[-1] == "Globex's CTO is Ann Lee."
