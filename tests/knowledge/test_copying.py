"""A layer copied from one database into another says the same, and the proof of it finds what does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from typer.testing import CliRunner

from guardlayer.cli.app import app
from guardlayer.cli.exits import Exit
from guardlayer.errors import InputError
from guardlayer.knowledge import Knowledge
from guardlayer.knowledge.transfer import compare, copy

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def ticking():
    seconds = count()
    return lambda: NOW + timedelta(seconds=next(seconds))


def lived(place, folder):
    """Return a layer in which everything was done that leaves a trace."""
    kb = Knowledge.open(place, clock=ticking())
    kb.entity("Acme Corporation", aliases=["Acme"], type="company")
    kb.entity("Acme Bakery", aliases=["Acme"])
    kb.attribute("list price", synonyms=["price"], cardinality="one")
    first = kb.add("Acme Corporation", "list price", "$1", source="s", valid_from="2020", authority=3)
    kb.supersede(first, "$2", valid_from="2023-05", source="t")
    kb.add("Acme Bakery", "list price", "$7", source="u", valid_from="2003", valid_to="2003")
    kb.add("Acme Bakery", "list price", "$ 7", source="u", valid_from="2003")
    wrong = kb.add("Acme Bakery", "owner", "Ann", source="u", qualifiers={"region": "EU"}, author="a", reason="r")
    kb.correct(wrong, "Bo", author="b", reason="typo")
    kb.rollback(wrong, to=1)
    kb.add("Acme Bakery", "colour", "rød ☃", source="gone")
    kb.retract("gone", reason="withdrawn")
    document = folder / "fees.md"
    for text in ("# Fees\n\nThe fee is 3 percent.\n\nIt is due in May.\n", "# Fees\n\nThe fee is 4 percent.\n"):
        document.write_text(text)
        kb.ingest(document, source="fees")
    return kb


@pytest.fixture
def source(tmp_path):
    with lived(str(tmp_path / "from.db"), tmp_path) as kb:
        yield kb


def test_a_copy_on_a_server_says_the_same_and_so_does_the_copy_of_it(source, postgres, tmp_path):
    """From a file to a server and back: rows, ids, history and answers are what they were."""
    with Knowledge.open(postgres) as server, Knowledge.open(tmp_path / "back.db") as back:
        copied = copy(source, server)
        assert copied.rows["fact"] == 9
        there = compare(source, server)
        assert (there.differences, there.same, there.keys) == ((), True, there.keys_in_all)
        assert there.answers > 4 * there.keys
        copy(server, back)
        assert compare(source, back).same
        fee = [evidence.text for evidence in server.passages.search("What is the fee?", at=server.store.now())]
        assert fee[0] == "The fee is 4 percent."


def test_what_is_written_after_the_copy_goes_on_from_it(source, postgres):
    """New facts, names and sources get ids of their own, and transaction time goes on growing."""
    with Knowledge.open(postgres, clock=ticking()) as server:
        copy(source, server)
        last = source.store.read("SELECT last FROM tick")
        added = server.add("Globex", "seats", "5", source="new")
        assert added.id == f"f{source.stats().facts + 1}"
        assert server.store.read("SELECT last FROM tick") > last
        assert server.stats().entities == source.stats().entities + 1


def test_a_server_that_holds_something_is_not_copied_into(source, postgres):
    """Ids stay as they are only in an empty database; nothing is mixed."""
    with Knowledge.open(postgres) as server:
        server.entity("There already")
        with pytest.raises(InputError, match="holds something already"):
            copy(source, server)
        assert server.stats().facts == 0
        with pytest.raises(InputError, match="into itself"):
            copy(server, server)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE fact SET value = '$3' WHERE id = 1", "fact: row 1 differs"),
        ("UPDATE fact SET tx_to = NULL WHERE tx_to IS NOT NULL", "fact: row"),
        ("DELETE FROM alias WHERE preferred = 0", "alias: row"),
        ("DELETE FROM passage_open", "passage_open: other passages"),
        ("UPDATE cardinality SET single = 0 WHERE single = 1", "cardinality: row"),
    ],
)
def test_what_differs_is_named(source, tmp_path, change, says):
    """Whatever was changed behind the copy's back is found."""
    with Knowledge.open(tmp_path / "to.db") as other:
        copy(source, other)
        with other.store.write() as cursor:
            cursor.execute(change)
        found = compare(source, other)
    assert not found.same
    assert any(says in difference for difference in found.differences), found.differences


def test_a_sample_asks_fewer_keys_and_says_so(source, tmp_path):
    """All rows are compared whatever the sample; the summary says how many keys were asked."""
    with Knowledge.open(tmp_path / "to.db") as other:
        copy(source, other)
        found = compare(source, other, sample=1)
    assert (found.keys, found.same) == (1, True)
    assert f"1 of {found.keys_in_all} keys" in str(found)


def test_the_command_copies_compares_and_tells_by_its_exit_code(tmp_path, postgres):
    """0 where nothing differs, 1 with the differences, 2 where the target is not empty; no password in any of it."""
    lived(str(tmp_path / "from.db"), tmp_path).close()
    url = postgres.replace("postgres@", "postgres:s3cret@")
    run = CliRunner().invoke
    done = run(app, ["knowledge", "copy", str(tmp_path / "from.db"), url])
    assert done.exit_code == Exit.FINE, done.output
    assert "no difference" in done.output
    again = run(app, ["knowledge", "copy", str(tmp_path / "from.db"), url])
    assert again.exit_code == Exit.USAGE
    with Knowledge.open(postgres) as server:
        server.add("Globex", "seats", "5")
    found = run(app, ["knowledge", "copy", str(tmp_path / "from.db"), url, "--only-compare", "--json"])
    assert found.exit_code == Exit.FINDINGS
    assert '"same": false' in found.output
    assert "s3cret" not in done.output + again.output + found.output
