"""``why``, ``record`` and ``log verify``: the log answers, and a changed log is found."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

AT = "2026-03-01"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "p.db"


@pytest.fixture
def record(cli, facts, log) -> str:
    """Check a stale answer; return the id of its record."""
    text = "Happy to help! The list price of Acme is $39. [bold]Acme[/] \x1b[31mowns a zoo."
    return cli("check", text, "-k", facts, "--at", AT, "--log", log, "--question", "Cost?", "--json").json["record"]


def test_why_shows_the_whole_chain(cli, record, log):
    """Claim, evidence, fact version, source, policy and model, each on its line."""
    done = cli("why", record, "--log", log)
    assert done.code == 0
    order = ["question: Cost?", "⌛2 stale", "why: $39", "checked by structured", "evidence, refutes, superseded",
             "fact f1 version 1", "source price list 2025", "true then: Acme, list price: $49", "fact f2 version 1",
             "policy: enforce@", "model: not stated", "leaf hash"]  # fmt: skip
    positions = [done.out.index(part) for part in order]
    assert positions == sorted(positions)
    assert "\x1b" not in done.out
    assert "[bold]Acme[/] ␛[31m" in done.out or "\\x1b[31m" in done.out


def test_claims_are_numbered_as_check_numbers_them(cli, record, log):
    """--claim 2 is the claim that check showed as 2; a number beyond the last is refused with the range."""
    one = cli("why", record, "--log", log, "--claim", "2")
    assert "⌛2 stale" in one.out
    assert "·1 exempt" not in one.out
    assert cli("why", record, "--log", log, "--claim", "9").code != 0
    assert cli("why", record, "--log", log, "--claim", "0").code == 2


def test_why_and_record_speak_json(cli, record, log):
    """Scripts get the chain and the record as data."""
    found = cli("why", record, "--log", log, "--json").json
    assert found["response"] == record
    assert found["claims"][1]["evidence"][0]["fact"]["id"] == "f1"
    kept = cli("record", record, "--log", log, "--json")
    assert (kept.json["id"], kept.json["kind"], len(kept.json["leaf_hash"])) == (record, "response", 64)
    assert record in cli("record", record, "--log", log).out


def test_verify_computes_every_hash(cli, record, log):
    """A sound log is exit 0 with its count; one changed byte is exit 1, and the place is named."""
    sound = cli("log", "verify", "--log", log, "--json")
    assert sound.code == 0
    assert sound.json["records"] >= 3
    connection = apsw.Connection(str(log))
    connection.execute("DROP TRIGGER record_is_never_updated")
    connection.execute("UPDATE record SET body = CAST(replace(CAST(body AS TEXT), '$39', '$93') AS BLOB) WHERE seq = 1")
    connection.close()
    for done in (cli("log", "verify", "--log", log), cli("log", "verify", "--log", log, "--json")):
        assert done.code == 1
        assert "record 1 cannot be trusted" in done.out.replace("\n", " ")


@pytest.mark.parametrize("command", [("why", "0194"), ("record", "0194"), ("log", "verify")])
def test_a_log_that_is_not_there_is_unavailable_and_not_created(cli, command, tmp_path: Path):
    """Exit 3, one line, and asking creates nothing."""
    done = cli(*command, "--log", tmp_path / "none.db")
    assert (done.code, done.out) == (3, "")
    assert "none.db" in done.err
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_log_is_unavailable(cli, database):
    """A knowledge database is not mistaken for a log, nor a text for either."""
    assert cli("log", "verify", "--log", database).code in (1, 3)
    done = cli("record", "0194", "--log", database)
    assert done.code == 3
    assert "no provenance log" in done.err


def test_an_unknown_record_is_said(cli, record, log):
    """Exit 3: the log has no such record."""
    done = cli("why", "ffffffff", "--log", log)
    assert done.code == 3
    assert "'ffffffff'" in done.err
