"""``guardlayer fact``, ``load`` and ``ingest``: the ledger's verbs, each with its place in the history."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

KEY = ("Acme", "list price")


@pytest.fixture
def fact(cli, database):
    """Run a fact command on the database."""
    return lambda verb, *args: cli("fact", verb, *args, "-k", database)


@pytest.fixture
def current(fact):
    """Return the id of the price of 2026."""
    return fact("ask", *KEY, "--at", "2026-03-01", "--json").json["facts"][0]["id"]


def value(fact, at="2026-03-01", *args):
    return fact("ask", *KEY, "--at", at, "--json", *args).json["value"]


def test_add_creates_the_database_and_every_option_is_kept(cli, tmp_path: Path):
    """What was said is what is recorded, bounds and source included."""
    done = cli(
        "fact", "add", "Beta", "fee", "3%", "-k", tmp_path / "new.db", "--source", "fees", "--valid-from", "2026-01",
        "--valid-to", "2027", "--authority", "7", "--author", "dana", "--reason", "new", "--qualifier", "tier=gold",
        "--json",
    )  # fmt: skip
    assert done.code == 0
    added = done.json
    assert (added["entity"], added["attribute"], added["value"]) == ("Beta", "fee", "3%")
    assert added["valid"] == {"from": "2026-01", "to": "2027"}
    assert (added["source"]["id"], added["source"]["authority"]) == ("fees", 7)
    assert (added["author"], added["reason"], added["qualifiers"]) == ("dana", "new", {"tier": "gold"})


def test_correct_changes_the_very_next_answer_and_keeps_the_old_one(fact, current):
    """A correction takes effect at once, for the whole interval, and names who made it and why."""
    done = fact("correct", current, "$59", "--author", "dana", "--reason", "typo", "--json")
    assert (done.json["version"], done.json["operation"], done.json["author"]) == (2, "correct", "dana")
    assert value(fact) == "$59"
    assert [row["value"] for row in fact("history", *KEY, "--json").json if row["id"] == current] == ["$49", "$59"]


def test_supersede_ends_one_value_and_begins_the_next(fact, current):
    """On the day before the old value answers, on the day itself the new one."""
    assert fact("supersede", current, "$69", "--valid-from", "2027-01-01", "--source", "list 2027").code == 0
    assert (value(fact, "2026-12-31"), value(fact, "2027-01-01")) == ("$49", "$69")


def test_retract_leaves_no_answer_and_says_so(fact, current):
    """Exit 1 and a sentence, never an empty line."""
    assert fact("retract", current, "--reason", "withdrawn").code == 0
    done = fact("ask", *KEY, "--at", "2026-03-01")
    assert done.code == 1
    assert "retracted" in done.out


def test_rollback_takes_a_version_or_a_time(fact, current):
    """A short number is a version; a date is a time at which the ledger was right."""
    fact("correct", current, "$59", "--author", "dana", "--reason", "typo")
    assert fact("rollback", current, "--to", "1").code == 0
    assert value(fact) == "$49"
    early = fact("rollback", current, "--to", "1999-01-01")
    assert early.code == 2
    assert "not recorded at that time" in early.err


def test_known_at_answers_as_the_ledger_did(fact, current):
    """Before it was recorded, nothing was known."""
    done = fact("ask", *KEY, "--at", "2026-03-01", "--known-at", "2001-01-01", "--json")
    assert done.code == 1
    assert done.json["value"] is None


def test_ask_says_a_conflict_aloud(cli, database):
    """Sources that disagree are both named, and the exit code is 1."""
    for source, seat in (("register", "Oslo"), ("press", "Bergen")):
        cli("fact", "add", "Acme", "seat", seat, "--source", source, "-k", database)
    declared = database.parent / "names.yaml"
    declared.write_text("- {attribute: seat, cardinality: one}\n")
    assert cli("load", declared, "-k", database).code == 0
    done = cli("fact", "ask", "Acme", "seat", "-k", database, "--json")
    assert done.code == 1
    assert done.json["conflict"]
    assert {row["value"] for row in done.json["candidates"]} == {"Oslo", "Bergen"}


def test_history_lists_every_version_for_people(fact, current):
    """Versions, sources, operations and authors are on the screen."""
    fact("correct", current, "$59", "--author", "dana", "--reason", "typo")
    done = fact("history", *KEY)
    assert done.code == 0
    for part in (f"{current} v1", f"{current} v2", "$39", "$59", "price list 2025", "correct by dana"):
        assert part in done.out
    assert fact("history", "Acme", "nothing such").code == 1


def test_reading_needs_no_right_to_write(cli, database, monkeypatch):
    """ask and history open the database read-only."""
    from guardlayer.knowledge import Knowledge

    opened = []
    original = Knowledge.open.__func__
    monkeypatch.setattr(
        Knowledge, "open", classmethod(lambda cls, url, **o: opened.append(o) or original(cls, url, **o))
    )
    assert cli("fact", "ask", *KEY, "-k", database, "--at", "2026-03-01").code == 0
    assert cli("fact", "history", *KEY, "-k", database).code == 0
    assert [options.get("read_only") for options in opened] == [True, True]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("correct", "f99", "x", "--author", "a", "--reason", "b"), "there is no fact f99"),
        (("correct", "f1", "x", "--reason", "b"), "--author"),
        (("add", "Acme", "fee", "3%", "--valid-from", "2027", "--valid-to", "2026"), "ends before it starts"),
        (("add", "Acme", "fee", "3%", "--qualifier", "gold"), "NAME=VALUE"),
        (("ask", "Acme", "list price", "--at", "soon"), "'soon' is not a date"),
    ],
)
def test_refusals_say_what_to_do(fact, args, said):
    """One line, exit 2, nothing on stdout."""
    done = fact(*args)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_the_database_comes_from_the_environment_or_is_asked_for(cli, database, monkeypatch):
    """GUARDLAYER_KNOWLEDGE stands in for --knowledge; without both the message names both."""
    missing = cli("fact", "ask", *KEY)
    assert missing.code == 2
    assert "--knowledge" in missing.err
    assert "GUARDLAYER_KNOWLEDGE" in missing.err
    monkeypatch.setenv("GUARDLAYER_KNOWLEDGE", str(database))
    assert cli("fact", "ask", *KEY, "--at", "2026-03-01").code == 0


def test_a_fact_file_is_no_database(cli, facts):
    """The message says how to make one of it."""
    done = cli("fact", "ask", *KEY, "-k", facts)
    assert done.code == 2
    assert "guardlayer load" in done.err


def test_a_database_that_is_none_is_unavailable(cli, tmp_path: Path):
    """Exit 3: the store is at fault, not the question."""
    (tmp_path / "text.db").write_text("this is no database, but long enough to look at " * 20)
    assert cli("fact", "ask", *KEY, "-k", tmp_path / "text.db").code == 3


def test_load_twice_changes_nothing_and_counts_say_so(cli, facts, tmp_path: Path):
    """Loading is idempotent, and the second run says what it knew."""
    first = cli("load", facts, "-k", tmp_path / "a.db", "--json").json
    second = cli("load", facts, "-k", tmp_path / "a.db", "--json").json
    assert (first["files"][0]["added"], second["files"][0]["added"]) == (3, 0)
    assert second["knowledge"] == first["knowledge"]


def test_load_names_every_bad_line_and_keeps_none_of_the_file(cli, tmp_path: Path):
    """Good rows of a bad file are not half-loaded."""
    bad = tmp_path / "bad.csv"
    bad.write_text("entity,attribute,value,valid_from\nA,b,1,2020\nA,c,2,never\nA,,3,\n")
    done = cli("load", bad, "-k", tmp_path / "a.db")
    assert done.code == 2
    assert f"{bad}:3: " in done.err
    assert f"{bad}:4: " in done.err
    assert cli("fact", "ask", "A", "b", "-k", tmp_path / "a.db").code == 1


def test_ingest_reads_documents_as_versions(cli, tmp_path: Path):
    """New passages are counted, changed ones supersede, and what was not read is said on stderr."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "fees.md").write_text("# Fees\n\nThe fee is 3%.\n")
    (folder / "photo.jpg").write_bytes(b"\xff")
    first = cli("ingest", folder, "-k", tmp_path / "a.db", "--source", "handbook", "--json")
    assert first.code == 0
    assert first.json["added"] > 0
    assert "photo.jpg" in first.err
    (folder / "fees.md").write_text("# Fees\n\nThe fee is 4%.\n")
    second = cli(
        "ingest", folder, "-k", tmp_path / "a.db", "--source", "handbook", "--effective-from", "2026-01-01", "--json"
    )
    assert second.json["superseded"] > 0
    assert cli("ingest", tmp_path / "none", "-k", tmp_path / "a.db").code == 2


def test_ingest_reads_a_folder_through_its_history(cli, tmp_path: Path):
    """The commits of a repository date what its pages said; what goes with files only is refused with it."""
    if shutil.which("git") is None:
        pytest.skip("needs git; install it from https://git-scm.com")
    repo = tmp_path / "handbook"
    (repo / "docs").mkdir(parents=True)
    git = ["git", "-C", repo, "-c", "user.name=a", "-c", "user.email=a@b.invalid"]
    subprocess.run([*git, "init", "-q"], check=True)
    for rate in (3, 4):
        (repo / "docs" / "fees.md").write_text(f"# Fees\n\nThe transfer fee is {rate}% for everybody.\n")
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", "x", f"--date=202{rate}-01-01T00:00:00Z"], check=True)
    first = cli("ingest", "--git", repo, "-k", tmp_path / "a.db", "--json")
    assert (first.json["added"], first.json["superseded"]) == (2, 1)
    assert cli("ingest", "--git", repo, "--path", "docs", "-k", tmp_path / "a.db", "--json").json["kept"] == 1
    checked = cli("check", "The transfer fee is 3% for everybody.", "-k", tmp_path / "a.db", "--no-log")
    assert "stale" in checked.out
    (repo / "docs" / "fees.md").write_text("# Fees\n\nTransfer fee: 5%\nCurrency: EUR\n")
    subprocess.run([*git, "commit", "-q", "-a", "-m", "x"], check=True)
    facts = cli("ingest", "--git", repo, "-k", tmp_path / "a.db", "--facts", "auto", "--json").json["facts"]
    assert (facts["added"], facts["superseded"]) == (2, 0)
    for wrong in ([], [repo, "--git", repo], ["--git", repo, "--supersedes", "x"], [repo, "--since", "2020"]):
        assert cli("ingest", *wrong, "-k", tmp_path / "b.db").code == 2
