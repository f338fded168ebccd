"""``guardlayer demo``: what a stranger sees first is always the same, and true."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from guardlayer import Knowledge
from guardlayer.cli.demo import POLICIES, assistant
from guardlayer.cli.demo.play import AT

GOLDEN = Path(__file__).parent / "golden" / "demo.txt"


@pytest.fixture
def demo(cli):
    return lambda *args: cli("demo", *args)


def test_the_plain_output_is_as_recorded(demo):
    """The README pastes this output.

    A change on purpose: ``UPDATE_GOLDEN=1 pytest tests/cli/test_demo.py``, then read the difference.
    """
    out = demo().out
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(out)
    assert out == GOLDEN.read_text()


def test_it_is_deterministic_and_leaves_nothing_behind(demo, tmp_path: Path):
    """Twice the same, nothing under the working directory, nothing on stderr."""
    first, second = demo(), demo()
    assert (first.code, first.err) == (0, "")
    assert first.out == second.out
    assert list(tmp_path.iterdir()) == []


def test_it_fits_100_columns_and_steers_nothing(demo):
    """Readable in a plain terminal and in a README, without trailing blanks."""
    for row in demo().out.splitlines():
        assert len(row) <= 100
        assert row == row.rstrip()
        assert "\x1b" not in row


def test_each_policy_does_what_it_says(demo):
    """One draft, five policies: what the user sees follows the policy, and only retry asks again."""
    data = demo("--json").json
    shown = {scene["policy"]: scene["shown"] for scene in data["policies"]}
    assert list(shown) == list(POLICIES)
    assert shown["observe"] == assistant.FIRST
    assert "[stale: since 2024-10-01 Shigeru Ishiba" in shown["annotate"]
    assert "**Shigeru Ishiba**" in shown["enforce"]
    assert "25.5%" in shown["enforce"]
    assert "24%" not in shown["enforce"]
    assert "Kishida" not in shown["strict"]
    assert "withheld" in shown["strict"]
    assert shown["retry"] == assistant.SECOND
    assert [len(scene["reports"]) for scene in data["policies"]] == [1, 1, 1, 1, 2]


def test_the_draft_shows_every_common_verdict(demo):
    """Greeting and opinion are exempt; current, stale, invented and unsourced facts each get their verdict."""
    report = demo("--json", "--policy", "observe").json["policies"][0]["reports"][0]
    verdicts = {claim["text"].split(".")[0]: claim["verdict"] for claim in report["claims"]}
    assert [claim["verdict"] for claim in report["claims"][:2]] == ["exempt", "exempt"]
    assert verdicts["The Prime Minister of the United Kingdom is Keir Starmer"] == "supported"
    assert verdicts["The Prime Minister of Japan is Fumio Kishida"] == "stale"
    assert verdicts["NATO has 35 members"] == "contradicted"
    assert verdicts["The Hotel Aurora in Helsinki has 212 rooms"] == "unsupported"


def test_a_correction_changes_the_very_next_answer(demo):
    """The same words of the same model pass before, and are put right after."""
    correction = demo("--json").json["correction"]
    before, after = correction["before"], correction["after"]
    assert before["reports"][0]["text"] == after["reports"][0]["text"]
    assert "8.0%" in before["shown"]
    assert before["reports"][0]["outcome"] == "verified"
    assert "8.1%" in after["shown"]
    assert "8.0%" not in after["shown"]
    assert "dana" in after["reports"][0]["claims"][-1]["reason"]


def test_one_policy_can_be_chosen_and_an_unknown_one_is_refused(demo):
    """--policy shows one; a name that is none lists those that are."""
    assert [scene["policy"] for scene in demo("--policy", "strict", "--json").json["policies"]] == ["strict"]
    done = demo("--policy", "loose")
    assert done.code == 2
    assert "observe" in done.err


def test_the_facts_are_sound():
    """Every fact has a source one can look up and the day it began, and rates answer by the day."""
    knowledge = Knowledge.open(":memory:")
    with as_file(files("guardlayer.cli.demo") / "facts.yaml") as path:
        assert knowledge.load(path).added >= 25
    for fact in _facts(knowledge):
        assert (fact.source.uri or "").startswith("https://")
        assert fact.valid.start_text or fact.attribute == "end of life"
    answers = {
        ("Germany", "standard VAT rate", "2020-07-01"): "16%",
        ("Germany", "standard VAT rate", "2020-12-31"): "16%",
        ("Germany", "standard VAT rate", "2021-01-01"): "19%",
        ("Estonia", "standard VAT rate", "2025-06-30"): "22%",
        ("Estonia", "standard VAT rate", "2025-07-01"): "24%",
        ("Finland", "VAT", "2024-08-31"): "24%",
        ("UK", "Prime Minister", "2022-10-01"): "Liz Truss",
    }
    for (entity, attribute, at), value in answers.items():
        assert knowledge.ask(entity, attribute, at=at).value == value
    assert datetime(2025, 1, 15, tzinfo=UTC) == AT


def _facts(knowledge):
    for _, name, _ in knowledge.ledger.entities():
        for info in knowledge.ledger.attributes():
            yield from knowledge.history(name, info.name)
