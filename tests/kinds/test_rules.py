"""The table of rules: what each row is for, and what it must leave alone."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.kinds import RULES, RuleClassifier
from guardlayer.protocols import Classifier
from guardlayer.types import Claim, Draft, Form, Kind, Piece

DRAFT = Draft("", datetime(2024, 1, 1, tzinfo=UTC), "call")
CLASSIFY = RuleClassifier()


def kind_of(text: str, form: Form = Form.SENTENCE) -> Kind:
    return CLASSIFY([Claim(text, 0, len(text), form)], DRAFT)[0].kind


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Hello!", "greeting"),
        ("Good morning, and welcome to support.", "greeting"),
        ("Thanks for asking!", "thanks"),
        ("You're welcome!", "thanks"),
        ("Have a great day!", "farewell"),
        ("I apologize for the confusion.", "refusal"),
        ("My apologies for that.", "apology"),
        ("I can't help with that.", "refusal"),
        ("I’m sorry, but I cannot share it.", "refusal"),
        ("Unfortunately, I don't have access to that information.", "refusal"),
        ("I'd be happy to help.", "assistant about itself"),
        ("As an AI language model, I have no body.", "assistant about itself"),
        ("Let me know if you have questions.", "offer"),
        ("Feel free to reach out.", "offer"),
        ("I hope this helps!", "offer"),
        ("Here is a table:", "formatting talk"),
        ("In summary:", "formatting talk"),
        ("The main points:", "lead-in"),
        ("What is the fee?", "question"),
        ("Is Acme worth $4M in 2024?", "question"),
        ("手数料はいくらですか？", "question"),
        ("Click Save.", "instruction"),
        ("Next, open the settings menu.", "instruction"),
        ("To reset it, go to Settings.", "instruction"),
        ("I don't know.", "not known"),
        ("It depends.", "not known"),
        ("I think it's a wonderful idea.", "opinion"),
        ("The view is really beautiful.", "judgement"),
        ("It's important to stay hydrated.", "advice"),
        ("Sure!", "short answer"),
        ("That's a great question.", "courtesy"),
        ("Great point!", "praise or dismay"),
    ],
)
def test_behavior_is_recognised_by_the_rule_named_for_it(text: str, rule: str) -> None:
    """Each form of speech that states nothing is behavior, and a report can name the rule that said so."""
    claim = Claim(text, 0, len(text))
    fired = CLASSIFY.rule_for(claim)
    assert fired is not None
    assert fired.name == rule
    assert CLASSIFY([claim], DRAFT)[0].kind is Kind.BEHAVIOR


@pytest.mark.parametrize(
    "text",
    [
        "You may export this.",
        "Admins can delete users.",
        "Guests are not allowed to enter the vault.",
        "Employees must not share passwords.",
        "She has access to the database.",
        "You are required to sign in.",
        "Only owners may invite members.",
        "Contractors are prohibited from using VPNs.",
        "Access to the lab is restricted to staff.",
        "You do not have permission to view this file.",
        "Managers must approve every refund over $50.",
        "Tim Cook may export the file.",
    ],
)
def test_who_may_do_what_is_permission(text: str) -> None:
    """Deontic and access language about somebody is the policy engine's to answer, figures and names or not."""
    assert kind_of(text) is Kind.PERMISSION


@pytest.mark.parametrize(
    "text",
    [
        "Your order has shipped.",
        "You have 3 open tickets.",
        "Your balance is currently $40.",
        "Your order #1234 has shipped.",
        "You've used 80% of your quota.",
        "You have no unread messages.",
        "Your flight is delayed right now.",
        "The order is currently in transit.",
    ],
)
def test_the_users_own_records_are_state(text: str) -> None:
    """What a live database answers is state, even where it holds a figure."""
    assert kind_of(text) is Kind.STATE


@pytest.mark.parametrize(
    "text",
    [
        "I think the fee is 3%.",
        "As of my last update, Sergio Mattarella is the president of Italy.",
        "The president of Italy currently is Sergio Mattarella.",
        "LeBron James is currently playing for the Lakers.",
        "The fee is 3%.",
        "Sergio Mattarella",
        "Note that the fee is 3%.",
        "I believe Acme acquired Beta.",
        "I'm sorry, but Acme's fee is 3%.",
        "Click was founded in 2001 by Bob Ray.",
        "Contact lenses are made of plastic.",
        "The company must pay $4M.",
        "The drug may cause nausea.",
        "The capital can be found in Tuscany.",
        "The city has access to the sea.",
        "Here is the fee for Acme: 3%.",
    ],
)
def test_facts_stay_facts_behind_hedges_and_courtesy(text: str) -> None:
    """A hedge, a courtesy or a modal around something checkable does not exempt it from the check."""
    assert kind_of(text) is Kind.FACT


@pytest.mark.parametrize(
    "text",
    [
        "Hello there!",
        "Ciao!",
        "¡Hola!",
        "Hola, ¿qué tal?",
        "Guten Tag!",
        "こんにちは！",
        "Merci !",
        "Grazie mille!",
        "Glad you asked!",
        "I'm glad you asked.",
        "A bargain!",
        "What a steal!",
        "How exciting!",
        "I think you'll love it!",
        "You'll love it!",
        "You won't regret it.",
        "Sure thing.",
        "Happy to help",
        "No worries!",
        "With pleasure!",
        "Right away!",
        "Good news!",
        "Fair question.",
        "As you wish.",
        "Here you go!",
        "Kind regards,",
        "Have fun!",
        "Enjoy your day!",
        "Happy holidays!",
        "Congrats on the new job!",
        "Well done!",
        "One moment please.",
        "Wow, what a day!",
        "That makes sense.",
        "Trust me.",
        "I'd go with the blue one.",
        "I'm your assistant.",
        "This is not legal advice.",
        "Consult a tax adviser.",
        "Please find the table below.",
        "Make sure it is plugged in.",
        "Summary",
        "Haha!",
        "I hope you're well.",
        "Your feedback matters to us.",
        "I recommend the Pro.",
        "If that fails, let me know.",
        "For more details, feel free to ask.",
        "Dear Ms. Smith,",
        "You should talk to HR.",
        "Hi, Juno here, always happy to help!",
        "Hi, this is Bob from support.",
        "Of course, happy to help!",
        "Hello, Juno is here to help.",
        "Thanks, and have a lovely day!",
        "I don't know who the CEO of Acme is.",
        "Step 1: Go to acme.com.",
    ],
)
def test_courtesy_states_nothing(text: str) -> None:
    """Greetings, exclamations, offers, orders and advice without a statement are left as they are."""
    assert kind_of(text) is Kind.BEHAVIOR


@pytest.mark.parametrize(
    "text",
    [
        "Ann Lee is the CEO.",
        "Refunds take 14 days, so let me know if you have questions.",
        "The store is closed on Sundays, but feel free to write.",
        "Sorry, the product was discontinued.",
        "Thanks to the new battery, it lasts longer.",
        "Call volume rose 3%.",
        "Check fraud is a crime.",
        "Open enrollment begins Monday.",
        "Use of cookies is restricted.",
        "Keep in mind that refunds take 14 days.",
        "Be aware that the warranty excludes water damage.",
        "Welcome bonuses expire after 30 days.",
        "Let me tell you: the fee is 3%.",
        "Here's the price: $49.",
        "I'm happy to say the fee dropped to 3%.",
        "I'm sorry, but the store closed down.",
        "I'm afraid the product is discontinued.",
        "Thank you for asking; the fee is 3%.",
        "Hello, the fee is 3%.",
        "Hi! The fee is 3%.",
        "Hi Ann, the store is closed on Sundays.",
        "Rest assured, refunds take 14 days.",
        "You'll love it: it lasts 12 hours.",
        "You should know the store is closed.",
        "Enjoy 30 days of free returns.",
        "Dear customers pay 3%.",
    ],
)
def test_a_courtesy_beside_a_statement_does_not_exempt_it(text: str) -> None:
    """What is said in one breath with a greeting, an apology or an offer is checked; so is a noun like an order."""
    assert kind_of(text) is Kind.FACT


def test_code_is_behavior_and_a_heading_is_unless_it_states_something() -> None:
    """Code has nothing to verify; a heading has, once it holds a verb or a number."""
    assert kind_of("fee = 3", Form.CODE) is Kind.BEHAVIOR
    assert kind_of("Overview", Form.HEADING) is Kind.BEHAVIOR
    assert kind_of("Acme was founded in Oslo", Form.HEADING) is Kind.FACT
    assert kind_of("Fee: 3%", Form.HEADING) is Kind.FACT
    assert kind_of("Price: 49", Form.HEADING) is Kind.FACT
    assert kind_of("500 employees", Form.HEADING) is Kind.FACT
    assert kind_of("Release notes: Widget Pro 4.2", Form.HEADING) is Kind.BEHAVIOR
    assert kind_of("Top 5 reasons", Form.HEADING) is Kind.BEHAVIOR


def test_a_cell_is_never_behavior() -> None:
    """A table states data, whatever words its cells use."""
    assert kind_of("Plan, support: great", Form.CELL) is Kind.FACT


def test_an_item_is_judged_by_its_own_words_where_a_lead_in_was_read_before_it() -> None:
    """An order under *To reset the device* is an order although the claim opens with the lead-in."""
    text = "Resetting the device: Click the button"
    own = text.index("Click")
    claim = Claim(text, 2, 18, Form.ITEM, pieces=(Piece(own, 2, len(text) - own),))
    assert CLASSIFY([claim], DRAFT)[0].kind is Kind.BEHAVIOR


@given(st.text(max_size=60), st.sampled_from(["3%", "$4.2M", "1990"]))
def test_a_figure_beside_a_name_is_never_behavior(noise: str, figure: str) -> None:
    """No wording around them makes a figure together with a name exempt, questions and code apart."""
    text = f"{noise} Acme Corp paid {figure} to Jane Doe."
    assert kind_of(text) is not Kind.BEHAVIOR


@given(st.lists(st.text(), max_size=5))
def test_order_and_number_are_kept_and_scores_are_probabilities(texts: list[str]) -> None:
    """The classifier returns the same claims in the same order, for any text at all."""
    claims = [Claim(text, 0, len(text)) for text in texts]
    found = CLASSIFY(claims, DRAFT)
    assert [claim.text for claim in found] == texts
    assert all(0 < claim.kind_score <= 1 for claim in found)


@pytest.mark.parametrize(
    "text",
    ["I will look it up.", "I'll find that for you.", "I'm checking our records now.", "Looking that up for you."],
)
def test_what_the_assistant_is_about_to_do_is_behavior(text: str) -> None:
    """What comes before a tool call states nothing about the world."""
    assert kind_of(text) is Kind.BEHAVIOR


def test_rule_names_are_unique_and_the_classifier_satisfies_the_protocol() -> None:
    """A report that names a rule names one rule."""
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert isinstance(CLASSIFY, Classifier)


def test_a_very_long_claim_is_read_at_both_ends_only() -> None:
    """What is looked at is bounded, so that no length makes the rules slow; the closing question mark still counts."""
    assert kind_of("a " * 200_000 + "and is that so?") is Kind.BEHAVIOR
