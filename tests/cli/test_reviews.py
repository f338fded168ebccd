"""``review``, ``conflicts`` and ``source``: the same as in Python, with exit codes that scripts can rely on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Cli = Any


def test_a_proposal_from_hand_to_hand(cli: Cli, database: Path) -> None:
    """Proposed by one, listed, refused to the proposer, accepted by another; the answer follows."""
    item = cli(
        "review", "propose", "correct", "-k", database, "--fact", "f2", "--value", "$59", "--author", "lee", "--json"
    ).json  # fmt: skip
    assert [entry["id"] for entry in cli("review", "list", "-k", database, "--json").json] == [item["id"]]
    refused = cli("review", "accept", item["id"], "-k", database, "--author", "lee", "--reason", "mine")
    assert (refused.code, "somebody else" in refused.err) == (2, True)
    done = cli("review", "accept", item["id"], "-k", database, "--author", "dana", "--reason", "checked", "--json").json
    assert (done["state"], done["fact"]) == ("accepted", "f2")
    assert cli("fact", "ask", "Acme", "list price", "-k", database, "--json").json["value"] == "$59"
    assert cli("review", "list", "-k", database, "--json").json == []
    assert "accepted by dana" in cli("review", "show", f"#{item['id']}", "-k", database).out


def test_who_may_decide(cli: Cli, database: Path) -> None:
    """The list is set, shown and dropped."""
    assert cli("review", "allow", "dana", "sam", "-k", database, "--json").json == ["dana", "sam"]
    assert cli("review", "allow", "-k", database, "--json").json == ["dana", "sam"]
    cli("review", "propose", "retract", "-k", database, "--fact", "f1", "--author", "lee")
    assert cli("review", "reject", 1, "-k", database, "--author", "mallory", "--reason", "x").code == 2
    assert cli("review", "allow", "--anybody", "-k", database, "--json").json == []
    assert cli("review", "reject", 1, "-k", database, "--author", "mallory", "--reason", "x").code == 0


def test_findings_of_a_log(cli: Cli, database: Path, tmp_path: Path) -> None:
    """What recurs without a source becomes an item, once; accepting it says what to do."""
    log = tmp_path / "log.db"
    for _ in range(3):
        cli("check", "Acme was sold to Zorblax in 2020.", "-k", database, "--log", log)
    (item,) = cli("review", "from-log", log, "-k", database, "--at-least", 2, "--json").json
    assert (item["proposal"]["verb"], item["times"]) == ("finding", 3)
    assert cli("review", "from-log", log, "-k", database, "--json").json == []
    done = cli(
        "review", "accept", item["id"], "-k", database, "--author", "dana", "--reason", "true", "--verb", "add",
        "--entity", "Acme", "--attribute", "owner", "--value", "Zorblax", "--valid-from", "2020", "--json",
    ).json  # fmt: skip
    assert done["state"] == "accepted"
    assert cli("fact", "ask", "Acme", "owner", "-k", database, "--json").json["value"] == "Zorblax"


def test_what_is_not_there(cli: Cli, database: Path) -> None:
    """A number that is none, a log that is none, and a database that is none each say so."""
    assert cli("review", "show", "x", "-k", database).code == 2
    assert cli("review", "show", 7, "-k", database).code == 2
    assert cli("review", "from-log", "no.db", "-k", database).code == 3
    assert cli("review", "list", "-k", "no.db").code == 2


def test_a_conflict_is_found_and_resolved(cli: Cli, database: Path) -> None:
    """The exit code says whether there are any."""
    assert cli("conflicts", "list", "-k", database).code == 0
    cli("load", _file(database, "attribute,cardinality\noffice,one\n"), "-k", database)
    rows = "entity,attribute,value,source\nAcme,office,Rome,register\nAcme,office,Milan,press\n"
    cli("load", _file(database, rows), "-k", database)
    found = cli("conflicts", "list", "-k", database, "--json")
    assert found.code == 1
    sides = {side["value"]: side["id"] for side in found.json[0]["sides"]}
    assert cli("conflicts", "resolve", sides["Rome"], "-k", database, "--author", "d", "--reason", "r").code == 0
    assert cli("conflicts", "list", "-k", database).code == 0
    assert cli("fact", "ask", "Acme", "office", "-k", database, "--json").json["value"] == "Rome"


def test_sources(cli: Cli, database: Path) -> None:
    """What is said of a source is listed, and changes answers; a circle is refused."""
    said = cli(
        "source", "set", "price list 2026", "-k", database, "--owner", "sales", "--review-after", "2026-06-01",
        "--supersedes", "price list 2025", "--effective-from", "2026-01-01", "--json",
    ).json  # fmt: skip
    assert (said["owner"], said["supersedes"], said["review_after"]) == ("sales", ["price list 2025"], "2026-06-01")
    listed = {word["id"]: word for word in cli("source", "list", "-k", database, "--json").json}
    assert listed["price list 2025"]["superseded_by"] == "price list 2026"
    circle = cli("source", "set", "price list 2025", "-k", database, "--supersedes", "price list 2026")
    assert (circle.code, "circle" in circle.err) == (2, True)
    ask = ("fact", "ask", "Acme", "list price", "-k", database, "--at", "2026-07-01")
    assert "unreviewed since 2026-06-01" in cli(*ask).out
    assert cli("source", "confirm", "f2", "-k", database, "--author", "dana").code == 0
    assert "unreviewed" not in cli(*ask).out


def _file(database: Path, text: str) -> Path:
    path = database.with_suffix(".csv")
    path.write_text(text)
    return path
