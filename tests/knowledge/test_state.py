"""Live state: read-only, bounded, bound to who asks, and never answered from text."""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from guardlayer import Guard, Knowledge
from guardlayer.errors import ConfigError, NotFoundError
from guardlayer.knowledge.permissions import CedarEngine
from guardlayer.knowledge.state import Definitions, Outcome, Runner, StateQueries, StateRun
from guardlayer.types import Kind, Label, Principal, Turn

CLOCK = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

STATE = """
[databases.shop]
url = "sqlite:///shop.db"
timeout_s = 5.0
max_rows = 3

[queries.parcel]
database = "shop"
sql = "SELECT status FROM orders WHERE id = :order AND customer = :customer"
says = ["order {order}", "your order", "parcel"]
value = "status"
values = { shipped = ["on its way", "dispatched"], processing = ["being packed", "has not shipped"] }
[queries.parcel.parameters]
order = { pattern = "[A-Z]?[0-9]{3,10}" }
customer = { from = "principal.customer" }

[queries.tickets]
database = "shop"
sql = "SELECT open FROM tickets WHERE customer = :customer"
says = ["open tickets"]
value = "open"
[queries.tickets.parameters]
customer = { from = "principal.customer" }

[queries.names]
database = "shop"
sql = "SELECT id FROM orders"
says = ["order book"]
value = "id"
many = true
"""

ANNA = Principal("anna", attributes={"customer": "C-12"})


def runner_of(folder: Path, text: str = STATE, **options: Any) -> Runner:
    """Return a runner over a fresh database of four orders."""
    with sqlite3.connect(folder / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (id TEXT, customer TEXT, status TEXT)")
        shop.execute("CREATE TABLE tickets (customer TEXT, open INTEGER)")
        rows = [
            ("4711", "C-12", "processing"),
            ("4712", "C-12", "shipped"),
            ("9000", "C-13", "shipped"),
            ("9", "x", "y"),
        ]
        shop.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
        shop.execute("INSERT INTO tickets VALUES ('C-12', 5)")
    shop.close()
    (folder / "state.toml").write_text(text)
    return Runner(Definitions.from_file(folder / "state.toml", {}), clock=lambda: CLOCK, **options)


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    """Return a guard of which Anna, customer C-12, asks."""
    state = StateQueries(runner_of(tmp_path))
    return Guard(log=None, authorities={"state": state}).acting_for(ANNA)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Your order 4711 has shipped.", Label.CONTRADICTED),
        ("Your order 4712 has been dispatched.", Label.SUPPORTED),
        ("Your order #4712 is on its way.", Label.SUPPORTED),
        ("Your order 4711 has not shipped yet.", Label.SUPPORTED),
        ("You have 3 open tickets.", Label.CONTRADICTED),
        ("You have 5 open tickets right now.", Label.SUPPORTED),
    ],
)
def test_a_state_claim_is_checked_against_the_row(guard: Guard, text: str, label: Label) -> None:
    """The live row decides; the words it is said in are the query's to declare."""
    claim = guard.check(text).claims[0]
    assert (claim.kind, claim.verdict) == (Kind.STATE, label)
    assert claim.evidence[0].source.id.startswith("state:")


def test_a_number_is_put_right_from_the_row(guard: Guard) -> None:
    """Under `enforce`, a wrong count becomes the count of this moment."""
    assert guard.check("You have 3 open tickets.").output == "You have 5 open tickets."


def test_another_customers_row_is_no_row(guard: Guard) -> None:
    """What is bound from who asks cannot be said otherwise in the text: order 9000 is somebody else's."""
    claim = guard.check("Your order 9000 has shipped.").claims[0]
    assert claim.verdict is Label.UNSUPPORTED
    assert "no row" in claim.reason
    assert "C-13" not in claim.reason


def test_empty_not_permitted_and_failed_are_three_answers(tmp_path: Path) -> None:
    """Each has its own outcome, and its own verdict on the claim."""
    engine = CedarEngine('permit(principal, action == Action::"query", resource == Query::"parcel");')
    runner = runner_of(tmp_path, engine=engine)
    asked = {"order": "1234", "customer": "C-12"}
    assert runner.run("parcel", asked, principal=ANNA).outcome is Outcome.EMPTY
    assert runner.run("tickets", {"customer": "C-12"}, principal=ANNA).outcome is Outcome.NOT_PERMITTED
    runner.close()
    (tmp_path / "shop.db").unlink()
    failed = runner.run("parcel", asked, principal=ANNA)
    assert failed.outcome is Outcome.FAILED
    guard = Guard(log=None, authorities={"state": StateQueries(runner)}).acting_for(ANNA)
    verdicts = [guard.check(text).claims[0] for text in ("Your order 1234 has shipped.", "You have 5 open tickets.")]
    assert [v.verdict for v in verdicts] == [Label.UNVERIFIABLE, Label.UNVERIFIABLE]
    assert "failed" in verdicts[0].reason
    assert "not permitted" in verdicts[1].reason


def test_parameters_come_from_the_conversation_or_not_at_all(guard: Guard) -> None:
    """A parameter that the claim leaves out is looked for in question and turns; else the claim is unverifiable."""
    said = "Your order has been dispatched."
    assert guard.check(said, question="Where is order 4712?").claims[0].verdict is Label.SUPPORTED
    assert guard.check(said, turns=[Turn("user", "About order 4712:")]).claims[0].verdict is Label.SUPPORTED
    lacking = guard.check(said).claims[0]
    assert lacking.verdict is Label.UNVERIFIABLE
    assert "needs order" in lacking.reason


def test_nobody_is_asked_for_when_nobody_asks(tmp_path: Path) -> None:
    """Without a principal, what is bound to one is unverifiable, and the reason says what to do."""
    guard = Guard(log=None, authorities={"state": StateQueries(runner_of(tmp_path))})
    claim = guard.check("You have 5 open tickets.").claims[0]
    assert claim.verdict is Label.UNVERIFIABLE
    assert "acting_for" in claim.reason


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM orders WHERE id = :order AND customer = :customer",
        "SELECT status FROM orders WHERE id = :order AND customer = :customer; DROP TABLE orders",
        "INSERT INTO orders SELECT :order, :customer, 'x'",
        "WITH gone AS (DELETE FROM orders RETURNING *) SELECT status FROM gone WHERE :order = :customer",
        "SELECT load_extension(:order || :customer) AS status",
        "PRAGMA query_only = OFF",
        "ATTACH DATABASE :order AS x",
        "SELECT status FROM (",
        "",
    ],
)
def test_sql_that_is_no_single_select_is_refused(tmp_path: Path, sql: str) -> None:
    """A query that writes, or is several, is refused when the file is read."""
    text = STATE.replace("SELECT status FROM orders WHERE id = :order AND customer = :customer", sql)
    with pytest.raises(ConfigError, match="parcel"):
        runner_of(tmp_path, text)


def test_the_connection_itself_refuses_to_write(tmp_path: Path) -> None:
    """Should a write pass the check of the SQL, the connection stops it: two walls."""
    runner = runner_of(tmp_path)
    query = runner.definitions.queries["names"]
    runner.definitions.queries["names"] = query.model_copy(update={"sql": "DELETE FROM orders RETURNING id"})
    run = runner.run("names", {})
    assert run.outcome is Outcome.FAILED
    assert "readonly" in str(run.error).replace(" ", "").lower().replace("-", "")
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        assert shop.execute("SELECT count(*) FROM orders").fetchone() == (4,)
    shop.close()


def test_parameters_are_bound_and_never_pasted(tmp_path: Path) -> None:
    """A parameter full of SQL is a strange value, and no more."""
    run = runner_of(tmp_path).run("parcel", {"order": "4711' OR '1'='1", "customer": "C-12"})
    assert run.outcome is Outcome.EMPTY


def test_rows_are_capped_and_said_to_be(tmp_path: Path) -> None:
    """At most the declared number of rows is read."""
    run = runner_of(tmp_path).run("names", {})
    assert (len(run.rows), run.truncated) == (3, True)


def test_a_query_that_hangs_is_given_up(tmp_path: Path) -> None:
    """A database that does not answer in time is a failure, and the caller goes on."""
    endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) AS open FROM t WHERE :customer = 'C-12'"
    text = STATE.replace("SELECT open FROM tickets WHERE customer = :customer", endless).replace("5.0", "0.2")
    runner = runner_of(tmp_path, text)
    begun = time.monotonic()
    run = runner.run("tickets", {"customer": "C-12"})
    assert run.outcome is Outcome.FAILED
    assert "0.2 s" in str(run.error)
    assert time.monotonic() - begun < 20


def test_every_run_is_recorded_without_its_rows(tmp_path: Path) -> None:
    """Query, parameters, outcome, digest and time are kept; what the rows say is not."""
    with Knowledge.open(tmp_path / "kb.db", clock=lambda: CLOCK) as kb:
        runner = runner_of(tmp_path, record=kb.state_runs.record)
        done = runner.run("parcel", {"order": "4711", "customer": "C-12"}, principal=ANNA)
        kept = kb.state_runs.list()[0]
        assert (kept.query, kept.outcome, kept.digest, kept.at, kept.principal) == (
            "parcel", Outcome.ROWS, done.digest, CLOCK, "anna",
        )  # fmt: skip
        assert kept.parameters == {"order": "4711", "customer": "C-12"}
        assert kb.state_runs.list(query="tickets") == ()
    assert b"processing" not in (tmp_path / "kb.db").read_bytes()


def test_two_values_where_one_is_due_are_no_answer(tmp_path: Path) -> None:
    """A query that is not declared as many-valued, and gives several values, answers nothing."""
    text = STATE.replace(" AND customer = :customer", " OR customer = :customer", 1)
    guard = Guard(log=None, authorities={"state": StateQueries(runner_of(tmp_path, text))}).acting_for(ANNA)
    claim = guard.check("Your order 4712 has shipped.").claims[0]
    assert claim.verdict is Label.UNVERIFIABLE
    assert "different values" in claim.reason


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('database = "shop"', 'database = "shoe"', "shoe"),
        ("max_rows = 3", "max_rows = 0", "max_rows"),
        ('value = "status"', 'value = "status"\nvaleu = 1', "valeu"),
        ('{ from = "principal.customer" }', '{ from = "text.customer" }', "from"),
        ('"[A-Z]?[0-9]{3,10}"', '"[A-Z"', "order"),
        ('says = ["order {order}", "your order", "parcel"]', 'says = ["your order"]', "order"),
        ("order = { pattern", "ordre = { pattern", "order"),
        ('url = "sqlite:///shop.db"', 'url_env = "SHOP"', "SHOP"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name(tmp_path: Path, old: str, new: str, told: str) -> None:
    """An unknown key, a missing database, a parameter that could never be bound: the error names it."""
    assert old in STATE
    with pytest.raises(ConfigError, match=told):
        runner_of(tmp_path, STATE.replace(old, new, 1))


def test_a_password_is_in_no_error(tmp_path: Path) -> None:
    """The URL of a database stays out of what is said about it."""
    text = STATE.replace("sqlite:///shop.db", "postgresql://u:hunter2secret@127.0.0.1:9/x")
    run = runner_of(tmp_path, text).run("tickets", {"customer": "C-12"})
    assert run.outcome is Outcome.FAILED
    assert "hunter2secret" not in repr(run)


def test_an_unknown_query_or_parameter_is_said(tmp_path: Path) -> None:
    """Asked by hand, what is missing is named."""
    runner = runner_of(tmp_path)
    with pytest.raises(NotFoundError, match="parcel"):
        runner.run("nothing", {})
    with pytest.raises(ConfigError, match="customer"):
        runner.run("tickets", {})
    with pytest.raises(ConfigError, match="colour"):
        runner.run("tickets", {"customer": "x", "colour": "red"})


def test_a_row_that_changes_changes_the_next_answer(tmp_path: Path) -> None:
    """State is never remembered from one claim to the next."""
    runner = runner_of(tmp_path)
    seen: list[StateRun] = [runner.run("parcel", {"order": "4711", "customer": "C-12"})]
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("UPDATE orders SET status = 'shipped' WHERE id = '4711'")
    shop.close()
    seen.append(runner.run("parcel", {"order": "4711", "customer": "C-12"}))
    assert [run.rows for run in seen] == [("processing",), ("shipped",)]
