"""Keyed facts out of a git history: a value that a commit changed has taken over on its day."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardlayer import Guard, Knowledge, Label
from guardlayer.errors import ConfigError

sys.path.insert(0, str(Path(__file__).parent))
from repository_made import Repo

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

if shutil.which("git") is None:
    pytest.skip("needs git; install it from https://git-scm.com", allow_module_level=True)


def page(*rows: str, above: str = "") -> str:
    return "# Acme pricing\n\n" + above + "| Plan | Price |\n|---|---|\n" + "".join(f"| {row} |\n" for row in rows)


@pytest.fixture
def repo(tmp_path):
    return Repo(tmp_path / "acme")


@pytest.fixture
def kb(place):
    with Knowledge.open(place, clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def local():
    """A layer in memory, for what does not depend on the database."""
    with Knowledge.open(clock=lambda: NOW) as opened:
        yield opened


def prices(kb, plan="Pro", *days):
    return [kb.ask(plan, "price", at=day).value for day in days]


def test_a_value_that_a_commit_changed_has_taken_over_on_its_day(repo, kb):
    """The whole promise: value, day, commit and place of each, and the old one is stale."""
    first = repo.commit("2026-01-15", pricing=page("Pro | $49", "Team | $99"))
    second = repo.commit("2026-05-03", pricing=page("Pro | $59", "Team | $99", above="Prices are per month.\n\n"))
    done = kb.ingest_git(repo.path, facts="auto").facts
    assert (done.added, done.superseded, done.ended, done.kept) == (2, 1, 0, 1)
    old, new = kb.history("Pro", "price")[-2:]
    assert [fact.value for fact in (old, new)] == ["$49", "$59"]
    assert (old.valid.start_text, old.valid.end_text, new.valid.start_text) == (
        "2026-01-15",
        "2026-05-03",
        "2026-05-03",
    )
    assert (old.source.version, new.source.version) == (first[:12], second[:12])
    assert new.source.id == "acme/docs/pricing.md"
    content = repo.git("show", f"{new.source.version}:docs/pricing.md") + "\n"
    assert new.span.slice(content) == "| Pro | $59 |"
    (claim,) = Guard(knowledge=kb, log=None).check("The Pro plan costs $49.", at=NOW).claims
    assert claim.verdict is Label.STALE
    assert "2026-05-03" in claim.reason
    assert claim.current.value == "$59"


def test_read_nightly_or_at_once_is_the_same(repo, tmp_path):
    """Which revisions were read together decides nothing: values, days and commits are those of the history."""
    query = (
        "SELECT e.name, a.name, f.value, f.valid_from_text, f.valid_to_text, s.version FROM fact f "
        "JOIN fact_key k ON k.id = f.key JOIN entity e ON e.id = k.entity JOIN attribute a ON a.id = k.attribute "
        "JOIN source s ON s.id = f.source WHERE f.tx_to IS NULL ORDER BY 1, 2, 4"
    )
    with Knowledge.open(clock=lambda: NOW) as nightly, Knowledge.open(clock=lambda: NOW) as once:
        for number in range(9):
            rows = [f"Pro | ${40 + number // 2}", f"Team | ${90 + number % 3}"]
            rows += [] if number in {3, 4} else ["Max | $300"]
            facts = "# Acme\n\nseats: 5\n" + (f"storage: {number} GB\n" if number != 5 else "region: EU\n")
            repo.commit(f"2025-0{number + 1}-01", a=page(*rows), b=None if number == 7 else facts)
            nightly.ingest_git(repo.path, facts="auto" if number == 0 else None)
        once.ingest_git(repo.path, facts="auto")
        assert nightly.store.read(query) == once.store.read(query)
        assert len(once.store.read(query)) > 20
        assert nightly.store.read("SELECT source, count(*) FROM stated GROUP BY source") == once.store.read(
            "SELECT source, count(*) FROM stated GROUP BY source"
        )


def test_every_shape_becomes_facts_at_each_revision(repo, local):
    """Tables, definition lists, front matter and lines of key and value change with their commits alike."""

    def pages(number):
        return {
            "table": page(f"Pro | ${number}"),
            "list": f"# Acme router\n\nWeight\n: {number} kg\n\nColour\n: grey\n",
            "front": f"---\ntitle: Initech\nheadcount: {number}\n---\n\nInitech makes printers for offices.\n",
            "lines": f"# Globex\n\nFounded: 19{number}\nSeat: Cypress Creek\n",
        }

    repo.commit("2025-01-01", **pages(49))
    repo.commit("2025-07-01", **pages(59))
    local.ingest_git(repo.path, facts="auto")
    for entity, attribute, values in (
        ("Pro", "price", ["$49", "$59"]),
        ("Acme router", "weight", ["49 kg", "59 kg"]),
        ("Initech", "headcount", ["49", "59"]),
        ("Globex", "founded", ["1949", "1959"]),
    ):
        assert [local.ask(entity, attribute, at=day).value for day in ("2025-03-01", "2025-08-01")] == values


def test_a_row_that_is_gone_has_ended_and_a_page_that_is_gone_too(repo, local):
    """What a page says no more ended on the day of the commit; so did all that a deleted page said."""
    repo.commit("2025-01-01", a=page("Pro | $49", "Team | $99"))
    repo.commit("2025-02-01", a=page("Pro | $49"))
    repo.commit("2025-03-01", a=None, b="# Other\n\nNothing of it is a fact.\n")
    local.ingest_git(repo.path, facts="auto")
    days = ("2025-01-10", "2025-02-10", "2025-03-10")
    assert prices(local, "Team", *days) == ["$99", None, None]
    assert prices(local, "Pro", *days) == ["$49", "$49", None]


def test_a_renamed_page_goes_on_to_say_what_it_said(repo, local):
    """A rename ends nothing; the change that comes after it supersedes."""
    repo.commit("2025-01-01", a=page("Pro | $49", "Team | $99"))
    repo.commit("2025-02-01", a=None, b=page("Pro | $49", "Team | $99"))
    repo.commit("2025-03-01", b=page("Pro | $59", "Team | $99"))
    done = local.ingest_git(repo.path, facts="auto").facts
    assert (done.added, done.superseded, done.ended) == (2, 1, 0)
    assert prices(local, "Pro", "2025-02-10", "2025-03-10") == ["$49", "$59"]
    assert prices(local, "Team", "2025-01-10", "2025-03-10") == ["$99", "$99"]


def test_a_value_that_was_taken_back_within_a_second_never_held(repo, local):
    """Two commits of one instant leave no value that ends before it begins."""
    for price in ("$49", "$50", "$49"):
        repo.commit("2025-01-01", a=page(f"Pro | {price}"))
    local.ingest_git(repo.path, facts="auto")
    assert prices(local, "Pro", "2025-01-02") == ["$49"]
    live = [fact for fact in local.history("Pro", "price") if fact.recorded.end is None]
    assert [fact.value for fact in live] == ["$49"]


def test_a_declared_mapping_is_obeyed_at_each_revision(repo, kb):
    """Columns mean what the user says, with qualifiers and dates of their own; one bad row in the past stops nothing."""
    mapping = {"entity": "Acme {Plan}", "attributes": {"Price": "fee"}, "valid_from": "From"}
    table = "| Plan | Price | From |\n|---|---|---|\n"
    repo.commit("2025-01-01", a=table + "| Pro | $49 | 2024-12-01 |\n| Team | $99 | soon |\n")
    repo.commit("2025-06-01", a=table + "| Pro | $59 | 2025-07-01 |\n| Team | $99 | 2024-12-01 |\n")
    done = kb.ingest_git(repo.path, facts=mapping).facts
    days = ("2024-12-15", "2025-06-15", "2025-07-15")
    assert [kb.ask("Acme Pro", "fee", at=day).value for day in days] == ["$49", "$49", "$59"]
    assert kb.ask("Acme Team", "fee").value == "$99"
    assert any("soon" in reason for reason in done.left_out)


def test_a_correction_survives_the_next_reading(repo, local):
    """What somebody put right stays right for as long as the page says what was heard before."""
    repo.commit("2025-01-01", a=page("Pro | $49"))
    local.ingest_git(repo.path, facts="auto")
    (fact,) = local.ask("Pro", "price").facts
    local.correct(fact, "$48", author="dana", reason="a misprint")
    repo.commit("2025-02-01", a=page("Pro | $49", "Team | $99"))
    local.ingest_git(repo.path)
    assert local.ask("Pro", "price").value == "$48"
    repo.commit("2025-03-01", a=page("Pro | $59", "Team | $99"))
    local.ingest_git(repo.path)
    assert prices(local, "Pro", "2025-02-10", "2025-03-10") == ["$48", "$59"]


def test_facts_that_are_asked_for_later_are_read_from_the_whole_history(repo, kb):
    """A history that was read as passages only gives its facts with their days when they are asked for."""
    repo.commit("2025-01-01", a=page("Pro | $49"), b=page("Max | $1"))
    repo.commit("2025-03-01", a=page("Pro | $59"), b=None)
    assert kb.ingest_git(repo.path).facts.added == 0
    repo.commit("2025-05-01", a=page("Pro | $69"))
    done = kb.ingest_git(repo.path, facts="auto")
    assert done.added == 1
    assert prices(kb, "Pro", "2025-02-01", "2025-04-01", "2025-06-01") == ["$49", "$59", "$69"]
    assert prices(kb, "Max", "2025-02-01", "2025-04-01") == ["$1", None]
    assert str(kb.ingest_git(repo.path)) == "1 files: 0 passages added, 1 kept, 0 superseded; 0 files skipped"


def test_another_question_takes_the_place_of_the_first(repo, local):
    """What the former mapping recorded is withdrawn; what was corrected by hand stands."""
    repo.commit("2025-01-01", a=page("Pro | $49", "Team | $99"))
    repo.commit("2025-03-01", a=page("Pro | $59", "Team | $99"))
    local.ingest_git(repo.path, facts={"entity": "Acme {Plan}", "attributes": ["Price"]})
    assert local.ask("Acme Pro", "price", at="2025-02-01").value == "$49"
    local.ingest_git(repo.path, facts="auto")
    assert local.ask("Acme Pro", "price").value is None
    assert prices(local, "Pro", "2025-02-01", "2025-04-01") == ["$49", "$59"]
    (fact,) = local.ask("Pro", "price").facts
    local.correct(fact, "$58", author="dana", reason="a misprint")
    local.ingest_git(repo.path, facts={"entity": "Plan", "attributes": ["Price"]})
    assert prices(local, "Pro", "2025-02-01", "2025-04-01") == ["$49", "$58"]
    assert prices(local, "Team", "2025-02-01", "2025-04-01") == ["$99", "$99"]


def test_none_ends_what_was_recorded_and_is_remembered(repo, local):
    """Whoever wants no facts any more gets none from later commits either."""
    repo.commit("2025-01-01", a=page("Pro | $49"))
    local.ingest_git(repo.path, facts="auto")
    assert local.ingest_git(repo.path, facts="none").facts.ended == 1
    repo.commit("2025-03-01", a=page("Pro | $59"))
    local.ingest_git(repo.path)
    assert prices(local, "Pro", "2025-04-01") == [None]


def test_a_page_that_cannot_be_read_any_more_states_nothing(repo, local):
    """What it says now nobody knows: its facts are withdrawn, not ended; and back when it can be read again."""
    repo.commit("2025-01-01", a=page("Pro | $49"))
    repo.commit("2025-02-01", a=b"\xff\xfe\x00" + page("Pro | $59").encode("utf-16-le"))
    local.ingest_git(repo.path, facts="auto")
    assert local.ask("Pro", "price").value is None
    assert local.ask("Pro", "price", at="2025-01-15").value is None
    repo.commit("2025-03-01", a=page("Pro | $59"))
    local.ingest_git(repo.path)
    assert prices(local, "Pro", "2025-04-01") == ["$59"]


def test_a_page_that_was_withdrawn_stays_so_until_it_changes(repo, local):
    """Retracting a page retracts its facts, and reading the same history again brings nothing back."""
    repo.commit("2025-01-01", a=page("Pro | $49"))
    local.ingest_git(repo.path, facts="auto")
    local.retract("acme/docs/a.md", reason="a draft")
    local.ingest_git(repo.path)
    local.ingest_git(repo.path, facts={"entity": "Plan", "attributes": ["Price"]})
    assert local.ask("Pro", "price").value is None
    repo.commit("2025-03-01", a=page("Pro | $59"))
    local.ingest_git(repo.path)
    assert prices(local, "Pro", "2025-04-01") == ["$59"]


def test_two_names_of_one_thing_with_two_values_are_no_reason_to_fail(repo, local):
    """By shape, a second value for one key in one revision is left out and named."""
    local.entity("Pro", aliases=["Professional"])
    repo.commit("2025-01-01", a=page("Pro | $49", "Professional | $59"))
    done = local.ingest_git(repo.path, facts="auto").facts
    assert done.added == 1
    assert any("second value" in reason for reason in done.left_out)


def test_a_wrong_mapping_is_refused_before_anything_is_read(repo, local):
    """Nothing is kept of a reading whose question nobody can answer."""
    repo.commit("2025-01-01", a=page("Pro | $49"))
    with pytest.raises(ConfigError, match="colour"):
        local.ingest_git(repo.path, facts={"entity": "Plan", "colour": "red"})
    assert local.passages.count() == 0


def test_what_a_history_wrote_keeps_every_rule_of_the_layer(repo, kb, tmp_path):
    """A value that came and went within one reading is one version with its interval, never one without a time."""
    for number, rows in enumerate((["Pro | $49"], ["Pro | $59", "Max | $1"], ["Pro | $49"], ["Team | $9"])):
        repo.commit(f"2025-0{number + 1}-01", a=page(*rows))
    repo.commit("2025-04-01", a=page("Team | $9", "Once | $5"))
    repo.commit("2025-04-01", a=page("Team | $9"))
    kb.ingest_git(repo.path, facts="auto")
    assert kb.check().findings == ()
    assert [fact.version for fact in kb.history("Pro", "price")] == [1, 1, 1]
    assert prices(kb, "Pro", "2025-01-15", "2025-02-15", "2025-03-15", "2025-04-15") == ["$49", "$59", "$49", None]
    assert kb.history("Once", "price") == ()  # said and taken back at one instant
    (tmp_path / "facts.csv").write_text(
        "entity,attribute,value,valid_from,valid_to\nA,x,1,2020,\nA,x,1,2020,2021\nA,x,2,2021,\n"
    )
    kb.load(tmp_path / "facts.csv")
    assert kb.check().findings == ()
    assert [(fact.value, fact.version) for fact in kb.history("A", "x")] == [("1", 1), ("2", 1)]
