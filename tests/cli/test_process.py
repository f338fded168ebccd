"""The command as a process: start-up, streams, colours, interrupts, and errors without a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from guardlayer import __version__
from guardlayer.cli import checking, exits
from guardlayer.cli.exits import Exit
from guardlayer.errors import AuthorityError, ConfigError, GuardlayerError, LogError, NotFoundError, StoreError
from guardlayer.types import Label, Verdict

HEAVY = ("apsw", "pydantic", "yaml", "orjson", "rapidfuzz", "markdown_it", "structlog", "rich.table", "rich.progress",
         "guardlayer.knowledge", "guardlayer.guard", "guardlayer.provenance")  # fmt: skip
COMMANDS = [["demo"], ["check"], ["audit"], ["load"], ["ingest"], ["why"], ["record"], ["doctor"], ["log", "verify"],
            *(["fact", verb] for verb in ("add", "correct", "supersede", "retract", "rollback", "ask", "history"))]  # fmt: skip


def process(*args, env=None, **options):
    command = [sys.executable, "-m", "guardlayer.cli", *map(str, args)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **(env or {})}, **options
    )


def test_version_says_its_version():
    """The name of the distribution and its version, on stdout."""
    done = process("--version")
    assert (done.returncode, done.stdout) == (0, f"guardlayer-facts {__version__}\n")


def test_start_up_imports_nothing_heavy():
    """What takes time to import is imported by the command that needs it."""
    code = (
        "import sys\nsys.argv = ['guardlayer', '--version']\nfrom guardlayer.cli import main\n"
        f"try:\n    main()\nexcept SystemExit:\n    print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_and_speaks_json(cli, command):
    """--help names --json and shows an example of the command."""
    done = cli(*command, "--help")
    assert done.code == 0
    assert "--json" in done.out
    assert "Examples" in done.out
    assert f"guardlayer {' '.join(command)}" in done.out.partition("Examples")[2]


def test_help_documents_the_exit_codes(cli):
    """Every code that can come is in the help and in the manual."""
    text = " ".join(cli("--help").out.split())
    manual = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    for code in Exit:
        assert f"{code.value} " in text
        assert f"| {code.value} |" in manual


def test_every_error_has_its_exit_code():
    """Stores and authorities are 3; everything else that is refused is 2."""
    assert exits.of_error(StoreError("x")) is Exit.UNAVAILABLE
    assert exits.of_error(LogError("x")) is Exit.UNAVAILABLE
    assert exits.of_error(AuthorityError("x")) is Exit.UNAVAILABLE
    assert exits.of_error(ConfigError("x")) is Exit.USAGE
    assert exits.of_error(NotFoundError("x")) is Exit.USAGE
    assert exits.of_error(GuardlayerError("x")) is Exit.USAGE


def test_findings_outweigh_what_is_incomplete(report):
    """Exit 1 before 4; a record that was asked for and is not there before both."""
    stale, unknown = Verdict(Label.STALE, 1.0, "r"), Verdict(Label.UNVERIFIABLE, 1.0, "r")
    both = report("One. Two.", [(0, 4, stale), (5, 9, unknown)])
    assert exits.of_report(both, logged=False) is Exit.FINDINGS
    assert exits.of_report(both, logged=True) is Exit.UNAVAILABLE
    assert exits.of_report(report("Two.", [(0, 4, unknown)]), logged=False) is Exit.INCOMPLETE
    assert exits.of_report(report("Hi", []), logged=False) is Exit.FINE


def test_errors_are_one_line_without_a_traceback(tmp_path: Path):
    """A person reads what was wrong and what to do; --debug shows where it was raised."""
    done = process("check", "x", "-k", "none.db", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("guardlayer: none.db: no such knowledge database")
    assert done.stderr.count("\n") == 1
    debug = process("--debug", "check", "x", "-k", "none.db", cwd=tmp_path)
    assert "Traceback" in debug.stderr


def test_a_defect_is_one_line_and_its_own_code(cli, monkeypatch):
    """An error nobody foresaw is never taken for a finding."""

    def broken(**_):
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr(checking.Screen, "of", broken)
    done = cli("check", "x")
    assert done.code == Exit.DEFECT
    assert "unexpected ZeroDivisionError: no such luck" in done.err
    assert "--debug" in done.err
    with pytest.raises(ZeroDivisionError):
        cli("--debug", "check", "x")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("check", "--polcy", "x"), "--polcy"),
        (("bogus",), "'bogus'"),
        (("fact", "bogus"), "'bogus'"),
        (("audit", "x.jsonl"), "--out"),
        (("audit", "x.jsonl", "-o", "y", "--limit", "0"), "--limit"),
    ],
)
def test_usage_errors_are_one_line_that_leads_to_help(cli, args, said):
    """What was wrong, and where to read on."""
    done = cli(*args)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "--help" in done.err
    assert done.err.count("\n") == 1


def test_colour_follows_no_color_and_force_color():
    """In a pipe there is no colour unless it is forced, and NO_COLOR wins over that."""
    plain = process("demo", "--policy", "observe")
    forced = process("demo", "--policy", "observe", env={"FORCE_COLOR": "1"})
    refused = process("demo", "--policy", "observe", env={"FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert "\x1b" not in plain.stdout
    assert "\x1b[32m" in forced.stdout
    assert not any(f"\x1b[{code}" in refused.stdout for code in ("3", "1;3"))


def test_json_stands_alone_on_stdout():
    """Progress and remarks go to stderr, so that a pipe gets one document."""
    done = process("check", "Hi! X is Y.", "--no-log", "--json")
    assert json.loads(done.stdout)["claims"]
    assert "no knowledge is given" in done.stderr


def test_an_encoding_that_cannot_carry_the_symbols_is_no_crash():
    """On a terminal that knows no more than ASCII the words still tell."""
    done = process("demo", "--policy", "observe", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "stale" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX pipes; run on Linux or macOS")
def test_a_reader_that_leaves_is_no_error():
    """`guardlayer … | head -1` prints its line and no traceback, and is not taken for findings."""
    code = "import os, sys; os.execv(sys.executable, [sys.executable, '-m', 'guardlayer.cli', 'demo'])"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        err = running.stderr.read()
    assert running.returncode in (0, Exit.CLOSED)
    assert err == b""


def test_an_interrupt_is_130(cli, monkeypatch):
    """Ctrl-C leaves with the code that shells expect, on one line."""

    def interrupted(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr(checking.Screen, "of", interrupted)
    done = cli("check", "x")
    assert done.code == Exit.INTERRUPTED
    assert "interrupted" in done.err
