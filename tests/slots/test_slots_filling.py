"""Fact slots: what is filled in, what is said where nothing can be, and that chunks and attackers change nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.slots.conftest import CLOCK, world

from guardlayer import Guard, Label
from guardlayer.slots.filling import LIMIT, Filler

KB = world()
GUARD = Guard(knowledge=KB, log=None, clock=CLOCK)
PRICE = "{{fact:Acme/list price}}"

pieces = st.sampled_from(
    [
        PRICE,
        "{{fact:Nobody/price}}",
        "{{fact:",
        "}}",
        "{",
        "{{",
        "{{fac",
        "Acme costs ",
        ". ",
        "\n\n",
        "{{fact:Acme/trap}}",
        "{{x}}",
    ]
)
slotted = st.lists(pieces, max_size=8).map("".join)


def filled(text: str) -> str:
    return Filler(KB, CLOCK()).all(text)


@pytest.mark.parametrize(
    ("text", "output"),
    [
        (f"The list price of Acme is {PRICE}.", "The list price of Acme is $49.90."),
        ("In the EU it is {{fact:Acme/list price; region=EU}}.", "In the EU it is $45."),
        ("Then it was {{fact: Acme / list price @ 2024-06-01 }}.", "Then it was $39."),
        ("{{fact:Acme/list price}}{{fact:Acme/discount}}", "$49.905%"),
        ("No slots {here} {{at}} all.", "No slots {here} {{at}} all."),
        ("", ""),
    ],
)
def test_a_slot_becomes_its_current_value(text: str, output: str) -> None:
    """A slot is replaced by what holds for its key, its qualifiers and its day; other braces are left alone."""
    assert filled(text) == output
    assert GUARD.check(text, policy="observe").output == output


def test_a_slot_is_verified_by_construction(guard: Guard) -> None:
    """What was filled in is a supported claim with its fact, at its place, in every policy; it is cited."""
    report = guard.check(f"Buy it now for {PRICE}!", policy="annotate")
    (slot,) = [c for c in report.claims if c.result.verifier == "slot/1"]
    assert slot.verdict is Label.SUPPORTED
    assert report.draft.text[slot.start : slot.end] == "$49.90"
    assert slot.evidence[0].source.id == "price list 2025"
    assert "$49.90 [source 1]" in report.output


def test_a_sentence_that_rests_on_its_slot_is_not_counted_twice(guard: Guard) -> None:
    """Where the sentence is supported by the same fact, one claim says so."""
    report = guard.check(f"The list price of Acme is {PRICE}.")
    assert [c.verdict for c in report.claims] == [Label.SUPPORTED]


def test_a_value_of_another_day_is_not_corrected(guard: Guard) -> None:
    """A slot that asks for a former value stands, though the sentence alone would read as stale."""
    report = guard.check("The list price of Acme is {{fact:Acme/list price @ 2024-06-01}}.")
    assert report.output == "The list price of Acme is $39."
    assert report.claims[0].verdict is Label.SUPPORTED


def test_the_rest_of_the_sentence_is_checked_with_the_value(guard: Guard) -> None:
    """A slot vouches for its value and for nothing around it."""
    report = guard.check(f"Acme costs {PRICE}, and the headquarters of Acme is Boston.")
    assert "Springfield" in report.output


@pytest.mark.parametrize(
    ("slot", "said", "label"),
    [
        ("{{fact:Nobody/price}}", "(no value recorded: Nobody, price)", Label.UNSUPPORTED),
        ("{{fact:Zeta/seats}}", "(sources disagree: Zeta, seats)", Label.DISPUTED),
        ("{{fact:Mercury/list price}}", "(name of several things: Mercury, list price)", Label.UNVERIFIABLE),
        ("{{fact:Acme}}", "(unreadable fact slot: Acme)", Label.UNSUPPORTED),
        ("{{fact:Acme/motto}}", "(value cannot be shown: Acme, motto)", Label.UNSUPPORTED),
        ("{{fact:Acme/list price @ never}}", "(fact not available: Acme, list price)", Label.UNVERIFIABLE),
        ("{{fact:Acme/list price; region=Mars}}", "(no value recorded: Acme, list price)", Label.UNSUPPORTED),
    ],
)
def test_a_slot_without_a_value_says_so(guard: Guard, slot: str, said: str, label: Label) -> None:
    """It is never silently empty: it shows why, the policy acts on it as on any such claim, and strict shows nothing."""
    text = f"Well then: {slot} and more."
    assert said in guard.check(text, policy="observe").output
    assert said not in guard.check(text, policy="strict").output
    report = guard.check(text, policy="annotate")
    assert label in [claim.verdict for claim in report.claims]
    assert not report.ok


def test_names_in_slots_inject_nothing() -> None:
    """A slot is bounded, on one line, without braces, and what it shows of a name cannot look like a mark of ours."""
    assert filled("{{fact:" + "x" * (LIMIT + 1) + "/y}}") == "{{fact:" + "x" * (LIMIT + 1) + "/y}}"
    assert filled("{{fact:a\nb/c}}") == "{{fact:a\nb/c}}"
    assert filled("{{fact:{{fact:Acme/list price}}/x}}") == "{{fact:$49.90/x}}"
    shown = filled("{{fact:[source 1] `x` <b>|/price\u202e}}")
    assert shown == "(no value recorded: (source 1) 'x' ‹b›/, price)"


def test_a_value_is_not_read_for_slots(guard: Guard) -> None:
    """A value that holds a slot, or a mark of ours, is refused and never expanded."""
    assert filled("{{fact:Acme/trap}}") == "(value cannot be shown: Acme, trap)"


@given(slotted, st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_a_slot_may_be_split_anywhere(text: str, cut: list[int]) -> None:
    """However the chunks fall, the same text comes out, and no part of a slot is shown before it is filled."""
    filler, out, at, turn = Filler(KB, CLOCK()), "", 0, 0
    while at < len(text):
        out += "".join(run for run, _ in filler.push(text[at : at + cut[turn % len(cut)]]))
        at += cut[turn % len(cut)]
        turn += 1
        assert filled(text).startswith(out)
    out += filler.close()
    assert out == filled(text)
    assert all(out[c.start : c.end] == c.text.partition(": ")[2] for c in filler.filled)


@pytest.mark.parametrize("place", range(len(PRICE) + 1))
def test_a_stream_fills_a_slot_split_at_every_place(place: int) -> None:
    """Two chunks, the border anywhere in the slot: the stream shows what a check shows, and never a brace."""
    text = f"Hi. The list price of Acme is {PRICE}. Bye."
    border = text.index("{") + place
    for hold in ("sentence", "full"):
        shown = list(GUARD.stream([text[:border], text[border:]], hold=hold))
        assert "".join(shown) == GUARD.check(text).output == "Hi. The list price of Acme is $49.90. Bye."


@given(
    slotted, st.lists(st.integers(1, 9), min_size=1, max_size=4), st.sampled_from(["observe", "enforce", "annotate"])
)
def test_a_stream_shows_what_a_check_shows(text: str, cut: list[int], policy: str) -> None:
    """With slots, too, sentence by sentence is the same text as all at once."""
    session, out, at, turn = GUARD.session(policy=policy), "", 0, 0
    while at < len(text):
        out += "".join(r.text for r in session.feed(text[at : at + cut[turn % len(cut)]]))
        at += cut[turn % len(cut)]
        turn += 1
    out += "".join(r.text for r in session.finish())
    assert out == GUARD.check(text, policy=policy).output


def test_slots_in_structured_output_keep_it_valid(guard: Guard) -> None:
    """A slot in a JSON string is filled there; what is filled in cannot end the string."""
    text = json.dumps({"answer": f"It costs {PRICE}.", "motto": "{{fact:Acme/motto}}", "n": 1})
    data = json.loads(guard.check(text, policy="observe").output)
    assert data == {"answer": "It costs $49.90.", "motto": "(value cannot be shown: Acme, motto)", "n": 1}
    shown = "".join(guard.stream([text[:25], text[25:]], policy="observe"))
    assert json.loads(shown) == data


def test_a_wrapped_call_fills_slots(guard: Guard) -> None:
    """`@guard` fills slots in what a function returns, text or values."""
    assert guard(lambda: f"The list price of Acme is {PRICE}.")() == "The list price of Acme is $49.90."
    assert guard(lambda: {"note": f"for {PRICE}"})() == {"note": "for $49.90"}
    assert "".join(guard(lambda: iter(["Hello {{fact:Ac", "me/list price}}"]))()).startswith("Hello $49.90")


def test_without_knowledge_slots_stay() -> None:
    """A guard that knows nothing fills nothing: the slot stays as it was written, for all to see."""
    bare = Guard(log=None, policy="observe")
    assert bare.check(PRICE).output == PRICE
    assert "".join(bare.stream([PRICE])) == PRICE
    assert bare.prompt("What does Acme cost?") == ""


def test_the_prompt_teaches_and_gives_the_facts(guard: Guard) -> None:
    """The fragment shows how a slot is written, and quotes the current facts of what the question names, bounded."""
    text = guard.prompt("What does Acme cost?")
    assert "{{fact:ENTITY/ATTRIBUTE}}" in text
    facts = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    price = {"entity": "Acme", "attribute": "list price", "value": "$49.90", "since": "2025-05-01"}
    assert {**price, "source": "price list 2025"} in facts
    assert not any(fact["value"] == "$39" for fact in facts)
    assert all("\n" not in fact["value"] for fact in facts)
    assert "$39" in guard.prompt("What does Acme cost?", at="2024-06-01")
    assert 'Acme"' not in guard.prompt("Hello")
    assert "$5" not in guard.prompt("What does Mercury cost?")


def test_the_prompt_is_bounded(guard: Guard) -> None:
    """However much is recorded of an entity, a bounded number of facts is given, and the rest is counted."""
    with world() as kb:
        for n in range(60):
            kb.add("Acme", f"figure {n}", "x" * 5000, source="s")
        text = Guard(knowledge=kb, log=None, clock=CLOCK).prompt("Tell me of Acme")
    assert len(text) < 40_000
    assert "more facts are recorded" in text
