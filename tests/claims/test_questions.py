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
        ("How many employees does Acme have?", "500, as of March.", "Acme has 500 employees, as of March."),
        ("How much does the Pro plan cost?", "$49 per month.", "The Pro plan costs $49 per month."),
        ("How often is the report published?", "Monthly", "The report is published Monthly."),
        ("In which city is Acme based?", "Oslo", "Acme is based in Oslo."),
        ("On what date does it end?", "May 5", "It ends on May 5."),
        ("For whom does Ann Lee work?", "Acme", "Ann Lee works for Acme."),
        ("Who currently serves as CEO of Acme?", "Ann Lee", "Ann Lee currently serves as CEO of Acme."),
        ("Hi! I'm Bob. Who is the CEO of Acme? Thanks!", "Ann Lee.", "The CEO of Acme is Ann Lee."),
        ("Who is the CEO of Acme?\nAnswer in one word.", "Ann Lee.", "The CEO of Acme is Ann Lee."),
        ("I have a question. What is the fee", "3%", "The fee is 3%."),
        ("List the founders of Acme.", "Ann and Bob.", "The founders of Acme are Ann and Bob."),
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
        ("Is the office open?", "Yes, it is open until 5.", "The office is open until 5."),
        ("Is the office open?", "Yes, until 5.", "The office is open until 5."),
        ("Is the office open?", "Yes, absolutely!", "The office is open."),
        ("Is the office open?", "That's correct.", "The office is open."),
        ("Is the office open?", "No, not at the moment.", "The office is not open, not at the moment."),
        ("Is the office open?", "Not anymore.", "The office is not open."),
        ("Is the fee 3%?", "Yes.", "The fee is 3%."),
        ("Isn't the fee 3%?", "Yes.", "The fee is 3%."),
        ("The fee is 3%?", "No.", "The fee is not 3%."),
        ("The fee is 3%, right?", "Yes.", "The fee is 3%."),
        ("The fee is 3%, isn't it?", "No, 4%.", "The fee is 4%."),
        ("Acme sold Beta?", "Yes.", "Acme sold Beta."),
        ("Am I allowed to export?", "Yes.", "You are allowed to export."),
        ("Is Acme's CEO Bob Ray?", "Yes.", "Acme's CEO is Bob Ray."),
        ("Is Acme's list price $39?", "Yes.", "Acme's list price is $39."),
        ("Does Acme's plan include support?", "Yes.", "Acme's plan includes support."),
        ("Does the plan include support?", "Yes, it does.", "The plan includes support."),
        ("Will the price rise?", "Yes, to $59 in May.", "The price will rise to $59 in May."),
        ("Is it 3% or 4%?", "4%", "It is 4%."),
        ("Is Zog?", "Yes.", "Is Zog? Yes."),
        ("Is the fee 3%?", "No.", "The fee is not 3%."),
        ("Is the fee 3%?", "That's wrong.", "The fee is not 3%."),
    ],
)
def test_yes_and_no_say_what_was_asked(texts: Texts, question: str, answer: str, claim: str) -> None:
    """*Yes* affirms the statement in the question and *no* denies it."""
    assert texts(answer, question) == [claim]


@pytest.mark.parametrize(
    ("question", "answer", "claim"),
    [
        ("Is the list price $39?", "No, it is $49.", "The list price is $49."),
        ("Is the list price $39?", "No, it's $49.", "The list price is $49."),
        ("Is the list price $39?", "No, $49.", "The list price is $49."),
        ("Is the list price $39?", "Actually, $49!", "The list price is $49."),
        ("Is the price $3 million?", "No, $4.", "The price is $4."),
        ("Is the fee 3% in Norway?", "No, 4%.", "The fee is 4% in Norway."),
        ("Is the period 14 days?", "No, 30.", "The period is 30 days."),
        ("Is the period 14 days?", "No, 2 weeks.", "The period is 2 weeks."),
        ("Is Acme based in Oslo?", "No, in Bergen.", "Acme is based in Bergen."),
        ("Does Acme ship to Canada?", "No, only to Mexico.", "Acme does not ship to Canada, only to Mexico."),
        ("Does Acme have 400 staff?", "No, 500.", "Acme has 500 staff."),
        ("Is Bob Ray the CEO of Acme?", "No, Ann Lee.", "Ann Lee is the CEO of Acme."),
        ("Is Bob Ray the CEO of Acme?", "No, Ann Lee is.", "Ann Lee is the CEO of Acme."),
    ],
)
def test_another_value_takes_the_place_of_the_one_asked_about(
    texts: Texts, question: str, answer: str, claim: str
) -> None:
    """After *no, it is $49* the claim says $49 and nothing else; the value in the question is not asserted."""
    assert texts(answer, question) == [claim]


def test_what_follows_a_bare_no_says_what_is_so_instead(texts: Texts) -> None:
    """*Nope.* answers the question and leaves it open for the value that comes after."""
    assert texts("Nope. $49.", "Is the fee $39?") == ["The fee is not $39.", "The fee is $49."]
    assert texts("Not anymore. It rose to $49.", "Is the fee $39?") == ["The fee is not $39.", "The fee rose to $49."]


def test_a_yes_states_what_was_asked_beside_the_sentence_that_follows(texts: Texts) -> None:
    """*Yes, and parking is free* says two things, and neither escapes the check behind the other."""
    assert texts("Yes, and parking is free.", "Is the office open?") == ["The office is open.", "and parking is free."]


@pytest.mark.parametrize(
    "courtesy",
    [
        "Glad you ask!",
        "I'm glad you asked.",
        "Sure!",
        "Sure thing.",
        "Of course.",
        "Great question!",
        "What a great question!",
        "Certainly.",
        "Yes, absolutely!",
        "A bargain!",
        "Thanks for reaching out.",
        "Thank you so much for your question!",
        "Thanks, Bob!",
        "Happy to help!",
        "No worries!",
        "My pleasure.",
        "With pleasure!",
        "Right away!",
        "Good news!",
        "Interesting one.",
        "Fair question.",
        "Excellent choice!",
        "Let's see...",
        "Hmm.",
        "As you wish.",
        "Gladly!",
        "Ciao!",
        "Guten Tag!",
        "Hi, Juno here, always happy to help!",
        "Hello, Juno here!",
        "Hi, Juno here, and thank you for the check!",
    ],
)
def test_a_courtesy_is_not_the_answer(texts: Texts, courtesy: str) -> None:
    """What greets, thanks or exclaims is never read as the fragment that answers; the fragment after it is."""
    assert texts(f"{courtesy} $49.", "What is the fee?") == [courtesy, "The fee is $49."]
    assert texts(f"{courtesy} It is $49.", "What is the fee?") == [courtesy, "The fee is $49."]


@pytest.mark.parametrize("opening", ["Sure, ", "Well: ", "Hello Jane, ", "Hi there 👋 ", "Here you go: ", "Hi! "])
def test_a_courtesy_before_an_answer_is_left_out_of_the_claim(texts: Texts, opening: str) -> None:
    """What is said in one breath with a greeting is still the answer."""
    assert texts(f"{opening}$49.", "What is the fee?")[-1] == "The fee is $49."


@pytest.mark.parametrize("answer", ["Great Britain", "The One", "Well Bank", "Welcome Break", "OK Corral"])
def test_a_name_that_begins_like_a_courtesy_is_an_answer(texts: Texts, answer: str) -> None:
    """*Great question* says nothing; *Great Britain* does."""
    (claim,) = texts(answer, "What is the name?")
    assert claim == f"The name is {answer if answer != 'The One' else 'the One'}."


@pytest.mark.parametrize(
    ("question", "answer", "claims"),
    [
        ("The leader is", "Theresa May", ["The leader is Theresa May"]),
        ("Who is the leader?", "Theresa May. She won.", ["The leader is Theresa May.", "Theresa May won."]),
        ("When does it end?", "On 5 May 2026", ["It ends on 5 May 2026."]),
        ("Who is the author?", "George Will", ["The author is George Will."]),
        ("Who is the CEO of Acme?", "Ann Lee is.", ["The CEO of Acme is Ann Lee."]),
        ("Who is the CEO of Acme?", "That would be Ann Lee.", ["The CEO of Acme is Ann Lee."]),
        ("Who is the CEO of Acme?", "It's Ann Lee.", ["The CEO of Acme is Ann Lee."]),
    ],
)
def test_a_capital_inside_a_sentence_makes_may_and_will_names(
    texts: Texts, question: str, answer: str, claims: list[str]
) -> None:
    """Theresa May and 5 May hold no verb, and *Ann Lee is* has only one to lean on the question's."""
    assert texts(answer, question) == claims


def test_a_clause_after_the_fragment_is_a_claim_of_its_own(texts: Texts) -> None:
    """*Barcelona, but he …* answers with its first word, and says something else after it."""
    assert texts("Barcelona, but he has been linked with Paris.", "Lionel Messi is currently playing for") == [
        "Lionel Messi is currently playing for Barcelona",
        "Lionel Messi has been linked with Paris.",
    ]
    assert texts("Ann Lee and Bob Ray are the founders.", "Who are they?") == ["Ann Lee and Bob Ray are the founders."]


@pytest.mark.parametrize(
    "name", ["Christianne van der Wal", "Leonardo da Vinci", "Ursula von der Leyen", "Walter de la Mare"]
)
def test_the_verb_is_inflected_and_not_the_particle_of_a_name(texts: Texts, name: str) -> None:
    """A name runs over all its particles, to the last capital."""
    assert texts("Minister", f"Which position does {name} hold currently?") == [
        f"The position {name} holds currently is Minister."
    ]


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


def test_a_question_s_noun_goes_with_the_figure_that_answers_it(texts: Texts) -> None:
    """*They have 500* does not say of what; the question does."""
    assert texts("It has 500.", "How many employees does Acme have?") == ["Acme has 500 employees."]
    assert texts("It has 500 people.", "How many employees does Acme have?") == ["Acme has 500 people."]


def test_a_name_given_by_its_being_one_is_read_as_the_answer(texts: Texts) -> None:
    """*Her name is Ann Lee* says who was asked for."""
    assert texts("Her name is Ann Lee.", "Who is the CEO of Acme?") == ["The CEO of Acme is Ann Lee."]


def test_a_request_is_no_name(texts: Texts) -> None:
    """*Summarize* opens a request and is nothing that *it* could stand for."""
    assert texts("It ends in May.", "Summarize the contract.") == ["It ends in May."]


@pytest.mark.parametrize(
    ("answer", "claim"),
    [
        ("The price of Acme? $39!", "The price of Acme? $39."),
        ("What's the price of Acme? It's $39.", "The price of Acme is $39."),
        ("Q: What's the price of Acme?\nA: $39", "The price of Acme is $39."),
        ("User: what's the price of Acme?\nAssistant: $39", "The price of Acme is $39."),
        ("Is Acme free? No.", "Acme is not free."),
        ("Would you like more? It rained.", "It rained."),
    ],
)
def test_an_answer_may_ask_its_own_question(texts: Texts, answer: str, claim: str) -> None:
    """What follows a question inside the draft answers that one; a question to the user asks nothing of the draft."""
    assert texts(answer)[-1] == claim


def test_no_claim_overlaps_another_where_the_question_would_be_divided(split: Callable[..., Split]) -> None:
    """A clause that stands in the question alone is no claim, and its neighbour is claimed once."""
    (claim,) = split("Ann Lee", "Who is big; Acme is small and Beta is old?").claims
    assert (claim.start, claim.end) == (0, 7)
