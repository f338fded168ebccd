"""What the command-line tests share: a runner, a small body of knowledge, and reports built by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from guardlayer.cli.app import app
from guardlayer.types import (
    CheckedClaim,
    Claim,
    Coverage,
    Decision,
    Draft,
    Label,
    Report,
    Verdict,
)

AT = "2026-03-01"
FACTS = """\
entity,attribute,value,source,source_uri,valid_from,valid_to
Acme,list price,$39,price list 2025,https://acme.example/2025,2025-01-01,2026-01-01
Acme,list price,$49,price list 2026,https://acme.example/2026,2026-01-01,
Acme,founding year,1998,company register,,,
"""


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run as in a plain shell, whatever the one that runs the tests has set."""
    for name in ("GUARDLAYER_KNOWLEDGE", "GUARDLAYER_LOG", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")


class Ran:
    """What a command did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


Cli = Callable[..., Ran]


@pytest.fixture
def cli() -> Cli:
    """Run a command line in this process; an exception that is no exit is a failure of the test."""

    def run(*args: object, stdin: str | bytes | None = None) -> Ran:
        done = CliRunner().invoke(app, [str(arg) for arg in args], input=stdin)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """A fact file: a price that has changed, and a founding year."""
    path = tmp_path / "facts.csv"
    path.write_text(FACTS)
    return path


@pytest.fixture
def database(cli: Cli, facts: Path, tmp_path: Path) -> Path:
    """The same in a database."""
    path = tmp_path / "acme.db"
    assert cli("load", facts, "-k", path).code == 0
    return path


@pytest.fixture
def report() -> Callable[..., Report]:
    """Build reports by hand."""
    return _report


def _report(text: str, verdicts: Sequence[tuple[int, int, Verdict]], **changes: Any) -> Report:
    """Build a report on ``text`` from (start, end, verdict)."""
    claims = tuple(CheckedClaim(Claim(text[start:end], start, end), verdict) for start, end, verdict in verdicts)
    labels = [claim.verdict for claim in claims]
    exempt, unverifiable = labels.count(Label.EXEMPT), labels.count(Label.UNVERIFIABLE)
    return Report(
        **{
            "draft": Draft(text, datetime(2026, 3, 1, tzinfo=UTC), "call"),
            "claims": claims,
            "decision": Decision(changes.pop("action", "pass"), changes.pop("output", text)),
            "coverage": Coverage(
                len(claims), len(claims) - exempt - unverifiable, exempt, unverifiable, labels.count(Label.SUPPORTED)
            ),
            "policy": "enforce@abc",
            **changes,
        }
    )
