"""``guardlayer audit``: no line lost, none done twice, and never two checks in one file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from guardlayer.cli import bulk
from guardlayer.errors import LogError
from guardlayer.provenance import SqliteLog

AT = "2026-03-01"
ROWS = [
    {"id": "a", "answer": "The list price of Acme is $49."},
    {"id": "b", "answer": "The list price of Acme is $39."},
    {"id": "c", "answer": "$39", "question": "What is the list price of Acme?"},
    {"id": "d", "answer": "The list price of Acme is $39.", "at": "2025-06-01"},
    {"id": "e", "answer": {"price": "x"}},
]


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.fixture
def audit(cli, facts, tmp_path: Path):
    """Audit a file into ``out.jsonl`` against the fact file."""

    def run(path, *args):
        return cli("audit", path, "--out", tmp_path / "out.jsonl", "-k", facts, "--at", AT, "--no-log", *args)

    return run


@pytest.fixture
def results(tmp_path: Path):
    """Read the results."""
    return lambda: [json.loads(row) for row in (tmp_path / "out.jsonl").read_text().splitlines()]


def labels(result):
    return [claim["verdict"] for claim in result["claims"]]


def test_every_line_has_one_result_in_its_order(audit, answers, results):
    """Line number and id lead back to the input; question and instant of the line are used."""
    done = audit(answers)
    assert done.code == 1
    rows = results()
    assert [(row["line"], row["id"]) for row in rows] == [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]
    assert [labels(row) for row in rows[:4]] == [["supported"], ["stale"], ["stale"], ["supported"]]
    assert (rows[1]["claims"][0]["current"], rows[1]["claims"][0]["since"]) == ("$49", "2026-01-01")
    assert rows[1]["output"] == "The list price of Acme is $49."
    assert rows[4]["claims"][0]["path"] == "/price"


def test_the_summary_counts_by_verdict(audit, answers):
    """The counts are those of the results, for people and for scripts."""
    assert "stale" in audit(answers).out
    counted = audit(answers, "--json").json
    assert counted["lines"] == 5
    assert (counted["verdicts"]["stale"], counted["verdicts"]["supported"]) == (2, 2)


def test_malformed_lines_are_reported_with_their_number_and_counted(audit, answers, results):
    """A bad line is a result that says why; the lines behind it are checked all the same."""
    bad = [b"{", b"[1]", b'{"text": "x"}', b'{"answer": 3}', b'{"answer": "x", "at": "soon"}', b"\xff", b"", b"  ",
           b'{"answer": "x", "question": 1}', b'{"answer": "x", "evidence": [1]}', b"[" * 100_000]  # fmt: skip
    answers.write_bytes(b"\n".join([*bad, json.dumps(ROWS[0]).encode()]))
    done = audit(answers, "--json")
    assert done.code == 4
    wrong = [1, 2, 3, 4, 5, 6, 9, 10, 11]
    assert done.json["malformed"] == wrong
    assert all(f"{answers.name}:{number}: " in done.err for number in wrong)
    rows = results()
    assert [row["line"] for row in rows] == [*wrong, 12]
    assert [("error" in row) for row in rows] == [True] * 9 + [False]
    assert "'text'" in rows[2]["error"]


def test_fields_can_be_named(audit, answers, results):
    """Any object with a text in it can be audited."""
    answers.write_text(json.dumps({"n": 7, "said": "$39", "asked": "What is the list price of Acme?"}) + "\n")
    audit(answers, "--text-field", "said", "--question-field", "asked", "--id-field", "n")
    assert (results()[0]["id"], labels(results()[0])) == (7, ["stale"])


def test_evidence_of_the_line_answers(cli, answers, tmp_path: Path, results):
    """What came with the call is used, as a text or a list of texts."""
    answers.write_text(json.dumps({"answer": "The fee is 4%.", "evidence": ["The fee is 4%."]}) + "\n")
    cli("audit", answers, "--out", tmp_path / "out.jsonl", "--no-log")
    assert labels(results()[0]) != []
    assert "no source is configured" not in results()[0]["claims"][0]["reason"]


@pytest.mark.parametrize("torn", [b"", b'{"line": 3, "id"'])
def test_an_interrupted_audit_goes_on_behind_the_last_whole_line(audit, answers, results, tmp_path, monkeypatch, torn):
    """Interrupted and resumed gives byte for byte what an uninterrupted run gives; a torn line is done again."""
    out = tmp_path / "out.jsonl"
    audit(answers)
    whole = out.read_bytes()
    original = bulk.check_line

    def interrupted(guard, line, *rest):
        if line.number == 3:
            raise KeyboardInterrupt
        return original(guard, line, *rest)

    monkeypatch.setattr(bulk, "check_line", interrupted)
    stopped = audit(answers, "--restart")
    assert stopped.code == 130
    assert "the same command goes on after line 2" in stopped.err
    assert [row["line"] for row in results()] == [1, 2]
    with out.open("ab") as stream:
        stream.write(torn)
    monkeypatch.setattr(bulk, "check_line", original)
    resumed = audit(answers, "--json")
    assert resumed.json["lines"] == 5
    assert out.read_bytes() == whole


def test_a_finished_audit_does_nothing_again(audit, answers, tmp_path, monkeypatch):
    """Running the command twice checks nothing twice, and reports the same."""
    first = audit(answers, "--json")
    monkeypatch.setattr(bulk, "check_line", None)
    assert audit(answers, "--json").json == first.json


def test_limit_stops_early_and_the_next_run_goes_on(audit, answers, results):
    """A limit is no part of what a result depends on."""
    audit(answers, "--limit", "2")
    assert len(results()) == 2
    audit(answers)
    assert [row["line"] for row in results()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("what", ["input", "knowledge", "policy", "at", "fields"])
def test_results_of_two_checks_never_mix(cli, audit, answers, facts, results, tmp_path, what):
    """If anything a result depends on has changed, the audit refuses, names it, and keeps the results."""
    audit(answers, "--limit", "2")
    before = results()
    args: tuple[str, ...] = ()
    if what == "input":
        answers.write_text(answers.read_text() + json.dumps(ROWS[0]) + "\n")
    elif what == "knowledge":
        facts.write_text(facts.read_text() + "Acme,seat,Oslo,register,,,\n")
    elif what == "policy":
        args = ("--policy", "strict")
    elif what == "at":
        args = ("--at", "2020")
    else:
        args = ("--text-field", "said")
    done = audit(answers, *args)
    assert done.code == 2
    assert f"another {what}" in done.err
    assert "--restart" in done.err
    assert results() == before
    assert audit(answers, *args, "--restart").code in (1, 4)
    assert len(results()) > 2


def test_a_changed_database_is_noticed(cli, answers, database, tmp_path):
    """A correction between two runs changes verdicts, so the second run refuses."""
    args = ("audit", answers, "--out", tmp_path / "o.jsonl", "-k", database, "--at", AT, "--no-log")
    assert cli(*args, "--limit", "1").code == 0
    assert cli(*args, "--limit", "2").code == 1
    cli("fact", "correct", "f2", "$59", "--author", "dana", "--reason", "typo", "-k", database)
    done = cli(*args)
    assert done.code == 2
    assert "another knowledge" in done.err


def test_the_instant_is_kept_over_an_interrupt(cli, answers, facts, tmp_path):
    """Without --at, lines checked tomorrow are checked as of the day the audit began."""
    args = ("audit", answers, "--out", tmp_path / "o.jsonl", "-k", facts, "--no-log")
    cli(*args, "--limit", "1")
    sidecar = tmp_path / "o.jsonl.state.json"
    state = json.loads(sidecar.read_text())
    sidecar.write_text(json.dumps({**state, "began": "2025-06-01"}))
    cli(*args)
    rows = [json.loads(row) for row in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert labels(rows[1]) == ["supported"]


def test_what_is_no_result_file_is_not_written_to(audit, answers, tmp_path: Path):
    """A mistyped --out does not destroy somebody's file."""
    out = tmp_path / "out.jsonl"
    out.write_text("my notes\n")
    done = audit(answers)
    assert done.code == 2
    assert out.read_text() == "my notes\n"
    audit(answers, "--restart")
    out.write_text('{"something": "else"}\n' + out.read_text())
    changed = audit(answers)
    assert changed.code == 2
    assert "out.jsonl:1: " in changed.err


def test_the_input_is_never_written_over(cli, answers, tmp_path: Path):
    """Not by --restart either, and not under another name."""
    (tmp_path / "link.jsonl").symlink_to(answers)
    before = answers.read_bytes()
    for out in (answers, tmp_path / "link.jsonl"):
        done = cli("audit", answers, "--out", out, "--no-log", "--restart")
        assert done.code == 2
        assert "over the input" in done.err
    assert answers.read_bytes() == before


def test_two_audits_do_not_write_one_file(audit, answers, tmp_path: Path):
    """The second is told, and changes nothing."""
    held = bulk.open_results(tmp_path / "out.jsonl", answers, {}, restart=True)
    with held.stream:
        done = audit(answers, "--restart")
    assert done.code == 2
    assert "another audit is writing it" in done.err


def test_paths_that_cannot_be_used_are_named(audit, cli, answers, tmp_path: Path):
    """Missing input and an output in a folder that is not there."""
    missing = audit("none.jsonl")
    assert missing.code == 2
    assert "none.jsonl: cannot be read" in missing.err
    done = cli("audit", answers, "--out", tmp_path / "no" / "out.jsonl", "--no-log")
    assert done.code == 2
    assert "cannot be written" in done.err


def test_records_that_could_not_be_kept_are_counted(cli, answers, facts, tmp_path, monkeypatch, results):
    """An audit without its provenance is exit 3, whatever it found."""
    args = ("audit", answers, "--out", tmp_path / "out.jsonl", "-k", facts, "--at", AT, "--log", "p.db")
    assert cli(*args, "--limit", "1").code == 0
    assert results()[0]["recorded"] is True

    def full(*_):
        raise LogError("the disk is full")

    monkeypatch.setattr(SqliteLog, "append", full)
    done = cli(*args, "--json")
    assert done.code == 3
    assert done.json["unrecorded"] == 4


def test_long_lines_are_skipped_and_said(monkeypatch, audit, answers, results):
    """A line beyond the bound is no reason to stop, and its tail is not taken for a line of its own."""
    monkeypatch.setattr(bulk, "MAX_LINE", 1000)
    answers.write_text(json.dumps({"answer": "x" * 5000}) + "\n" + json.dumps(ROWS[0]) + "\n")
    audit(answers)
    rows = results()
    assert "longer than" in rows[0]["error"]
    assert (rows[1]["line"], labels(rows[1])) == (2, ["supported"])


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals; run on Linux or macOS")
def test_a_real_interrupt_loses_nothing(answers, facts, tmp_path: Path):
    """Ctrl-C in the middle of a real run: exit 130, and the next run completes it without a gap or a double."""
    count = 4000
    answers.write_text("".join(json.dumps(ROWS[i % 4]) + "\n" for i in range(count)))
    out = tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "guardlayer.cli", "audit", str(answers), "--out", str(out), "-k", str(facts),
               "--at", AT, "--no-log"]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    until = time.monotonic() + 30
    while time.monotonic() < until and not (out.exists() and out.stat().st_size):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    done = out.read_bytes().count(b"\n")
    assert 0 < done < count
    assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 1
    assert [json.loads(row)["line"] for row in out.read_text().splitlines()] == list(range(1, count + 1))
