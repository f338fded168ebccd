"""A report can be read without colour, and its text is shown whole, whatever is in it."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from guardlayer.cli.showing import MARKS, marked_text, show_report
from guardlayer.temporal import Interval
from guardlayer.types import Action, CheckedClaim, Claim, Evidence, Fact, Label, Relation, Skipped, Source, Verdict

NEW = Fact(
    "f2", 1, "Acme", "list price", "$49",
    valid=Interval.parse("2026-01-01", None), source=Source("price list 2026", "https://acme.example/2026"),
)  # fmt: skip
TEXT = "Hi! The price is $39."


def shown(thing, *, color=False, width=100):
    console = Console(
        file=io.StringIO(), width=width, force_terminal=color, color_system="standard" if color else None,
        markup=False, highlight=False, emoji=False,
    )  # fmt: skip
    console.print(thing)
    return console.file.getvalue()


def stale(**changes):
    return replace(Verdict(Label.STALE, 0.9, "$39 ended", current=NEW), **changes)


@pytest.fixture
def example(report):
    return report(TEXT, [(0, 3, Verdict(Label.EXEMPT, 1.0, "behavior")), (4, 21, stale())])


def test_each_verdict_has_its_own_symbol(report):
    """Two verdicts never look alike without colour, and every verdict has a symbol."""
    assert set(MARKS) == set(Label)
    assert len({mark.symbol for mark in MARKS.values()}) == len(MARKS)


@pytest.mark.parametrize("label", list(Label))
def test_verdicts_are_words_too(label, report):
    """Whoever sees neither colours nor symbols reads the verdict."""
    text = shown(show_report(report("One claim.", [(0, 10, Verdict(label, 1.0, "a reason"))])))
    assert str(label) in text
    assert f"{MARKS[label].symbol}1 One claim." in text


def test_reason_successor_and_source_stand_beside_the_claim(example):
    """A stale claim names why, what is true now, since when, and who says so."""
    text = shown(show_report(example))
    assert "·1 Hi! ⌛2 The price is $39." in text
    assert "$39 ended" in text
    assert "now: $49 since 2026-01-01, says price list 2026 <https://acme.example/2026>" in text
    assert "exempt" in text


def test_colour_adds_nothing_but_colour(example):
    """With and without colour the same characters are shown."""
    plain, coloured = shown(show_report(example)), shown(show_report(example), color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_markup_and_escapes_in_what_a_model_wrote_are_text(report):
    """A model that writes Rich markup, emoji codes or terminal escapes sees them shown, not obeyed."""
    text = "[bold]x[/] [/nope] :smile: \x1b[2J\x1b]8;;https://evil\x07click\x07"
    verdict = Verdict(
        Label.SUPPORTED, 1.0, "[red]r[/] \x1b[31m", evidence=(
            Evidence("e", Source("[link=x]s[/]\x1b]0;t\x07", "\x9b2J"), relation=Relation.SUPPORTS),
        ),
    )  # fmt: skip
    out = shown(show_report(report(text, [(0, len(text), verdict)], notices=("[bold]n\x1b[0m",), output=text + "!")))
    assert "[bold]x[/] [/nope] :smile: ␛[2J␛]8;;https://evil␇click␇" in out
    assert "[red]r[/] ␛[31m" in out
    assert "[link=x]s[/]␛]0;t␇" in out
    assert "Note: [bold]n␛[0m" in out
    assert "\x1b" not in out
    assert "\x9b" not in out


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the fixture is a plain function
@given(text=st.text(st.characters(categories=None), max_size=60), cuts=st.lists(st.integers(0, 60), max_size=8))
def test_no_character_of_the_text_is_lost(report, text, cuts):
    """Whatever the claims' offsets are, overlapping ones included, every character is shown once and in order."""
    pairs = [(min(pair), max(pair)) for pair in zip(cuts[::2], cuts[1::2], strict=False)]
    claims = [(start, min(end, len(text)), Verdict(Label.UNSUPPORTED, 1.0, "r")) for start, end in pairs]
    claims = [claim for claim in claims if claim[0] < claim[1]]
    marked = marked_text(report(text, claims)).plain
    for number in range(1, len(claims) + 1):
        assert f"?{number} " in marked
    length = len(text) + sum(len(f"?{number} ") for number in range(1, len(claims) + 1))
    assert len(marked) == length


def test_structured_output_is_shown_as_it_is_with_paths(report):
    """A leaf of JSON output is found by its pointer, since offsets count within the leaf."""
    made = report('{"price": "$39"}', [])
    claim = CheckedClaim(Claim("price: $39", 0, 3, path="/price"), stale(), Action.CORRECT)
    made = replace(made, draft=replace(made.draft, data={"price": "$39"}), claims=(claim,))
    text = shown(show_report(made))
    assert '{"price": "$39"}' in text
    assert "/price “price: $39”" in text
    assert "→ corrected" in text


def test_empty_is_not_a_pass(report):
    """A text without claims says that nothing was proven; an unverifiable one that something was not checked."""
    assert "proves nothing" in shown(show_report(report("Hi!", [])))
    unknown = report("X is Y.", [(0, 7, Verdict(Label.UNVERIFIABLE, 1.0, "time", error="deadline"))])
    assert "could not be checked" in shown(show_report(unknown))


def test_coverage_record_and_skipped_regions_are_said(report):
    """The reader learns how much was checked, what was skipped and why, and where the record is."""
    made = report("`code`", [], record="0194-abc", notices=("the log is new",))
    made = replace(made, coverage=replace(made.coverage, skipped=(Skipped(0, 6, "code"),)))
    text = shown(show_report(made))
    assert "1 regions skipped" in text
    assert "Skipped: code" in text
    assert "Record: 0194-abc" in text
    assert "Note: the log is new" in text
