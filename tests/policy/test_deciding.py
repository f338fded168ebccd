"""From verdicts to a decision: what stays, what goes, and what is never left standing."""

import json
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.errors import InputError
from guardlayer.policy import Policy, apply_data, apply_text, canonical_json, json_text
from guardlayer.types import (
    Action,
    CheckedClaim,
    Claim,
    Draft,
    Edit,
    Evidence,
    Fact,
    Interval,
    Kind,
    Label,
    Piece,
    Relation,
    Source,
    Span,
    Verdict,
)

AT = datetime(2023, 12, 15, tzinfo=UTC)
WIKIDATA = Source("wikidata", uri="https://www.wikidata.org/", version="2023-12")
MELONI = Fact(
    "f1", 2, "Italy", "head of government", "Giorgia Meloni", valid=Interval.parse("2022-10-22", None), source=WIKIDATA
)
BORNE_OUT = Evidence("Italy, head of government: Giorgia Meloni", WIKIDATA, fact=MELONI, relation=Relation.SUPPORTS)
REDACTION = Policy.preset("enforce").messages.redaction


def draft(text, data=None):
    return Draft(canonical_json(data) if data is not None else text, AT, "call", data=data)


def checked(text, label, *, at=0, old=None, new=None, score=0.95, kind=Kind.FACT, error=None, path=None, **more):
    claim = Claim(text, at, at + len(text), kind=kind, path=path, pieces=(Piece(0, at, len(text)),))
    span = Span(text.index(old), text.index(old) + len(old)) if old is not None else None
    return CheckedClaim(
        claim, Verdict(label, score, f"because of {label}", span=span, replacement=new, error=error, **more)
    )


def in_text(text, part, label, **more):
    return checked(part, label, at=text.index(part), **more)


STALE = {"old": "Matteo Renzi", "new": "Giorgia Meloni", "current": MELONI}
TEXT = "Ciao! Matteo Renzi leads Italy. Rome is in Italy. 😀"


def test_corrected_from_the_source_and_nothing_else_changes():
    """Only the words of the value are replaced; every other character stays, also beyond the BMP."""
    decision = Policy.preset("enforce").decide(
        draft(TEXT),
        [in_text(TEXT, "Ciao!", Label.EXEMPT), in_text(TEXT, "Matteo Renzi leads Italy.", Label.STALE, **STALE)],
    )
    assert decision.output == "Ciao! Giorgia Meloni leads Italy. Rome is in Italy. 😀"
    assert decision.action is Action.CORRECT
    assert decision.actions == (Action.PASS, Action.CORRECT)
    assert decision.edits == (Edit(6, 18, "Giorgia Meloni"),)
    assert decision.reasons == ("correct: fact claim stale (0.95): because of stale",)


@pytest.mark.parametrize(
    "lacking",
    [
        {"new": None},
        {"new": "Matteo Renzi"},
        {"new": "Giorgia\x1b[31m Meloni"},
        {"new": "Giorgia\nMeloni"},
        {"new": "inoleM \u202eaigroiG"},
        {"new": "Giorgia [source 1]"},
        {"new": "x" * 2001},
        {"old": None},
    ],
)
def test_a_correction_that_does_not_fit_is_a_redaction(lacking):
    """Without a replacement that is plain text and changes something, the claim goes."""
    claim = in_text(TEXT, "Matteo Renzi leads Italy.", Label.CONTRADICTED, **{**STALE, **lacking})
    decision = Policy.preset("enforce").decide(draft(TEXT), [claim])
    assert decision.output == f"Ciao! {REDACTION} Rome is in Italy. 😀"
    assert decision.actions == (Action.REDACT,)


def test_words_supplied_by_resolution_cannot_be_corrected():
    """Where the value does not stand in the draft, no offset is invented for it."""
    text = "He leads Italy."
    claim = Claim("Matteo Renzi leads Italy.", 0, 15, pieces=(Piece(12, 2, 13),))
    verdict = Verdict(Label.STALE, 1.0, "r", span=Span(0, 12), replacement="Giorgia Meloni")
    assert Policy.preset("enforce").decide(draft(text), [CheckedClaim(claim, verdict)]).output == REDACTION


@pytest.mark.parametrize(
    "label", [Label.CONTRADICTED, Label.STALE, Label.DISPUTED, Label.UNSUPPORTED, Label.UNVERIFIABLE]
)
def test_strict_shows_nothing_of_what_it_blocks(label):
    """A block leaves the refusal alone: no word of the draft, of the reason or of the sources."""
    policy = Policy.preset("strict")
    claim = in_text(TEXT, "Matteo Renzi leads Italy.", label, **STALE)
    decision = policy.decide(draft(TEXT), [in_text(TEXT, "Rome is in Italy.", Label.SUPPORTED), claim])
    assert (decision.action, decision.output, decision.edits) == (Action.BLOCK, policy.messages.refusal, ())
    assert decision.reasons == (f"block: fact claim {label} (0.95): because of {label}",)


def test_retry_shows_nothing_until_it_has_been_made():
    """A caller that does not ask again has no unverified text to show."""
    policy = Policy.preset("retry")
    decision = policy.decide(draft(TEXT), [in_text(TEXT, "Matteo Renzi leads Italy.", Label.STALE, **STALE)])
    assert (decision.action, decision.output) == (Action.RETRY, policy.messages.refusal)
    assert policy.final.decide(draft(TEXT), [in_text(TEXT, "Rome is in Italy.", Label.DISPUTED)]).action is Action.BLOCK


@pytest.mark.parametrize("name", ["observe", "annotate", "enforce", "strict", "retry"])
def test_behavior_passes_byte_for_byte(name):
    """Text without claims is the very same text under every policy."""
    text = "Ciao!\r\n\tHow can I help? [1] \u00a0\u200d😀"
    decision = Policy.preset(name).decide(draft(text), [in_text(text, "Ciao!", Label.EXEMPT, kind=Kind.BEHAVIOR)])
    assert decision.output is text
    assert (decision.action, decision.edits, decision.reasons) == (Action.PASS, (), ())
    assert Policy.preset(name).decide(draft(text), []).output is text


def test_observe_changes_nothing_whatever_is_found():
    """Observe passes the text of every verdict, failed checks included."""
    claims = [in_text(TEXT, "Matteo Renzi leads Italy.", label, **STALE) for label in Label]
    claims.append(in_text(TEXT, "Rome is in Italy.", Label.UNVERIFIABLE, error="TimeoutError"))
    decision = Policy.preset("observe").decide(draft(TEXT), claims)
    assert decision.output is TEXT
    assert set(decision.actions) == {Action.PASS}


@pytest.mark.parametrize(
    ("on_error", "error", "action"),
    [
        ("open", "TimeoutError", Action.ANNOTATE),
        ("annotate", "TimeoutError", Action.ANNOTATE),
        ("closed", "TimeoutError", Action.BLOCK),
        ("closed", None, Action.ANNOTATE),
    ],
)
def test_a_failed_check_is_at_least_what_on_error_says(on_error, error, action):
    """``closed`` blocks on an error, and only then; ``open`` never weakens the row for unverifiable."""
    policy = Policy.from_mapping({"extends": "enforce", "on_error": on_error})
    claim = in_text(TEXT, "Rome is in Italy.", Label.UNVERIFIABLE, error=error)
    assert policy.decide(draft(TEXT), [claim]).action is action


@pytest.mark.parametrize(
    ("preset", "label", "score", "action"),
    [
        ("enforce", Label.SUPPORTED, 0.5, Action.PASS),
        ("enforce", Label.SUPPORTED, 0.49, Action.ANNOTATE),
        ("strict", Label.SUPPORTED, 0.49, Action.BLOCK),
        ("enforce", Label.STALE, 0.5, Action.CORRECT),
        ("enforce", Label.STALE, 0.49, Action.ANNOTATE),
        ("enforce", Label.CONTRADICTED, float("nan"), Action.ANNOTATE),
        ("strict", Label.CONTRADICTED, 0.1, Action.BLOCK),
        ("retry", Label.STALE, 0.1, Action.RETRY),
        ("observe", Label.STALE, 0.1, Action.PASS),
    ],
)
def test_a_verdict_below_its_threshold_is_no_ground_for_changing_words(preset, label, score, action):
    """Weak support is no support; a weak finding is shown as possible, and never edits."""
    claim = in_text(TEXT, "Matteo Renzi leads Italy.", label, score=score, **STALE)
    decision = Policy.preset(preset).decide(draft(TEXT), [claim])
    assert decision.action is action
    if preset == "enforce" and action is Action.ANNOTATE:
        assert "Matteo Renzi leads Italy. [" in decision.output
        assert ("[possibly " in decision.output) is (label is not Label.SUPPORTED)


def test_a_weak_finding_blocks_only_where_unsupported_would():
    """A block meant for staleness is not set off by a guess."""
    policy = Policy.from_mapping({"actions": {"*.stale": "block"}})
    claim = in_text(TEXT, "Matteo Renzi leads Italy.", Label.STALE, score=0.2, **STALE)
    assert policy.decide(draft(TEXT), [claim]).action is Action.ANNOTATE


def test_kinds_may_be_told_apart():
    """One row of one kind changes that cell alone."""
    policy = Policy.from_mapping({"actions": {"permission.unsupported": "block"}})
    claims = [in_text(TEXT, "Rome is in Italy.", Label.UNSUPPORTED, kind=kind) for kind in (Kind.FACT, Kind.PERMISSION)]
    assert policy.decide(draft(TEXT), claims[:1]).action is Action.ANNOTATE
    assert policy.decide(draft(TEXT), claims[1:]).action is Action.BLOCK


def test_a_redaction_takes_overlapping_corrections_and_marks_with_it():
    """The stronger action wins, and no half of a wrong value is left beside it."""
    text = "aaaa bbbb cccc dddd"
    claims = [
        checked("aaaa bbbb", Label.STALE),
        checked("bbbb cccc", Label.STALE, at=5, old="bbbb cccc", new="XXXX"),
        checked("bbbb", Label.DISPUTED, at=5),
    ]
    decision = Policy.preset("enforce").decide(draft(text), claims)
    assert decision.output == f"{REDACTION} dddd"
    assert decision.actions == (Action.REDACT,) * 3


@pytest.mark.parametrize(("start", "end", "left"), [(4, 6, "gh"), (5, 7, "h"), (1, 3, "fgh"), (0, 5, "fgh")])
def test_redactions_that_overlap_or_touch_become_one(start, end, left):
    """Two claims taken out side by side leave one note, not two, and no letter between them."""
    text = "abcdefgh"
    claims = [checked(text[:5], Label.STALE), checked(text[start:end], Label.STALE, at=start)]
    assert Policy.preset("enforce").decide(draft(text), claims).output == REDACTION + left


def test_corrections_that_disagree_about_the_same_words_remove_both_claims():
    """Neither value is picked silently; the same correction found twice is made once."""
    text = "The fee is 3% now."
    one, two = (checked(text, Label.STALE, old="3%", new=new) for new in ("4%", "5%"))
    enforce = Policy.preset("enforce")
    assert enforce.decide(draft(text), [one, two]).output == REDACTION
    twice = enforce.decide(draft(text), [one, one])
    assert twice.output == "The fee is 4% now."
    assert twice.edits == (Edit(11, 13, "4%"),)


def test_a_correction_that_meets_a_redaction_goes_with_its_whole_claim():
    """What is left of a wrong claim does not stand beside the hole that another one left, nor does what it touches."""
    text = "aaaa bbbb cccc dddd"
    claims = [
        checked("aaaa", Label.CONTRADICTED),
        checked("aaaa bbbb", Label.CONTRADICTED, old="aaaa", new="XX"),
        in_text(text, "bbbb cccc", Label.STALE, old="bbbb", new="YY"),
        in_text(text, "dddd", Label.STALE, old="dddd", new="ZZ"),
    ]
    decision = Policy.preset("enforce").decide(draft(text), claims)
    assert decision.actions == (Action.REDACT, Action.REDACT, Action.REDACT, Action.CORRECT)
    assert not set(decision.output.split()) & {"aaaa", "bbbb", "cccc", "XX", "YY"}
    assert decision.output.endswith("ZZ")


def test_a_mark_never_lands_inside_a_replacement():
    """A claim that ends within corrected words is marked behind them."""
    text = "aaaa bbbb cccc"
    claims = [checked("aaaa bb", Label.UNSUPPORTED), checked(text, Label.STALE, old="bbbb", new="XX")]
    assert Policy.preset("enforce").decide(draft(text), claims).output == "aaaa XX [unsupported: no source found] cccc"


def test_a_claim_outside_the_draft_is_an_error():
    """A splitter's wrong offsets are reported, never clamped."""
    with pytest.raises(InputError, match="splitter"):
        Policy.preset("enforce").decide(draft("short"), [checked("much longer", Label.STALE)])


@st.composite
def decided(draw):
    text = draw(st.text(alphabet="ab .[]1(:é😀", max_size=40))
    claims = []
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, len(text)))
        begin = draw(st.integers(0, end - start))
        span = Span(begin, draw(st.integers(begin, end - start)))
        claim = Claim(text[start:end], start, end, pieces=(Piece(0, start, end - start),))
        label = draw(st.sampled_from(list(Label)))
        new = draw(st.sampled_from([None, "N", "M"]))
        verdict = Verdict(
            label, draw(st.sampled_from([0.2, 0.9])), "r", evidence=(BORNE_OUT,), span=span, replacement=new
        )
        claims.append(CheckedClaim(claim, verdict))
    return draw(st.sampled_from(["observe", "annotate", "enforce"])), text, claims


@given(decided())
def test_whatever_the_claims_edits_are_disjoint_and_account_for_the_output(case):
    """Edits ascend without overlap, give the output when applied, and leave no redacted or replaced word standing."""
    preset, text, claims = case
    decision = Policy.preset(preset).decide(draft(text), claims)
    assert apply_text(text, decision.edits) == decision.output
    assert all(a.end <= b.start and (a.start, a.end) < (b.start, b.end) for a, b in pairwise(decision.edits))
    assert len(decision.actions) == len(claims)
    gone = {i for edit in decision.edits for i in range(edit.start, edit.end)}
    for checked_claim, action in zip(claims, decision.actions, strict=True):
        if action is Action.REDACT:
            assert set(range(checked_claim.start, checked_claim.end)) <= gone
        if action is Action.CORRECT:
            span = checked_claim.claim.locate(checked_claim.result.span)
            assert Edit(span.start, span.end, checked_claim.result.replacement) in decision.edits
    if preset != "enforce":
        assert not gone


@given(decided(), st.randoms())
def test_the_order_of_the_claims_does_not_decide_what_is_removed(case, random):
    """Which words go and which are replaced is the same in whatever order claims come."""
    preset, text, claims = case
    shuffled = list(claims)
    random.shuffle(shuffled)
    cut = [
        {edit for edit in Policy.preset(preset).decide(draft(text), order).edits if edit.end > edit.start}
        for order in (claims, shuffled)
    ]
    assert cut[0] == cut[1]


DATA = {"product": "Pro", "price": 100, "live": True, "tags": ["old", "new"], "note": None}


def leaf(path, text, label, **more):
    return checked(text, label, path=path, **more)


def test_structured_output_keeps_its_types():
    """A number is corrected to a number, a redacted value is null, and the data handed in is not touched."""
    data = {**DATA, "tags": list(DATA["tags"])}
    decision = Policy.preset("enforce").decide(
        draft("", data),
        [
            leaf("/price", "100", Label.STALE, old="100", new="120"),
            leaf("/tags/0", "old", Label.CONTRADICTED),
            leaf("/product", "Pro", Label.UNSUPPORTED),
        ],
    )
    assert decision.output == '{"product":"Pro","price":120,"live":true,"tags":[null,"new"],"note":null}'
    assert decision.actions == (Action.CORRECT, Action.REDACT, Action.ANNOTATE)
    assert data == DATA
    assert json_text(apply_data(data, decision.edits), like="") == decision.output


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ('{"b": 1, "a": [100]}', '{"b": 2, "a": [100]}'),
        ('{"b":1,"a":[100]}', '{"b":2,"a":[100]}'),
        ('{\n  "b": 1,\n  "a": []\n}', '{\n  "b": 2,\n  "a": []\n}'),
    ],
)
def test_an_edited_document_keeps_its_order_and_its_spacing(text, edited):
    """What was not edited reads as the model wrote it."""
    assert json_text(json.loads(text) | {"b": 2}, like=text) == edited


def test_a_correction_that_would_change_a_type_is_a_redaction():
    """A number is never replaced by words: whoever parses the output counts on its type."""
    for path, text, new in (("/price", "100", "$120"), ("/live", "true", "no")):
        decision = Policy.preset("enforce").decide(draft("", DATA), [leaf(path, text, Label.STALE, old=text, new=new)])
        assert decision.actions == (Action.REDACT,)
        assert f'"{path[1:]}":null' in decision.output


def test_annotations_change_no_value_of_structured_output():
    """Under annotate, JSON comes out as it went in; the marks are in the report."""
    start = draft("", DATA)
    decision = Policy.preset("annotate").decide(start, [leaf("/product", "Pro", label) for label in Label])
    assert decision.output is start.text
    assert (decision.edits, decision.action) == ((), Action.ANNOTATE)


def test_a_redacted_object_takes_its_leaves_with_it():
    """What lies within a removed value is removed, whatever else was to become of it; a claim on the whole removes all."""
    data = {"a": {"b": "x"}, "c": 1}
    inner = leaf("/a/b", "x", Label.STALE, old="x", new="y")
    outer = CheckedClaim(Claim("a", 0, 9, path="/a"), Verdict(Label.CONTRADICTED, 1.0, "r"))
    decision = Policy.preset("enforce").decide(draft("", data), [inner, outer])
    assert decision.output == '{"a":null,"c":1}'
    assert decision.actions == (Action.REDACT, Action.REDACT)
    whole = CheckedClaim(Claim("all", 0, 3), Verdict(Label.CONTRADICTED, 1.0, "r"))
    assert Policy.preset("enforce").decide(draft("", data), [whole]).output == "null"


def test_a_correction_cannot_break_json():
    """Quotes and braces in a replacement are text of the value, not of the document."""
    decision = Policy.preset("enforce").decide(
        draft("", {"n": "old"}), [leaf("/n", "old", Label.STALE, old="old", new='x","admin":true,"y":"')]
    )
    assert decision.output == '{"n":"x\\",\\"admin\\":true,\\"y\\":\\""}'
