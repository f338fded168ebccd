"""``erase`` and ``knowledge``: what they do, what they print, and what their exit codes say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

Cli = Any


@pytest.fixture
def person(cli: Cli, tmp_path: Path) -> Path:
    """A database with a person, and with answers in the default log."""
    path = tmp_path / "p.db"
    cli("fact", "add", "Jane Zorblatt", "phone", "555-0199", "-k", path)
    cli("fact", "add", "Acme", "office", "Rome", "-k", path)
    cli("check", "The phone of Jane Zorblatt is 555-0199.", "-k", path)
    return path


ASKED = ("--author", "dana", "--reason", "request 17")


def test_erases_signs_and_proves(cli: Cli, person: Path, tmp_path: Path) -> None:
    """The receipt is written and can be looked at; the key is made once; no byte is left in any file."""
    done = cli("erase", "Jane Zorblatt", "-k", person, *ASKED, "--receipt", "r.json", "--json")
    assert done.code == 0, done.out
    assert done.json["complete"]
    assert "a key to sign receipts with was made" in done.err
    assert cli("erase", "--verify", "r.json").code == 0
    assert cli("erase", "--verify", "r.json", "jane zorblatt", "--public-key", done.json["public_key"]).code == 0
    assert cli("erase", "--verify", "r.json", "Somebody Else").code == 1
    assert cli("erase", "--verify", "r.json", "--public-key", "AAAA").code == 1
    changed = json.loads(Path("r.json").read_text())
    changed["author"] = "sam"
    Path("r.json").write_text(json.dumps(changed))
    assert cli("erase", "--verify", "r.json").code == 1
    assert cli("fact", "ask", "Acme", "office", "-k", person).code == 0
    assert cli("fact", "ask", "Jane Zorblatt", "phone", "-k", person).code == 1
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"zorblatt" not in path.read_bytes().lower(), path
    again = cli("erase", "Jane Zorblatt", "-k", person, *ASKED)
    assert (again.code, "key" in again.err) == (0, False)


def test_what_may_be_left_is_no_success(cli: Cli, person: Path) -> None:
    """A store that cannot be erased, and a log of which nothing is known, end with 4; a preview changes nothing."""
    assert cli("erase", "Jane Zorblatt", "-k", person, *ASKED, "--preview").code == 0
    assert cli("fact", "ask", "Jane Zorblatt", "phone", "-k", person).code == 0
    left = cli("erase", "Jane Zorblatt", "-k", person, *ASKED, "--outside", "nightly backup", "--receipt", "r.json")
    assert (left.code, "NOT COMPLETE" in left.out, "nightly backup" in left.out) == (4, True, True)
    assert cli("erase", "--verify", "r.json").code == 4
    Path(".guardlayer/provenance.db").rename("elsewhere.db")
    assert cli("erase", "Jane Zorblatt", "-k", person, *ASKED).code == 4
    assert cli("erase", "Jane Zorblatt", "-k", person, *ASKED, "--no-log").code == 0
    assert cli("erase", "Jane Zorblatt", "-k", person, *ASKED, "--log", "elsewhere.db").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("Jane Zorblatt",),
        ("Jane Zorblatt", "--author", "dana"),
        ("Jane Zorblatt", "--author", "dana", "--reason", "Jane Zorblatt asked"),
        ("Jane Zorblatt", *ASKED, "--no-log", "--log", "x.db"),
        ("--verify", "nothing.json"),
    ],
)
def test_what_is_missing_is_said(cli: Cli, person: Path, arguments: tuple[str, ...]) -> None:
    """Nothing is erased by half a command."""
    assert cli("erase", "-k", person, *arguments).code == 2
    assert cli("fact", "ask", "Jane Zorblatt", "phone", "-k", person).code == 0


def test_out_and_in_again(cli: Cli, database: Path) -> None:
    """An export comes back whole; a file that was cut off does not come back at all."""
    written = cli("knowledge", "export", "all.jsonl.gz", "-k", database, "--json").json
    read = cli("knowledge", "import", "all.jsonl.gz", "-k", "new.db", "--json").json
    assert read["rows"] == {name: count for name, count in written["rows"].items() if count}
    asked = [cli("fact", "history", "Acme", "list price", "-k", path, "--json").json for path in (database, "new.db")]
    assert asked[0] == asked[1]
    assert cli("knowledge", "import", "all.jsonl.gz", "-k", "new.db").code == 2
    Path("cut.jsonl.gz").write_bytes(Path("all.jsonl.gz").read_bytes()[:-9])
    refused = cli("knowledge", "import", "cut.jsonl.gz", "-k", "other.db")
    assert (refused.code, "cut off" in refused.err) == (2, True)
    assert cli("knowledge", "stats", "-k", "other.db", "--json").json["facts"] == 0


def test_counts_and_checks(cli: Cli, database: Path) -> None:
    """What is held is counted; a broken rule ends with 1, what needs attention does not."""
    counted = cli("knowledge", "stats", "-k", database, "--json").json
    assert (counted["facts"], counted["conflicts"], counted["open_reviews"]) == (3, 0, 0)
    assert "3 facts" in cli("knowledge", "stats", "-k", database).out
    assert cli("knowledge", "check", "-k", database).code == 0
    cli("source", "set", "company register", "-k", database, "--review-after", "2020")
    attention = cli("knowledge", "check", "-k", database, "--json")
    assert (attention.code, len(attention.json["findings"])) == (0, 1)
    import apsw

    apsw.Connection(str(database)).execute("DELETE FROM alias")
    broken = cli("knowledge", "check", "-k", database)
    assert (broken.code, "NOT sound" in broken.out) == (1, True)
