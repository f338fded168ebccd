"""``guardlayer state`` and ``guardlayer permissions``: what they print, and with which code they leave."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

STATE = """
[databases.shop]
url_env = "SHOP_URL"
[queries.parcel]
database = "shop"
sql = "SELECT status FROM orders WHERE id = :order"
says = ["order {order}"]
value = "status"
[queries.parcel.parameters]
order = { pattern = "[0-9]+" }
"""
POLICIES = 'permit(principal in Group::"sales", action == Action::"read", resource);'


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file of one query, on a database of one order that the environment names."""
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (id TEXT, status TEXT)")
        shop.execute("INSERT INTO orders VALUES ('4711', 'shipped')")
    shop.close()
    monkeypatch.setenv("SHOP_URL", f"sqlite:///{tmp_path / 'shop.db'}")
    path = tmp_path / "state.toml"
    path.write_text(STATE)
    return path


def test_a_file_of_queries_is_checked_without_connecting(cli, state: Path, monkeypatch):
    """What the file asks is listed; where the environment lacks the URL, the error names the variable."""
    assert cli("state", "check", state, "--json").json["queries"][0]["query"] == "parcel"
    monkeypatch.delenv("SHOP_URL")
    lacking = cli("state", "check", state)
    assert lacking.code == 2
    assert "SHOP_URL" in lacking.err


@pytest.mark.parametrize(
    ("order", "code", "outcome"), [("4711", 0, "rows"), ("9", 1, "empty"), ("4711' OR 'a'='a", 1, "empty")]
)
def test_a_query_is_run_by_hand(cli, state: Path, order: str, code: int, outcome: str):
    """Rows are 0, none is 1, and what looks like SQL is a value."""
    done = cli("state", "run", state, "parcel", "--set", f"order={order}", "--json")
    assert (done.code, done.json["outcome"]) == (code, outcome)


def test_what_cannot_be_asked_leaves_with_3(cli, state: Path, tmp_path: Path):
    """A database that is gone is unavailable, and no row."""
    (tmp_path / "shop.db").unlink()
    done = cli("state", "run", state, "parcel", "--set", "order=1")
    assert done.code == 3
    assert "failed" in done.err


def test_parameters_are_name_and_value(cli, state: Path):
    """Anything else is a usage error that says so."""
    assert cli("state", "run", state, "parcel", "--set", "order").code == 2


def test_policies_are_set_shown_and_asked(cli, tmp_path: Path):
    """A version is put in force, listed, printed back, and asked who may read what."""
    database, file = tmp_path / "kb.db", tmp_path / "p.cedar"
    file.write_text(POLICIES)
    assert cli("fact", "add", "Acme", "list price", "$49", "-k", database).code == 0
    done = cli("permissions", "set", file, "-k", database, "--author", "dana", "--reason", "start", "--json")
    assert (done.code, done.json["version"]) == (0, 1)
    assert cli("permissions", "show", "-k", database).out.strip() == POLICIES
    assert [v["author"] for v in cli("permissions", "history", "-k", database, "--json").json] == ["dana"]
    asked = ("permissions", "ask", "Acme", "list price", "-k", database, "--principal", "sam")
    assert cli(*asked).code == 1
    allowed = cli(*asked, "--in", "groups=sales", "--json")
    assert (allowed.code, allowed.json["facts"][0]["allowed"]) == (0, True)


def test_policies_that_do_not_parse_are_not_set(cli, tmp_path: Path):
    """The error says where, and nothing comes into force."""
    database, file, entities = tmp_path / "kb.db", tmp_path / "p.cedar", tmp_path / "e.json"
    file.write_text("permit(principal, action")
    bad = cli("permissions", "set", file, "-k", database, "--author", "a", "--reason", "r")
    assert bad.code == 2
    assert "do not parse" in bad.err
    file.write_text(POLICIES)
    entities.write_text(json.dumps({"not": "a list"}))
    set_ = ("permissions", "set", file, "-k", database, "--author", "a", "--reason", "r", "--entities", entities)
    assert cli(*set_).code == 2
    assert cli("permissions", "history", "-k", database, "--json").json == []
