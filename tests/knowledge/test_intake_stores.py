"""What is taken in by itself, in both databases alike."""

import json
import sqlite3
from datetime import UTC, datetime

import pytest

from guardlayer import Knowledge
from guardlayer.knowledge.writer import Writer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PAGE = "# Acme pricing\n\n| Plan | Price |\n|---|---|\n| Pro | $49 |\n| Team | $99 |\n\nReturns take 30 days after delivery.\n"


@pytest.fixture
def kb(place):
    with Knowledge.open(place, clock=lambda: NOW) as opened:
        yield opened


def test_facts_of_a_document_over_two_versions(kb, tmp_path):
    """A changed cell supersedes, a vanished row ends, spans and questions are remembered."""
    page = tmp_path / "pricing.md"
    page.write_text(PAGE)
    assert kb.ingest(page, facts="auto", effective_from="2026-01-01").facts.added == 2
    page.write_text(PAGE.replace("$49", "$59").replace("| Team | $99 |\n", ""))
    done = kb.ingest(page, effective_from="2026-05-01").facts
    assert (done.superseded, done.ended) == (1, 1)
    assert [kb.ask("Pro", "Price", at=at).value for at in ("2026-04-30", "2026-05-01")] == ["$49", "$59"]
    assert kb.ask("Pro", "Price").facts[0].span.slice(page.read_text()) == "| Pro | $59 |"
    assert kb.ask("Team", "Price").value is None


def test_a_folder_with_a_file_that_goes(kb, tmp_path):
    """What was taken the last time is taken of new files too; a file that is gone states nothing."""
    (tmp_path / "a.md").write_text(PAGE)
    kb.ingest(tmp_path, source="docs", facts="auto")
    (tmp_path / "b.md").write_text(PAGE.replace("Pro", "Max").replace("Team", "Mini"))
    assert kb.ingest(tmp_path, source="docs").facts.added == 2
    (tmp_path / "a.md").unlink()
    assert kb.ingest(tmp_path, source="docs").facts.ended == 2


def test_a_table_as_history_and_as_snapshot(kb, tmp_path):
    """Both ways of a query end up the same in either database."""
    other = sqlite3.connect(tmp_path / "crm.db")
    other.executescript(
        """CREATE TABLE plans (who TEXT, plan TEXT, since TEXT, until TEXT); CREATE TABLE price (what TEXT, price TEXT);
        INSERT INTO plans VALUES ('Initech', 'Pro', '2025-01-01', '2025-06-01'), ('Initech', 'Team', '2025-06-01', NULL);
        INSERT INTO price VALUES ('Pro', '$49'), ('Team', '$99');"""
    )
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    for added in (2, 0):
        loaded = kb.load_sql(
            url, "SELECT * FROM plans ORDER BY since", entity="who", valid_from="since", valid_to="until"
        )
        assert (loaded.kind, loaded.added) == ("history", added)
    assert kb.ask("Initech", "plan", at="2025-02-01").value == "Pro"
    kb.load_sql(url, "price", entity="what", value="price", as_of="2026-01-01")
    other.executescript("UPDATE price SET price = '$59' WHERE what = 'Pro'; DELETE FROM price WHERE what = 'Team';")
    done = kb.load_sql(url, "price", entity="what", value="price", as_of="2026-03-01")
    assert (done.changed, done.ended) == (1, 1)
    assert kb.ask("Pro", "price").value == "$59"
    other.close()


def test_proposals_of_a_model(kb, tmp_path):
    """What is read waits in the queue, and accepted is a fact."""
    (tmp_path / "news.md").write_text("Initech named Ann Lee its chief executive on 1 May 2026.")
    kb.ingest(tmp_path / "news.md")
    fact = {"passage": 1, "entity": "Initech", "attribute": "chief executive", "value": "Ann Lee"}
    answer = json.dumps({"facts": [{**fact, "quote": "named Ann Lee its chief executive"}]})
    (item,) = kb.extract(lambda _: answer).items
    kb.reviews.accept(item.id, author="dana", reason="read it")
    assert kb.ask("Initech", "chief executive").value == "Ann Lee"


@pytest.mark.parametrize("name", ["page.md", "page.txt", "page.csv", "page.html"])
def test_a_nul_in_a_document_is_read_as_no_character_on_either_database(kb, tmp_path, name):
    """No database but SQLite can hold a NUL: it becomes the replacement sign, and what follows it keeps its place."""
    (tmp_path / name).write_text("Plan,Notice\nThe notice period\0 is thirty days,binding\n")
    assert kb.ingest(tmp_path / name).added
    (found,) = kb.passages.search("notice period of thirty days", at=NOW)
    assert "notice period\ufffd is thirty days" in found.text
    if name != "page.csv":  # a row is read with the names of its columns
        text = (tmp_path / name).read_text().replace("\0", "\ufffd")
        assert name == "page.html" or text[found.span.start : found.span.end] == found.text


def test_a_row_with_a_date_of_its_own_is_not_bound_by_that_of_the_page(kb, tmp_path):
    """What a newer version says of last year held last year."""
    page = tmp_path / "fees.csv"
    mapping = {"entity": "Tier", "attributes": ["Fee"], "valid_from": "From"}
    page.write_text("Tier,Fee,From\nGold,12,2025-01-01\n")
    kb.ingest(page, facts=mapping, effective_from="2026-01-01")
    page.write_text("Tier,Fee,From\nGold,12,2025-01-01\nSilver,7,2025-01-01\n")
    kb.ingest(page, effective_from="2026-05-01")
    assert [kb.ask(tier, "fee", at="2025-03-01").value for tier in ("Gold", "Silver")] == ["12", "7"]


def test_a_file_may_add_keys_to_what_is_known_and_to_what_is_new(kb, tmp_path):
    """New things, new attributes of known things and new values of known keys stand in any order in one file."""
    (tmp_path / "a.csv").write_text("entity,attribute,value\nA,x,1\nB,x,1\n")
    (tmp_path / "b.csv").write_text(
        "entity,attribute,value,qualifiers\nC,x,1,\nA,y,2,\nD,x,1,\nA,y,2,\nB,z,3,\nA,x,1,\nE,w,4,\nA,y,5,area=EU\nA,x,7,\n"
    )
    kb.load(tmp_path / "a.csv")
    loaded = kb.load(tmp_path / "b.csv")
    assert (loaded.added, loaded.known) == (7, 2)
    asked = [("A", "y", None), ("B", "z", None), ("C", "x", None), ("E", "w", None), ("A", "y", {"area": "EU"})]
    assert [kb.ask(entity, name, qualifiers=of).value for entity, name, of in asked] == ["2", "3", "1", "4", "5"]
    assert sorted(fact.value for fact in kb.ask("A", "x").facts) == ["1", "7"]
    assert kb.load(tmp_path / "b.csv").known == 9


def test_loading_a_known_file_again_asks_little_of_the_database(kb, tmp_path, monkeypatch):
    """A reload looks names, keys and versions up many at a time, whatever the file says again."""
    rows = "".join(f"company {n // 3},attribute {n % 3},{n},2020,{'2021' if n % 5 else ''}\n" for n in range(3000))
    file = tmp_path / "facts.csv"
    file.write_text("entity,attribute,value,valid_from,valid_to\n" + rows)
    assert kb.load(file).added == 3000
    asked = []
    made = Writer.__init__
    monkeypatch.setattr(
        Writer, "__init__", lambda self, store, cursor, **more: made(self, store, _Noting(cursor, asked), **more)
    )
    assert kb.load(file).known == 3000
    assert 0 < len(asked) < 60


class _Noting:
    """A cursor that notes what it is asked."""

    def __init__(self, cursor, asked):
        self._cursor, self._asked = cursor, asked

    def glance(self, *asked):
        self._asked.append(asked)
        return self._cursor.glance(*asked)

    def execute(self, *asked):
        self._asked.append(asked)
        return self._cursor.execute(*asked)

    def __getattr__(self, name):
        return getattr(self._cursor, name)


def test_withdrawing_a_folder_withdraws_what_its_documents_state(kb, tmp_path):
    """Passages and facts go together, in one change; what another folder of a like name says stands."""
    for folder in ("docs", "docs2"):
        (tmp_path / folder).mkdir()
        page = PAGE if folder == "docs" else PAGE.replace("Pro", "Max").replace("Team", "Mini")
        (tmp_path / folder / "a.md").write_text(page)
        kb.ingest(tmp_path / folder, facts="auto")
    kb.add("Initech", "seat", "Austin", source="docs/by hand")
    assert {fact.entity for fact in kb.retract("docs", reason="out of date")} == {"Pro", "Team"}
    assert [kb.ask(plan, "price").value for plan in ("Pro", "Team", "Max", "Mini")] == [None, None, "$49", "$99"]
    assert kb.ask("Initech", "seat").value == "Austin"
    assert {found.source.id for found in kb.passages.search("Returns take 30 days", at=NOW)} == {"docs2/a.md"}
    assert kb.retract("docs", reason="again") == ()


def test_a_source_of_facts_alone_is_withdrawn_and_erased_whole(kb):
    """A source needs no documents to be withdrawn, and its name is gone once it is erased."""
    kb.add("Acme", "seat", "Austin", source="ledger of Jane Doe")
    assert [fact.value for fact in kb.retract("ledger of Jane Doe", reason="she withdrew it")] == ["Austin"]
    receipt = kb.erase("Jane Doe", author="dana", reason="request 9", log=None)
    assert receipt.complete or kb.store.name.startswith("postgresql")  # whose server keeps a log of its own
    assert "Jane" not in str(kb.history("Acme", "seat"))
