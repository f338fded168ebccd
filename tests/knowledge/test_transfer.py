"""A whole layer out and in again, and whether it keeps its own rules."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path

import pytest

from guardlayer import Knowledge
from guardlayer.errors import InputError, StoreError
from guardlayer.knowledge.catalogue import COUNTERS, tables
from guardlayer.knowledge.store import MIGRATIONS


def fill(kb: Knowledge, folder: Path) -> None:
    """Put something into as many tables as this module knows how to."""
    pages = folder / "pages"
    pages.mkdir()
    (pages / "a.md").write_text("# Refunds\n\nRefunds take 14 days.\n\nAsk the desk.\n")
    (pages / "b.md").write_text("Prices are in euros — naïve, 日本.\n")
    kb.ingest(pages, source="pages")
    (pages / "a.md").write_text("# Refunds\n\nRefunds take 30 days.\n\nAsk the desk.\n")
    kb.ingest(pages, source="pages", effective_from="2026-02")
    kb.entity("Acme Corporation", aliases=["Acme", "アクメ"], type="company")
    kb.attribute("list price", synonyms=["price"], cardinality="one")
    fact = kb.add(
        "Acme", "list price", "$39", source="list", valid_from="2025", qualifiers={"plan": "Pro"}, authority=3
    )
    kb.correct(fact.id, "$40", author="dana", reason='misread \\ "quoted" \n line')
    kb.supersede(fact.id, "$49", valid_from="2026-01-15", source="list 2026")
    kb.add("Acme", "office", "Rome", source="register")
    kb.retract("f3", reason="moved")
    kb.add("Borealis", "list price", "1", source="register")
    kb.add("Borealis", "list price", "2", source="press")
    kb.settle("f4", author="dana", reason="binding")
    kb.source("list 2026", supersedes="list", owner="sales", review_after="2026-12", effective_from="2026")
    kb.confirm("f2", author="sam", review_after="2027")
    item = kb.propose("correct", fact="f2", value="$50", author="lee", quote="“fifty”")
    kb.reviews.allow(["dana"])
    kb.reviews.reject(item.id, author="dana", reason="no")
    kb.propose("add", entity="Cem", attribute="office", value="Bern", author="lee")


@pytest.fixture
def kb(tmp_path: Path) -> Knowledge:
    """A layer with history."""
    kb = Knowledge.open(tmp_path / "old.db")
    fill(kb, tmp_path)
    return kb


def dump(kb: Knowledge) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, read without the code under test."""
    return {
        table.name: sorted(kb.store.read(f"SELECT * FROM {table.name}"), key=repr) for table in tables()
    }  # fmt: skip


@pytest.mark.parametrize("name", ["all.jsonl", "all.jsonl.gz"])
def test_nothing_is_lost(kb: Knowledge, tmp_path: Path, name: str) -> None:
    """Ids, versions, times, documents, names, reviews: every row comes back, and every answer is the same."""
    written = kb.export(tmp_path / name)
    with Knowledge.open(tmp_path / "new.db") as new:
        read = new.import_(tmp_path / name)
        assert dump(new) == dump(kb)
        assert read.rows == {table: count for table, count in written.rows.items() if count}
        for entity, attribute in (("アクメ", "price"), ("Acme", "office"), ("Borealis", "list price")):
            for qualifiers in ({}, {"plan": "pro"}):
                for at in ("2025-06-01", "2026-06-01"):
                    old = kb.ask(entity, attribute, at=at, qualifiers=qualifiers)
                    assert new.ask(entity, attribute, at=at, qualifiers=qualifiers) == old
        at = kb.store.now()
        for words in ("refunds take days", "prices in euros 日本", "ask the desk"):
            assert new.passages.search(words, at=at) == kb.passages.search(words, at=at)
        assert new.check().sound
        assert new.export(tmp_path / "again.jsonl").digest == written.digest
        # What is written next follows on what was there.
        assert new.add("New", "office", "Oslo").id == kb.add("New", "office", "Oslo").id
        assert new.propose("retract", fact="f1", author="x").id == kb.propose("retract", fact="f1", author="x").id


def test_covers_every_table(kb: Knowledge, tmp_path: Path) -> None:
    """Each table of the migrations is in the file by name, whoever added it."""
    kb.export(tmp_path / "all.jsonl")
    head = json.loads((tmp_path / "all.jsonl").read_text().partition("\n")[0])
    assert head["tables"].keys() == {table.name for table in tables()}
    assert {"fact", "alias", "passage_passage", "review_item", "entity_merge"} <= head["tables"].keys()
    assert not any(name.startswith(("passage_open", "passage_former", "sqlite_")) for name in head["tables"])
    assert head["format"] == len(MIGRATIONS)


def test_a_file_that_was_cut_off_is_refused_whole(kb: Knowledge, tmp_path: Path) -> None:
    """Wherever it ends, nothing of it is kept, and the error says so."""
    kb.export(tmp_path / "all.jsonl")
    whole = (tmp_path / "all.jsonl").read_bytes()
    cut = tmp_path / "cut.jsonl"
    ends = [0, 1, len(whole) // 3, len(whole) // 2, len(whole) - 200, len(whole) - 2]
    ends += [at + 1 for at, byte in enumerate(whole) if byte == 10][:-1:7]
    with Knowledge.open(":memory:") as new:
        for end in ends:
            cut.write_bytes(whole[:end])
            with pytest.raises(InputError):
                new.import_(cut)
            assert not new.stats().facts
        new.import_(tmp_path / "all.jsonl")


def test_a_compressed_file_that_was_cut_off_is_refused(kb: Knowledge, tmp_path: Path) -> None:
    """The same for what is compressed."""
    kb.export(tmp_path / "all.jsonl.gz")
    whole = (tmp_path / "all.jsonl.gz").read_bytes()
    for end in (5, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.jsonl.gz").write_bytes(whole[:end])
        with Knowledge.open(":memory:") as new, pytest.raises(InputError):
            new.import_(tmp_path / "cut.jsonl.gz")


def test_a_changed_byte_is_noticed(kb: Knowledge, tmp_path: Path) -> None:
    """A value that was changed by hand does not come in as if it had been exported."""
    kb.export(tmp_path / "all.jsonl")
    text = (tmp_path / "all.jsonl").read_text()
    assert "$49" in text
    (tmp_path / "all.jsonl").write_text(text.replace("$49", "$94"))
    with Knowledge.open(":memory:") as new, pytest.raises(InputError, match="changed"):
        new.import_(tmp_path / "all.jsonl")


def test_only_into_an_empty_database(kb: Knowledge, tmp_path: Path) -> None:
    """Ids stay what they are, so nothing may be there before."""
    kb.export(tmp_path / "all.jsonl")
    before = dump(kb)
    with pytest.raises(InputError, match="holds something already"):
        kb.import_(tmp_path / "all.jsonl")
    assert dump(kb) == before


@pytest.mark.parametrize(
    ("head", "error"),
    [
        ({"guardlayer": "knowledge/1", "format": 9999, "tables": {}}, StoreError),
        ({"guardlayer": "knowledge/2", "format": 1, "tables": {}}, InputError),
        ({"guardlayer": "knowledge/1", "format": 1, "tables": {"nothing": []}}, InputError),
        ({"guardlayer": "knowledge/1", "format": 1, "tables": {"fact": ["id", "colour"]}}, InputError),
        ([], InputError),
    ],
)
def test_what_is_not_ours_is_refused(tmp_path: Path, head: object, error: type[Exception]) -> None:
    """Another form, a newer one, and tables or columns that are not known are each said to be."""
    (tmp_path / "x.jsonl").write_text(json.dumps(head) + "\n")
    with Knowledge.open(":memory:") as new, pytest.raises(error):
        new.import_(tmp_path / "x.jsonl")
    with Knowledge.open(":memory:") as new, pytest.raises(InputError):
        new.import_(tmp_path / "not there.jsonl")


def test_an_export_that_fails_leaves_what_was_there(kb: Knowledge, tmp_path: Path) -> None:
    """The file is replaced when the new one is whole, and not before."""
    target = tmp_path / "all.jsonl"
    target.write_text("yesterday's")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kb.export(target, progress=interrupt)
    assert target.read_text() == "yesterday's"
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    with pytest.raises(StoreError):
        kb.export(tmp_path / "no folder" / "x.jsonl")


def test_the_same_layer_gives_the_same_bytes(kb: Knowledge, tmp_path: Path) -> None:
    """Two exports of one state are equal, so that they can be compared."""
    kb.export(tmp_path / "1.jsonl.gz")
    kb.export(tmp_path / "2.jsonl.gz")
    assert (tmp_path / "1.jsonl.gz").read_bytes() == (tmp_path / "2.jsonl.gz").read_bytes()
    assert gzip.decompress((tmp_path / "1.jsonl.gz").read_bytes()).count(b"\n") > 50


class TestCheck:
    """What a check finds."""

    def test_nothing_in_a_sound_layer(self, kb: Knowledge) -> None:
        """Whatever was written through the verbs keeps every rule."""
        assert kb.check(at="2026-06-01").findings == ()

    @pytest.mark.parametrize(
        ("damage", "rule"),
        [
            (("INSERT INTO fact SELECT 900, fact, 99, key, 'x', source, NULL, NULL, NULL, NULL, tx_from + 1, NULL, 'add', 0, "
             "NULL, NULL, NULL FROM fact WHERE tx_to IS NULL LIMIT 1"), "one open version"),
            ("UPDATE fact SET supersedes = 777 WHERE fact = 2", "what took over exists"),
            ("UPDATE fact SET tx_to = tx_from WHERE tx_to IS NULL AND fact = 2", "times run forward"),
            ("DELETE FROM cardinality", "every attribute has its cardinality"),
            ("DELETE FROM alias WHERE preferred", "every name has its entity"),
            ("UPDATE passage_passage SET successor = 777 WHERE id = 1", "passages take one another's place"),
            ("UPDATE passage_passage SET opened = 55 WHERE id = 1", "passages stand in versions"),
            ("DELETE FROM passage_open WHERE rowid = (SELECT max(rowid) FROM passage_open)", "the full-text index is in step"),
            ("UPDATE passage_state SET open = 0", "the full-text index is in step"),
            ("PRAGMA foreign_keys = OFF; DELETE FROM source WHERE name = 'register'", "references lead somewhere"),
            (("INSERT INTO fact SELECT 900, 900, 1, key, 'x', source, valid_from, valid_to, NULL, NULL, tx_from, NULL, 'add', 0, "
             "NULL, NULL, NULL FROM fact WHERE fact = 2 AND tx_to IS NULL"), "one value at a time"),
            ("INSERT INTO withdrawal VALUES (888, 1, 1, 'retract', NULL, NULL)", "what was withdrawn exists"),
            ("DELETE FROM fact WHERE fact = 5", "settlements name facts"),
        ],
    )  # fmt: skip
    def test_each_kind_of_damage(self, kb: Knowledge, damage: str, rule: str) -> None:
        """A row that breaks a rule is found, and the rule is named."""
        for sql in damage.split("; "):
            kb.store._connection.execute(sql)  # type: ignore[attr-defined]  # past every guard, as damage comes
        checked = kb.check(at="2026-06-01")
        assert rule in {finding.rule for finding in checked.findings}
        assert not checked.sound

    def test_what_somebody_should_look_at(self, kb: Knowledge) -> None:
        """Conflicts and overdue reviews are said, and are no damage."""
        kb.add("Cem", "list price", "1", source="register")
        kb.add("Cem", "list price", "2", source="press")
        checked = kb.check(at="2028-01-01")
        assert {finding.rule for finding in checked.findings} == {"sources agree", "reviews are in time"}
        assert checked.sound

    def test_a_damaged_file(self, kb: Knowledge, tmp_path: Path) -> None:
        """Bytes that were overwritten on disk are found, or the database says that it cannot be read."""
        kb.close()
        path = tmp_path / "old.db"
        data = bytearray(path.read_bytes())
        for at in range(4096 * 3, len(data), 4096 * 2):
            data[at : at + 600] = b"\xff" * 600
        path.write_bytes(data)
        found = False
        with contextlib.suppress(StoreError), Knowledge.open(path) as damaged:
            found = damaged.check().sound
        assert not found


def test_counters_have_one_row(kb: Knowledge) -> None:
    """The tables that are never empty hold one row each, which an import replaces."""
    assert {len(dump(kb)[name]) for name in COUNTERS} == {1}


def test_from_one_database_into_another(kb: Knowledge, postgres: str, tmp_path: Path) -> None:
    """A file that SQLite wrote comes back on PostgreSQL, and from there again: the same bytes."""
    written = kb.export(tmp_path / "1.jsonl")
    with Knowledge.open(postgres) as server:
        server.import_(tmp_path / "1.jsonl")
        assert server.check(at="2026-06-01").findings == ()
        assert server.export(tmp_path / "2.jsonl").digest == written.digest
        assert server.ask("Acme", "list price", at="2026-06-01", qualifiers={"plan": "Pro"}).value == "$49"
        at = kb.store.now()
        found = [{hit.text for hit in one.passages.search("refunds take days", at=at)} for one in (kb, server)]
        assert found[0] == found[1]
