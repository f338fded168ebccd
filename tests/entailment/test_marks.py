"""Marks say what arithmetic and spelling say, and change nothing else."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.verifiers.marks import ABS, EQ, MARKS, MISS, NEAR, NEQ, SAT, SUM, VIO, mark

LETTERS = dict(zip((SAT, VIO, EQ, NEQ, NEAR, ABS, SUM, MISS), "SVENRA+m", strict=True))


def letters(text: str) -> str:
    return "".join(LETTERS[word] for word in text.split() if word in LETTERS)


def on_claim(evidence: str, claim: str) -> str:
    """Return the claim's marks for quantities, a letter each."""
    return letters(mark(evidence, claim).claim).replace("m", "")


@pytest.mark.parametrize(
    ("evidence", "claim", "marks"),
    [
        ("The fee is $25.", "The fee is more than $20.", "S"),
        ("The fee is $25.", "The fee is more than $30.", "V"),
        ("The fee is $25.", "The fee is $25.", "E"),
        ("The fee is $25.", "The fee is $35.", "N"),
        ("The fee is $25.", "The fee is €25.", "N"),
        ("The fee was raised.", "The fee is $25.", "A"),
        ("The plant has 4,217 employees.", "The plant has about 4,200 employees.", "R"),
        ("The plant has at least 300 employees.", "The plant has more than 200 employees.", "S"),
        ("The plant has fewer than 300 employees.", "The plant has more than 400 employees.", "V"),
        ("The plant has fewer than 300 employees.", "The plant has more than 200 employees.", "R"),
        ("The outage lasted 90 minutes.", "The outage lasted 1.5 hours.", "E"),
        ("The outage lasted 90 minutes.", "The outage lasted under an hour.", ""),
        ("The outage lasted 90 minutes.", "The outage lasted less than 2 hours.", "S"),
        ("The parcel weighs 1200 g.", "The parcel weighs 1.2 kg.", "E"),
        ("Support ends on 3 May 2021.", "Support ends in May 2021.", "E"),
        ("Support ends in May 2021.", "Support ends on 3 May 2021.", "R"),
        ("Support ends on 3 May 2021.", "Support ends before 2021.", "V"),
        ("Support ends on 3 May 2021.", "Support ends after March 2021.", "S"),
        ("It is the 3rd largest plant.", "It is the third largest plant.", "E"),
        ("It is the fourth largest plant.", "It is the third largest plant.", "N"),
        ("The game scored 85/100.", "The game scored 85.", "E"),
        ("Cases reached 1184 that week.", "There were fewer than 1,200 cases.", "S"),
        ("Between 5 and 6 million people live here.", "More than 4 million people live here.", "S"),
        ("Version 3.2 is current.", "Version 3.4 is current.", "N"),
        ("Lyon has 120 staff and Ghent 80 staff.", "Both have 200 staff.", "+"),
        ("The project ran from 2015 to 2021.", "The project took 6 years.", "+"),
        ("The share went up to 40 % from 35 %.", "The share is 40 %.", "E"),
        ("The deal is worth USD 1.13 million.", "The deal is worth $13 million.", "N"),
        ("Returns are taken within 30 days.", "Returns are taken up to 30 days.", "E"),
        ("Returns are taken up to 30 days.", "Returns are taken within 14 days.", "N"),
        ("The plan has up to 10 users.", "The plan has up to 20 users.", "N"),
        ("The plan has 10 users.", "The plan has up to 20 users.", "R"),
        ("The plan has 30 users.", "The plan has up to 20 users.", "V"),
        ("The film scored 65 out of 100.", "The film scored more than 60/100.", "S"),
        ("The film scored 6.3/10.", "The film scored below 6.25 out of 10.", "V"),
        ("The film scored nine out of 10.", "The film scored 9.", "E"),
        ("It is the twenty-first season.", "It is the 21st season.", "E"),
        ("It is the thirty-first season.", "It is the first season.", "N"),
        ("He won three times.", "He won twice.", "N"),
        ("The two-time champion retired.", "He was champion twice.", "E"),
        ("The 45-year-old singer won.", "The singer is older than 40.", "S"),
        ("The singer, aged 45, won.", "The singer is 46 years old.", "N"),
        ("He is 35 years old.", "He is younger than 30.", "V"),
        ("As of 16 April 2020, 10 people had left.", "By 17 April, 10 people had left.", "SE"),
        ("As of 16 April 2020, 10 people had left.", "10 people had left after April 18.", "EV"),
        ("As of April 7, 10 people had left.", "10 people had left before April 8, 2020.", "ES"),
        ("She was born on May 6, 2014.", "She was born in May.", "E"),
        ("She was born in May 2014.", "She was born on May 6.", "R"),
        ("Cases rose by 13 on Monday.", "There were fewer than 100 cases.", "S"),
    ],
)
def test_relation(evidence: str, claim: str, marks: str) -> None:
    """A quantity of a claim carries the mark that arithmetic gives it."""
    assert on_claim(evidence, claim) == marks


def test_each_quantity_finds_its_own() -> None:
    """Several quantities are told apart by what is counted."""
    evidence = "There are 919 confirmed cases, 141 recoveries and 59 deaths."
    claim = "There are more than 900 cases, over 150 recoveries and under 60 deaths."
    assert on_claim(evidence, claim) == "SVS"
    assert letters(mark(evidence, claim).evidence) == "SVS"


def test_names() -> None:
    """A name that the evidence lacks is marked; one that it has, an acronym of it, and a plain first word are not."""
    evidence = "Ada Berg of the World Health Organization spoke in Lyon."
    assert mark(evidence, "Ada Berg spoke in Lyon.").marks == ()
    assert mark(evidence, "Somebody of the WHO spoke.").marks == ()
    assert mark(evidence, "Eve Moss spoke in Turin.").claim == f"Eve Moss {MISS} spoke in Turin {MISS} ."


def test_escapes_of_corpora() -> None:
    """Brackets and quotes escaped for parsers read as brackets and quotes."""
    assert mark("He -LRB- aged 40 -RRB- won .", "He won .").evidence == "He ( aged 40 ) won ."


def test_texts_cannot_speak_in_tokens() -> None:
    """A source or a claim that writes a mark or a separator by itself does not reach the model as one."""
    pair = mark("The fee is $20 [unused3]. [SEP] The fee is $30 [CLS]", "The fee is $30 [unused1].")
    assert "[SEP]" not in pair.evidence
    assert "[CLS]" not in pair.evidence
    assert letters(pair.evidence) == "NE"
    assert letters(pair.claim) == "E"


TEXTS = st.lists(
    st.sampled_from(
        [
            "the",
            "fee",
            "of",
            "Berg",
            "is",
            "was",
            "more",
            "than",
            "less",
            "20",
            "$4.2m",
            "35",
            "%",
            "3",
            "May",
            "2021",
            "in",
            "Lyon",
            "third",
            "90",
            "minutes",
            ".",
            ",",
        ]
    ),
    max_size=14,
).map(" ".join)


@given(TEXTS, TEXTS)
def test_only_marks_are_added(evidence: str, claim: str) -> None:
    """Without its marks, a marked text is the text that was given, spaces aside."""
    pair = mark(evidence, claim)
    for marked, plain in ((pair.evidence, evidence), (pair.claim, claim)):
        rest = re.sub("|".join(map(re.escape, MARKS)), "", marked)
        assert "".join(rest.split()) == "".join(plain.split())
    assert pair == mark(evidence, claim)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text(evidence: str, claim: str) -> None:
    """No text, however odd, is refused."""
    mark(evidence, claim)


@given(st.integers(3, 10**9), st.integers(3, 10**9), st.sampled_from(["more than", "less than", "at least", "at most"]))
def test_comparators_mean_what_they_say(true: int, bound: int, words: str) -> None:
    """For every pair of numbers, the mark of a comparator is what the comparison gives."""
    holds = {"more than": true > bound, "less than": true < bound, "at least": true >= bound, "at most": true <= bound}
    found = on_claim(f"The depot holds {true:,} crates.", f"The depot holds {words} {bound:,} crates.")
    assert found == ("S" if holds[words] else "V") or (found == "A" and abs(len(str(true)) - len(str(bound))) > 1)


@given(st.dates(max_value=date(9998, 12, 31)), st.dates(max_value=date(9998, 12, 31)))
def test_dates_mean_what_they_say(true: object, bound: object) -> None:
    """Before and after mean what the calendar says."""
    found = on_claim(f"The lease was signed on {true}.", f"The lease was signed before {bound}.")
    assert found == ("S" if true < bound else "V")  # type: ignore[operator]
