"""``ingest --facts``, ``load-sql`` and ``extract`` as their users type them."""

import json
import sqlite3
import sys

import pytest

PAGE = "# Acme pricing\n\n| Plan | Price |\n|---|---|\n| Pro | $49 |\n"


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "pricing.md"
    path.write_text(PAGE)
    return path


@pytest.fixture
def crm(tmp_path):
    path = tmp_path / "crm.db"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE price (product TEXT, price TEXT); INSERT INTO price VALUES ('Pro', '$49')")
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


def test_facts_by_shape_and_by_mapping(cli, page):
    """--facts takes a word or a file of mappings, and says what came of it."""
    assert cli("ingest", "pricing.md", "-k", "kb.db", "--facts", "auto", "--json").json["facts"]["added"] == 1
    assert cli("fact", "ask", "Pro", "price", "-k", "kb.db").code == 0
    (page.parent / "map.toml").write_text('[[facts]]\nentity = "Acme {Plan}"\nattributes = { Price = "list price" }\n')
    told = cli("ingest", "pricing.md", "-k", "kb.db", "--facts", "map.toml", "--json").json["facts"]
    assert (told["added"], told["ended"]) == (1, 1)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ("nowhere.toml", "is neither auto, none nor a TOML file"),
        ("empty.toml", "must hold [[facts]] tables"),
        ("bad.toml", "is missing"),
    ],
)
def test_a_mapping_file_that_is_wrong_is_named(cli, page, facts, message):
    """Nothing is read, and the exit code is that of usage."""
    (page.parent / "empty.toml").write_text("")
    (page.parent / "bad.toml").write_text('[[facts]]\nattributes = ["Price"]\n')
    ran = cli("ingest", "pricing.md", "-k", "kb.db", "--facts", facts)
    assert (ran.code, message in ran.err) == (2, True)


def test_unreadable_documents_stop_a_folder_or_are_listed(cli, page):
    """--skip-unreadable goes on and says what was left."""
    (page.parent / "bad.pdf").write_bytes(b"%PDF-1.4 damaged")
    stopped = cli("ingest", ".", "-k", "kb.db")
    assert (stopped.code, "bad.pdf" in stopped.err) == (2, True)
    ran = cli("ingest", ".", "-k", "kb.db", "--skip-unreadable", "--json")
    assert ran.code == 0
    assert any("is not a PDF" in one["reason"] for one in ran.json["skipped"])


def test_a_table_of_another_database(cli, page, crm, monkeypatch):
    """load-sql takes columns by name, reads the URL from the environment, and again changes nothing."""
    words = ("load-sql", crm, "price", "-k", "kb.db", "--entity", "product", "--column", "price=list price", "--json")
    assert cli(*words).json["added"] == 1
    monkeypatch.setenv("DATABASE_URL", crm)
    assert cli("load-sql", "env", *words[2:]).json["known"] == 1
    assert cli("fact", "ask", "Pro", "list price", "-k", "kb.db").code == 0


def test_a_database_that_cannot_be_read_is_unavailable(cli, page, crm, monkeypatch):
    """A missing file, a missing variable and a query that writes have their exit codes."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert cli("load-sql", "sqlite:///none.db", "price", "-k", "kb.db", "--entity", "product").code == 3
    assert cli("load-sql", "env", "price", "-k", "kb.db", "--entity", "product").code == 2
    assert cli("load-sql", crm, "DELETE FROM price", "-k", "kb.db", "--entity", "product").code == 2
    assert cli("load-sql", crm, "price", "-k", "kb.db", "--entity", "product", "--qualifier", "x").code == 2


def test_a_program_proposes_facts(cli, page):
    """--command gets the prompt on stdin; what it reads waits in the queue."""
    answer = {"facts": [{"passage": 1, "entity": "Pro", "attribute": "price", "value": "$49", "quote": "Price: $49"}]}
    (page.parent / "model.py").write_text(
        f"import sys\nassert 'passages' in sys.stdin.read()\nprint({json.dumps(answer)!r})\n"
    )
    cli("ingest", "pricing.md", "-k", "kb.db")
    ran = cli("extract", "-k", "kb.db", "--command", f"{sys.executable} model.py", "--json")
    assert (ran.code, len(ran.json["items"])) == (0, 1)
    assert "Pro" in cli("review", "list", "-k", "kb.db").out


def test_a_model_that_fails_leaves_passages_unread(cli, page):
    """Exit code 4: nothing was found, because nothing was read; a model that is none is usage."""
    cli("ingest", "pricing.md", "-k", "kb.db")
    assert cli("extract", "-k", "kb.db", "--command", "false").code == 4
    assert cli("extract", "-k", "kb.db", "--command", "no-such-program-here").code == 4
    assert cli("extract", "-k", "kb.db").code == 2
    assert cli("extract", "-k", "kb.db", "--model", "nosuch:thing").code == 2
