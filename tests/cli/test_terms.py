"""``guardlayer term`` and ``guardlayer rule``: definitions, figures and cases from the command line."""

from __future__ import annotations

import sqlite3

import pytest


@pytest.fixture
def run(cli, tmp_path):
    """Run a command of either group on a database with a calendar and a term."""
    path = tmp_path / "terms.db"
    call = lambda group, verb, *args: cli(group, verb, *args, "-k", path)  # noqa: E731 - as short as its use
    call("term", "calendar", "--start-month", "2")
    call(
        "term", "define", "ACV", "annualised value", "--owner", "finance", "--valid-from", "2025-02-01", "--source", "h"
    )
    return call


def test_a_term_is_defined_by_quarter_and_shown_for_it(run):
    """Each quarter shows its own definition, with owner, source and figure."""
    run("term", "define", "ACV", "without pilots", "--valid-from", "2025-11-01", "--source", "h")
    assert run("term", "report", "ACV", "$4.2M", "--period", "FY26 Q3", "--source", "deck").code == 0
    shown = run("term", "show", "ACV", "--period", "Q3 FY26", "--json").json
    assert (shown["definition"], shown["owner"], shown["figure"]["value"]) == ("annualised value", "finance", "$4.2M")
    assert run("term", "show", "ACV", "--period", "Q4 FY26", "--json").json["definition"] == "without pilots"
    assert "deck" in run("term", "show", "ACV", "--period", "Q3 FY26").out
    assert run("term", "show", "ACV", "--at", "2020").code == 1
    assert run("term", "list", "--json").json == ["ACV"]


def test_a_figure_is_computed_on_a_live_database(run, tmp_path):
    """The expression runs on the database that is named, for the quarter that is asked for."""
    pytest.importorskip("sqlalchemy", reason="needs the extra sql: pip install 'guardlayer-facts[sql]'")
    live = tmp_path / "live.db"
    with sqlite3.connect(live) as connection:
        connection.execute("CREATE TABLE c (v INTEGER, at TEXT)")
        connection.execute("INSERT INTO c VALUES (15, '2025-09-01'), (7, '2025-12-01')")
    connection.close()
    sql = "SELECT sum(v) AS value FROM c WHERE at >= :period_start AND at < :period_end"
    assert run("term", "define", "ACV", "--sql", sql, "--source", "h").code == 0
    done = run("term", "compute", "ACV", f"sqlite:///{live}", "--period", "Q3 FY26", "--record", "--json")
    assert (done.json["value"], done.json["fact"] is not None) == ("15", True)
    assert run("term", "compute", "ACV", f"sqlite:///{live}").code == 2


def test_the_calendar_says_where_a_quarter_lies(run):
    """Its bounds, the end not included; declared anew it is another one."""
    assert run("term", "calendar", "--period", "Q3 FY26", "--json").json["period"] == {
        "name": "Q3 FY26", "start": "2025-08-01", "end": "2025-11-01",
    }  # fmt: skip
    run("term", "calendar", "--start-month", "2", "--pattern", "4-5-4", "--year-end", "nearest", "--named-by", "start")
    assert run("term", "calendar", "--period", "FY23", "--json").json["period"]["end"] == "2024-02-04"


def test_metrics_are_imported(run, tmp_path):
    """A Cube file becomes terms."""
    pytest.importorskip("sqlglot", reason="needs the extra sql: pip install 'guardlayer-facts[sql]'")
    file = tmp_path / "orders.yml"
    file.write_text("cubes: [{name: orders, sql_table: orders, measures: [{name: paid, type: sum, sql: amount}]}]")
    assert [one["name"] for one in run("term", "import", str(file), "--json").json] == ["paid"]
    assert "paid" in run("term", "list").out


def test_a_rule_decides_or_says_what_is_missing(run):
    """Exit 0 with the outcome, exit 1 with the fields that are missing."""
    run("rule", "add", "refund window", "30 days", "--source", "terms")
    run("rule", "add", "refund window", "60 days", "--label", "gold", "--when", "tier=gold", "--source", "terms")
    decided = run("rule", "decide", "refund window", "--case", "tier=gold", "--json")
    assert (decided.code, decided.json["outcome"], decided.json["clause"]["label"]) == (0, "60 days", "gold")
    assert "30 days" in run("rule", "decide", "refund window", "--case", "tier=").out
    asked = run("rule", "decide", "refund window", "--json")
    assert (asked.code, asked.json["missing"]) == (1, ["tier"])
    assert len(run("rule", "show", "refund window", "--json").json) == 2
    assert run("rule", "list").out.strip() == "refund window"


@pytest.mark.parametrize(
    "args",
    [
        ("term", "show", "EBITDA"),
        ("term", "define", "EBITDA"),
        ("term", "define", "ACV", "other", "--source", "h"),
        ("term", "show", "ACV", "--period", "someday"),
        ("term", "calendar", "--start-month", "13"),
        ("term", "import", "nowhere.yml"),
        ("rule", "decide", "nothing"),
        ("rule", "add", "r", "1", "--label", "x", "--when", "y"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(run, args):
    """Each refusal says what was wrong, and nothing is printed on stdout."""
    done = run(*args)
    assert done.code == 2
    assert done.err.startswith("guardlayer: ")
    assert not done.out


def test_two_exceptions_that_clash_are_one_line_that_names_both(run):
    """Nothing is written."""
    run("rule", "add", "r", "base")
    run("rule", "add", "r", "A", "--label", "first", "--when", "x=1")
    done = run("rule", "add", "r", "B", "--label", "second", "--when", "y=1")
    assert done.code == 2
    assert "'first'" in done.err
    assert "'second'" in done.err
    assert len(run("rule", "show", "r", "--json").json) == 2
