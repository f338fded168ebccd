"""Fragments read against the question."""

from collections.abc import Callable

import pytest

from guardlayer.types import Form, Span, Split

Texts = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("question", "answer", "claim"),
    [
        ("Who is the president of Italy?", "Sergio Mattarella", "The president of Italy is Sergio Mattarella."),
        ("Who is the president of Italy?", "Sergio Mattarella.", "The president of Italy is Sergio Mattarella."),
        ("who's the president of Italy?", "Sergio Mattarella", "The president of Italy is Sergio Mattarella."),
        ("Tell me who the president of Italy is", "Sergio Mattarella", "The president of Italy is Sergio Mattarella."),
        ("Tell me the capital of France.", "Paris", "The capital of France is Paris."),
        ("Which city is the capital of Italy?", "Rome", "The capital of Italy is Rome."),
        ("Who founded Acme?", "Jane Doe", "Jane Doe founded Acme."),
        ("Who can delete users?", "Admins.", "Admins can delete users."),
        ("What team does Ann Lee play for?", "The Oslo Bears", "The team Ann Lee plays for is the Oslo Bears."),
        ("What revenue did Acme report in Q3?", "$4.2M", "The revenue Acme reported in Q3 is $4.2M."),
        ("What is your refund policy?", "30 days", "Our refund policy is 30 days."),
        ("What is my balance?", "$40", "Your balance is $40."),
        ("Where is the Eiffel Tower?", "In Paris.", "The Eiffel Tower is in Paris."),
        ("Where was Ann Lee born?", "Oslo", "Ann Lee was born in Oslo."),
        ("When was Acme founded?", "1990", "Acme was founded in 1990."),
        ("When will Acme launch the app?", "May 5, 2026", "Acme will launch the app on May 5, 2026."),
        ("How much is the fee?", "3%", "The fee is 3%."),
        ("How much does the plan cost?", "$20", "The plan costs $20."),
        ("How many employees does Acme have?", "500", "Acme has 500 employees."),
        ("How old is Ann Lee?", "64 years.", "Ann Lee is 64 years old."),
        ("Why is it late?", "Heavy snow.", "Why is it late? Heavy snow."),
        ("Italy president", "Sergio Mattarella", "Italy president Sergio Mattarella"),
        ("The capital of France is", "Paris", "The capital of France is Paris"),
        ("The post of CEO at Acme is held by", "the founder.", "The post of CEO at Acme is held by the founder."),
        ("The head of Acme is", ", of course, Ann Lee.", "The head of Acme is, of course, Ann Lee."),
        (
            "The current CEO of Acme is",
            "Ann Lee, who was appointed in 2011 and has led it.",
            "The current CEO of Acme is Ann Lee, who was appointed in 2011 and has led it.",
        ),
    ],
)
def test_a_fragment_completes_its_question(texts: Texts, question: str, answer: str, claim: str) -> None:
    """Read alone, a name or a figure says nothing; read against its question it is a statement."""
    assert texts(answer, question) == [claim]


@pytest.mark.parametrize(
    ("question", "answer", "claim"),
    [
        ("Is the office open?", "Yes.", "The office is open."),
        ("Is the office open?", "No.", "The office is not open."),
        ("Is Paris the capital of France?", "yes", "Paris is the capital of France."),
        ("Does Acme ship to Canada?", "Yes!", "Acme ships to Canada."),
        ("Does Acme ship to Canada?", "No", "Acme does not ship to Canada."),
        ("Did Acme acquire Beta?", "Yes, it did.", "Acme acquired Beta."),
        ("Can admins delete users?", "No.", "Admins cannot delete users."),
        ("Is there a fee?", "No.", "There is no fee."),
        ("Is the office open?", "Yes, it is open until 5.", "Yes, the office is open until 5."),
    ],
)
def test_yes_and_no_say_what_was_asked(texts: Texts, question: str, answer: str, claim: str) -> None:
    """*Yes* affirms the statement in the question and *no* denies it."""
    assert texts(answer, question) == [claim]


def test_only_the_fragments_own_words_map_to_the_draft(split: Callable[..., Split]) -> None:
    """What the question supplied stands nowhere in the draft, so that no edit can land there."""
    claim = split("Sergio Mattarella.", "Who is the president of Italy?").claims[0]
    assert claim.form is Form.FRAGMENT
    assert (claim.start, claim.end) == (0, 18)
    at = claim.text.index("Sergio")
    assert claim.locate(Span(at, at + 17)) == Span(0, 17)
    assert claim.locate(Span(0, 3)) is None


@pytest.mark.parametrize(
    "answer",
    [
        "Ann Lee has led Acme since 2019.",
        "Rome is the capital of Italy.",
        "Click Save.",
        "Hello!",
        "Is it?",
        "Acme sold Beta in 2020.",
    ],
)
def test_a_sentence_of_its_own_is_left_alone(texts: Texts, answer: str) -> None:
    """A full sentence, an order, a greeting and a question need no question to be read against."""
    assert texts(answer, "Who is the CEO of Acme?") == [answer]


def test_small_talk_before_a_fragment_is_passed_over(texts: Texts) -> None:
    """*Sure!* answers nothing; the name after it does."""
    assert texts("Sure! Ann Lee.", "Who is the CEO of Acme?") == ["Sure!", "The CEO of Acme is Ann Lee."]


def test_every_item_of_a_bare_list_answers_the_question(texts: Texts) -> None:
    """A list of names is a list of answers."""
    assert texts("- Ann Lee\n- Bob Ray", "Who are the founders?") == [
        "The founders are Ann Lee.",
        "The founders are Bob Ray.",
    ]


def test_a_pronoun_that_opens_the_answer_means_what_was_asked_about(texts: Texts) -> None:
    """*It is $4M* speaks of the revenue that was asked for, not of the last name; weather stays weather."""
    assert texts("It is $4M.", "What is Acme's revenue?") == ["Acme's revenue is $4M."]
    assert texts("It is raining.", "What is the weather in Paris?") == ["It is raining."]


def test_the_sentence_after_a_fragment_refers_to_it(texts: Texts) -> None:
    """A completion and what follows it are read as one text."""
    assert texts("Paris. It lies on the Seine", "The capital of France is") == [
        "The capital of France is Paris.",
        "Paris lies on the Seine",
    ]
