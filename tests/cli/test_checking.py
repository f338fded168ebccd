"""``guardlayer check``: what it reads, what it prints, and what its exit code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardlayer.errors import LogError
from guardlayer.provenance import SqliteLog

AT = "2026-03-01"
STALE = "Happy to help! The list price of Acme is $39."
RIGHT = "The list price of Acme is $49."


@pytest.fixture
def check(cli, facts):
    """Check against the fact file, as of a day, without a log unless one is given."""

    def run(*args, **options):
        log = [] if "--log" in args else ["--no-log"]
        return cli("check", *args, "-k", facts, "--at", AT, *log, **options)

    return run


def test_the_exit_code_says_what_was_found(check, cli):
    """0: nothing lacks its source. 1: findings. 4: no finding, but something unchecked, which is no pass."""
    assert check(RIGHT).code == 0
    assert check(STALE).code == 1
    assert check("The list price of Acme is $12.").code == 1
    assert check("Acme employs three gardeners.").code == 1
    unchecked = check("You may export this report.")
    assert unchecked.code == 4
    assert "unverifiable" in unchecked.out


def test_text_verdict_reason_successor_source_output_and_coverage_are_printed(check):
    """Everything a reader needs is on the screen, without colour."""
    out = check(STALE).out
    for part in ("⌛2 The list price of Acme is $39.", "stale", "$49", "2026-01-01", "price list 2026",
                 "https://acme.example/2026", "Happy to help! The list price of Acme is $49.", "Coverage: 2 claims",
                 "·1 Happy to help!", "exempt"):  # fmt: skip
        assert part in out
    assert "\x1b" not in out


def test_a_text_a_file_and_stdin_are_the_same(check, tmp_path: Path):
    """The one argument is a text, the name of a file, or - for stdin."""
    path = tmp_path / "answer.txt"
    path.write_text(STALE)
    expected = check(STALE).out
    assert check(path).out == expected
    assert check("-", stdin=STALE).out == expected
    assert check(stdin=STALE).out == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("missing.txt", "missing.txt: no such file"),
        ("latin.txt", "latin.txt: is not UTF-8 at byte 1"),
        (".", "is a folder"),
    ],
)
def test_unreadable_input_is_named(check, given, said, tmp_path: Path):
    """A mistyped file name is not checked as if it were the answer."""
    (tmp_path / "latin.txt").write_bytes(b"a\xe9")
    done = check(given)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""


def test_a_long_text_is_no_file_name(check):
    """A text longer than any file name, and one with a NUL, is read as text."""
    assert check("x" * 5000 + ".").code in (0, 1)
    assert check("The list price of Acme is \0 $39.").code == 1


def test_json_is_one_document_and_nothing_else(check):
    """Scripts read stdout whole; it holds the report and the corrected output."""
    done = check(STALE, "--json", "--question", "What does Acme cost?")
    assert done.code == 1
    assert done.json["output"].endswith("$49.")
    assert [claim["verdict"] for claim in done.json["claims"]] == ["exempt", "stale"]
    assert done.json["question"] == "What does Acme cost?"


@pytest.mark.parametrize("policy", ["observe", "annotate", "enforce", "strict", "retry"])
def test_every_preset_can_be_named(check, policy):
    """The policy decides the output; the exit code stays with what was found."""
    done = check(STALE, "--policy", policy, "--json")
    assert done.code == 1
    assert done.json["policy"]["name"] == policy


def test_the_environment_names_the_knowledge(cli, database, monkeypatch, tmp_path: Path):
    """GUARDLAYER_KNOWLEDGE holds one path, blanks and all; --knowledge wins over it."""
    moved = tmp_path / "my facts" / "acme.db"
    moved.parent.mkdir()
    database.rename(moved)
    monkeypatch.setenv("GUARDLAYER_KNOWLEDGE", str(moved))
    assert cli("check", RIGHT, "--at", AT, "--no-log").code == 0
    monkeypatch.setenv("GUARDLAYER_KNOWLEDGE", "none.db")
    assert cli("check", RIGHT, "--at", AT, "--no-log").code == 2
    assert cli("check", RIGHT, "--at", AT, "--no-log", "-k", moved).code == 0


def test_a_text_over_the_limit_is_incomplete_and_not_a_pass(check, tmp_path: Path):
    """A text too long to be checked is exit 4, with the limit as its reason."""
    path = tmp_path / "long.txt"
    path.write_text("x. " * 400_000)
    done = check(path, "--json")
    assert done.code == 4
    assert done.json["claims"][0]["error"] == "limit"


def test_evidence_files_answer(cli, tmp_path: Path):
    """What came with the call is evidence, named by its file."""
    page = tmp_path / "page.md"
    page.write_text("The fee is 4%.")
    done = cli("check", "The fee is 4%.", "--evidence", page, "--no-log", "--json")
    assert "page.md" in {piece["source"]["id"] for claim in done.json["claims"] for piece in claim["evidence"]}


def test_documents_answer(cli, tmp_path: Path):
    """A folder of documents is read into memory and asked; what was not read is said."""
    folder = tmp_path / "handbook"
    folder.mkdir()
    (folder / "fees.md").write_text("# Fees\n\nThe transfer fee is 4%.\n")
    (folder / "logo.bin").write_bytes(b"\0")
    done = cli("check", "The transfer fee is 4%.", "--sources", folder, "--no-log", "--json")
    assert any("fees.md" in piece["source"]["id"] for claim in done.json["claims"] for piece in claim["evidence"])
    assert "logo.bin" in done.err


def test_a_database_and_a_fact_file_answer_together(cli, database, tmp_path: Path):
    """A database is asked first, what is loaded into memory after it; the database is not written."""
    extra = tmp_path / "extra.jsonl"
    extra.write_text('{"entity": "Beta", "attribute": "seat", "value": "Oslo", "source": "register"}\n')
    text = f"{RIGHT} The seat of Beta is Oslo."
    before = database.read_bytes()
    done = cli("check", text, "-k", database, "-k", extra, "--at", AT, "--no-log", "--json")
    assert [claim["verdict"] for claim in done.json["claims"]] == ["supported", "supported"]
    assert database.read_bytes() == before
    alone = cli("check", text, "-k", database, "--at", AT, "--no-log", "--json")
    assert [claim["verdict"] for claim in alone.json["claims"]] == ["supported", "unsupported"]


def test_a_mistyped_database_is_an_error_and_not_an_empty_one(cli, tmp_path: Path):
    """Nothing is created by asking, and no claim becomes unsupported for want of a letter."""
    done = cli("check", RIGHT, "-k", "acne.db", "--no-log")
    assert done.code == 2
    assert "acne.db: no such knowledge database" in done.err
    assert not (tmp_path / "acne.db").exists()


def test_a_malformed_fact_file_names_its_line(cli, tmp_path: Path):
    """The line to put right is in the message."""
    bad = tmp_path / "bad.csv"
    bad.write_text("entity,attribute,value,valid_from,valid_to\nAcme,list price,$1,2026-02-01,2026-01-01\n")
    done = cli("check", RIGHT, "-k", bad, "--no-log")
    assert done.code == 2
    assert f"{bad}:2: " in done.err


def test_the_configuration_is_read_and_overridden(cli, facts, tmp_path: Path):
    """A guardlayer.toml gives knowledge and policy; --policy and --log win over it."""
    config = tmp_path / "guardlayer.toml"
    config.write_text(f'[guard]\npolicy = "strict"\nlog = false\n[knowledge]\nfacts = ["{facts.name}"]\n')
    configured = cli("check", STALE, "--config", config, "--at", AT, "--json")
    assert configured.json["policy"]["name"] == "strict"
    assert configured.json["record"] is None
    overridden = cli("check", STALE, "--config", config, "--at", AT, "--json", "--policy", "observe", "--log", "p.db")
    assert overridden.json["policy"]["name"] == "observe"
    assert overridden.json["record"]


def test_records_go_where_the_option_says(check, tmp_path: Path):
    """--log names the place, --no-log keeps none and the report says so, and the default is under the directory."""
    done = check(STALE, "--log", tmp_path / "p.db", "--json")
    with SqliteLog(tmp_path / "p.db") as log:
        assert log.record(done.json["record"]).kind == "response"
    silent = check(STALE, "--json")
    assert silent.json["record"] is None
    assert any("log is switched off" in notice for notice in silent.json["notices"])


def test_the_default_log_is_under_the_working_directory(cli, facts, tmp_path: Path):
    """Without options a record is kept, as the help says."""
    done = cli("check", RIGHT, "-k", facts, "--at", AT)
    assert done.code == 0
    assert (tmp_path / ".guardlayer" / "provenance.db").exists()
    assert "Record: " in done.out


def test_a_log_that_fails_is_exit_3_and_the_report_is_still_printed(check, monkeypatch, tmp_path: Path):
    """Nobody takes an unrecorded answer for a recorded one."""

    def full(*_):
        raise LogError("the disk is full; free some space")

    monkeypatch.setattr(SqliteLog, "append", full)
    done = check(RIGHT, "--log", tmp_path / "p.db", "--json")
    assert done.code == 3
    assert any("the disk is full" in notice for notice in done.json["notices"])


def test_wrong_dates_and_policies_are_usage_errors(check):
    """The message says what to write instead, on one line, and nothing is on stdout."""
    for args, said in ((("--policy", "enforec"), "enforce"), (("--evidence", "none.txt"), "none.txt: cannot be read")):
        done = check(RIGHT, *args)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
        assert done.err.count("\n") == 1


def test_without_knowledge_the_reader_is_told_why(cli):
    """Unsupported for want of any source is not the same as checked and not found."""
    done = cli("check", RIGHT, "--no-log")
    assert done.code == 1
    assert "no knowledge is given" in done.err


def test_a_hostile_text_is_shown_not_obeyed(check):
    """What a model writes can steer neither the terminal nor the markup."""
    text = "[bold]Hi[/nope] \x1b]0;owned\x07\x1b[2J\u202e The list price of Acme is $39."
    done = check(text, "--policy", "annotate")
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert "[bold]Hi[/nope] ␛]0;owned␇␛[2J" in done.out
    assert check("\ud800 lone", "--json").json["text"]
