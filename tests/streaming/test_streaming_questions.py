"""A question that speaks of *it* is read the same by the sentence and as a whole."""

import pytest

TURNS = (("user", "Tell me about Acme."), ("assistant", "Acme is a maker of robots."))


@pytest.mark.parametrize(
    "question", ["What does it cost?", "What is its list price?", "What is the list price of Acme?"]
)
@pytest.mark.parametrize("rest", ["", " Anything else?", " It is a good one.", " They say that its price may rise."])
def test_what_comes_later_does_not_change_how_an_answer_is_read(guard, question, rest):
    """A reference that stands behind a sentence changes nothing about it: both modes claim and show the same."""
    asked = {"question": question, "turns": TURNS, "at": "2026-01-01"}
    report = guard.check(f"$39.{rest}", **asked)
    session = guard.session(**asked)
    shown = [release for character in f"$39.{rest}" for release in session.feed(character)]
    shown.extend(session.finish())
    assert [claim.text for claim in session.report.claims] == [claim.text for claim in report.claims]
    assert "".join(release.text for release in shown) == report.output
    assert report.output.startswith("$49.")
