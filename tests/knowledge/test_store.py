"""The database beneath: what it refuses, and what another process sees."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import apsw
import pytest

from guardlayer.errors import ConfigError, StoreError
from guardlayer.knowledge import Knowledge
from guardlayer.knowledge.micros import from_micros, to_micros
from guardlayer.knowledge.sqlite import APPLICATION_ID
from guardlayer.knowledge.store import MIGRATIONS, Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def opened(path=":memory:", **options):
    return Store.open(path, clock=lambda: NOW, **options)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://host/db", "sqlite:///path"),
        ("", "not the path"),
    ],
)
def test_a_url_we_cannot_open_is_a_config_error(url, says):
    """What is no SQLite file is refused before anything is created, with what to write instead."""
    with pytest.raises(ConfigError, match=says):
        opened(url)


def test_sqlite_urls_and_paths_name_the_same_file(tmp_path):
    """sqlite:///path is the path."""
    file = tmp_path / "kb.db"
    with Knowledge.open(f"sqlite:///{file}") as kb:
        kb.add("Acme", "ceo", "ann")
    with Knowledge.open(file) as kb:
        assert kb.ask("Acme", "ceo").value == "ann"


def test_a_missing_folder_and_a_folder_are_said_to_be_that(tmp_path):
    """The message names the folder that is missing, or says that the path is one."""
    with pytest.raises(StoreError, match=r"nowhere does not exist; create it"):
        opened(tmp_path / "nowhere" / "kb.db")
    with pytest.raises(StoreError, match="is a folder"):
        opened(tmp_path)


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path):
    """A text file is refused and not overwritten."""
    file = tmp_path / "notes.txt"
    file.write_text("no database\n" * 200)
    with pytest.raises(StoreError, match="is not a database"):
        opened(file)
    assert file.read_text() == "no database\n" * 200


def test_another_programs_database_is_left_as_it_is(tmp_path):
    """A database that is not ours is refused, not migrated."""
    file = tmp_path / "other.db"
    connection = apsw.Connection(str(file))
    connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreError, match="another program"):
        opened(file)
    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchall() == [(1,)]
    connection.close()


def test_a_database_from_a_newer_version_is_refused(tmp_path):
    """A format we do not know is not touched, and the message says to upgrade."""
    file = tmp_path / "kb.db"
    opened(file).close()
    connection = apsw.Connection(str(file))
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(StoreError, match=r"newer version .* upgrade"):
        opened(file)


def test_a_read_only_database_refuses_writes_and_loses_nothing(tmp_path):
    """Reading works; writing says how to open it instead."""
    file = tmp_path / "kb.db"
    with pytest.raises(StoreError, match="does not exist"):
        Knowledge.open(file, read_only=True)
    with Knowledge.open(file) as kb:
        kb.add("Acme", "ceo", "ann")
    with Knowledge.open(file, read_only=True) as kb:
        assert kb.ask("acme", "CEO").value == "ann"
        with pytest.raises(StoreError, match="read_only=False"):
            kb.add("Acme", "ceo", "bob")
        assert kb.ask("acme", "CEO").value == "ann"


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="needs a user whom file permissions bind: run as non-root"
)
def test_a_write_protected_file_is_said_to_be_that(tmp_path):
    """Opening a file we may not write says so, not at the first write but at once."""
    file = tmp_path / "kb.db"
    opened(file).close()
    file.chmod(0o400)
    with pytest.raises(StoreError, match="read-only"):
        opened(file)


def test_a_locked_database_is_said_to_be_locked_and_works_after(tmp_path):
    """Another process's open write makes ours fail with advice; once it is done, ours goes through."""
    file = tmp_path / "kb.db"
    with Knowledge.open(file, busy_timeout_ms=1) as kb, opened(file) as other:
        with other.write(), pytest.raises(StoreError, match="locked by another process; try again"):
            kb.add("Acme", "ceo", "ann")
        assert kb.history("Acme", "ceo") == ()
        kb.add("Acme", "ceo", "ann")
        assert kb.ask("Acme", "ceo").value == "ann"


def test_a_damaged_database_is_said_to_be_damaged(tmp_path):
    """Overwritten pages give a StoreError, never an answer made of them."""
    file = tmp_path / "kb.db"
    with Knowledge.open(file) as kb:
        for number in range(300):
            kb.add(f"Company {number}", "ceo", f"holder {number}")
    raw = bytearray(file.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    file.write_bytes(raw)
    with pytest.raises(StoreError, match=r"damaged|not a database"), Knowledge.open(file) as kb:
        kb.ask("Company 1", "ceo")


def test_a_write_is_all_or_nothing_and_none_nests():
    """An error inside rolls everything back; a write inside a write is refused."""
    store = opened()
    generation = store.generation
    with pytest.raises(ZeroDivisionError), store.write() as cursor:  # noqa: PT012 - the write before the error is the point
        cursor.execute("INSERT INTO entity (name) VALUES ('half')")
        raise ZeroDivisionError
    assert store.read("SELECT * FROM entity") == []
    assert store.generation == generation
    with store.write() as cursor:
        cursor.execute("INSERT INTO entity (name) VALUES ('whole')")
        with pytest.raises(StoreError, match="already open"), store.write():
            pass
    assert store.read("SELECT name FROM entity") == [("whole",)]
    assert store.generation != generation


def test_a_foreign_error_never_leaks_out():
    """What SQLite refuses comes out as a StoreError, from reads and from writes."""
    store = opened()
    with pytest.raises(StoreError):
        store.read("SELECT nothing FROM nowhere")
    with pytest.raises(StoreError), store.write() as cursor:
        cursor.execute("INSERT INTO alias (entity, norm, text, preferred) VALUES (99, 'x', 'x', 0)")


def test_a_closed_store_says_so():
    """Using what was closed is a StoreError, and closing twice is harmless."""
    store = opened()
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.read("SELECT 1")


def test_transaction_time_strictly_increases_whatever_the_clock_says(tmp_path):
    """A clock that stands still or goes back never gives an earlier or equal transaction time, in any process."""
    file = tmp_path / "kb.db"
    seen = []
    for now in (NOW, NOW, NOW - timedelta(days=900), NOW + timedelta(days=1)):
        with Store.open(file, clock=lambda now=now: now) as store:
            for _ in range(2):
                with store.write():
                    seen.append(store.tick())
    assert seen == sorted(set(seen))
    assert seen[0] == NOW
    assert seen[-2] == NOW + timedelta(days=1)
    with opened() as store, pytest.raises(StoreError, match="inside a write"):
        store.tick()


def test_instants_survive_storage_exactly():
    """Microseconds before and after 1970, and the last instant there is, come back as they were."""
    for instant in (
        NOW,
        datetime(1, 1, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
    ):
        assert from_micros(to_micros(instant)) == instant


def test_another_connections_write_is_seen_by_the_next_question(tmp_path):
    """What one connection writes, the other answers with at once, from names to facts."""
    file = tmp_path / "kb.db"
    with Knowledge.open(file) as one, Knowledge.open(file) as other:
        one.add("Acme", "ceo", "ann")
        entity = other.ledger.find_entity("acme")
        assert [f.value for f in other.ledger.versions_of(entity)] == ["ann"]
        generation, (_, marker) = other.ledger.generation, other.ledger.entities_since(None)
        fact = one.correct("f1", "bob", author="eva", reason="typo")
        one.entity("Acme", aliases=["ACME Inc"])
        assert other.ledger.generation != generation
        assert other.ledger.versions_of(entity)[-1] == fact
        assert other.ledger.entities_since(marker)[0] == [(entity, ("ACME Inc",))]
        assert other.ask("ACME inc.", "ceo").value == "bob"
        one.attribute("motto", synonyms=["slogan"])
        assert [info.name for info in other.ledger.attributes()] == ["ceo", "motto"]


def test_reading_changes_no_generation_and_neither_does_saying_the_same_again(tmp_path):
    """A generation that moved without a write would cost every reader its memory."""
    with Knowledge.open(tmp_path / "kb.db") as kb:
        kb.add("Acme", "ceo", "ann")
        generation = kb.ledger.generation
        kb.ask("Acme", "ceo")
        kb.add("Acme", "ceo", "ann")
        assert kb.ledger.generation == generation


def test_a_write_killed_half_way_leaves_no_trace(tmp_path):
    """A process killed inside a load leaves what was there before, whole, and the next process can write."""
    file = tmp_path / "kb.db"
    with Knowledge.open(file) as kb:
        kb.add("Acme", "ceo", "ann")
    (tmp_path / "facts.csv").write_text("entity,attribute,value\n" + "".join(f"E{n},ceo,x\n" for n in range(30_000)))
    code = (
        "import os, signal, sys\n"
        "from guardlayer.knowledge import Knowledge\n"
        "kb = Knowledge.open(sys.argv[1])\n"
        "kb.load(sys.argv[2], progress=lambda rows: os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, str(file), str(tmp_path / "facts.csv")], check=False, timeout=60
    )
    assert killed.returncode == -9
    with Knowledge.open(file) as kb:
        assert kb.stats().entities == 1
        assert kb.ask("Acme", "ceo").value == "ann"
        assert kb.load(tmp_path / "facts.csv").added == 30_000


def test_threads_share_one_knowledge_base():
    """Readers and writers in several threads see whole states only, and no write is lost."""
    kb, failures = Knowledge.open(":memory:"), []
    kb.attribute("ceo", cardinality="one")
    kb.add("Acme", "ceo", "v0")

    def read():
        try:
            for _ in range(100):
                found = kb.ask("Acme", "ceo")
                entity = kb.ledger.find_entity("Acme")
                open_versions = [f for f in kb.ledger.versions_of(entity) if f.recorded.end is None]
                if not found or len(open_versions) != 1:
                    failures.append(found)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            failures.append(error)

    def write(thread):
        try:
            for number in range(20):
                kb.correct("f1", f"v{thread}.{number}", author="eva", reason="checked")
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    threads += [threading.Thread(target=write, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(kb.history("Acme", "ceo")) == 41


def test_a_file_is_marked_as_ours(tmp_path):
    """Other programs can tell our file, and so can we."""
    opened(tmp_path / "kb.db").close()
    connection = apsw.Connection(str(tmp_path / "kb.db"))
    assert connection.pragma("application_id") == APPLICATION_ID
    assert connection.pragma("journal_mode") == "wal"
    connection.close()


# The first format there was, word for word; files of it exist, so it never changes.
FIRST = """
CREATE TABLE tick (last INTEGER NOT NULL) STRICT; INSERT INTO tick VALUES (9);
CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL, uri TEXT, version TEXT,
    authority INTEGER NOT NULL DEFAULT 0, effective_from INTEGER, effective_to INTEGER, effective_from_text TEXT,
    effective_to_text TEXT, digest TEXT) STRICT;
CREATE INDEX source_name ON source (name, id);
CREATE TABLE entity (id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT) STRICT;
CREATE TABLE alias (id INTEGER PRIMARY KEY, entity INTEGER NOT NULL REFERENCES entity, norm TEXT NOT NULL,
    text TEXT NOT NULL, preferred INTEGER NOT NULL, UNIQUE (norm, entity)) STRICT;
CREATE UNIQUE INDEX alias_preferred ON alias (norm) WHERE preferred;
CREATE INDEX alias_entity ON alias (entity);
CREATE TABLE attribute (id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT, type TEXT) STRICT;
CREATE TABLE synonym (id INTEGER PRIMARY KEY, attribute INTEGER NOT NULL REFERENCES attribute, norm TEXT NOT NULL,
    text TEXT NOT NULL, preferred INTEGER NOT NULL, UNIQUE (norm, attribute)) STRICT;
CREATE UNIQUE INDEX synonym_preferred ON synonym (norm) WHERE preferred;
CREATE TABLE cardinality (attribute INTEGER NOT NULL REFERENCES attribute, single INTEGER NOT NULL,
    since INTEGER NOT NULL, PRIMARY KEY (attribute, since)) STRICT, WITHOUT ROWID;
CREATE TABLE fact_key (id INTEGER PRIMARY KEY, entity INTEGER NOT NULL REFERENCES entity,
    attribute INTEGER NOT NULL REFERENCES attribute, norm TEXT NOT NULL, qualifiers TEXT NOT NULL,
    UNIQUE (entity, attribute, norm)) STRICT;
CREATE INDEX fact_key_attribute ON fact_key (attribute, entity);
CREATE TABLE fact (id INTEGER PRIMARY KEY, fact INTEGER NOT NULL, version INTEGER NOT NULL,
    key INTEGER NOT NULL REFERENCES fact_key, value TEXT NOT NULL, source INTEGER NOT NULL REFERENCES source,
    valid_from INTEGER, valid_to INTEGER, valid_from_text TEXT, valid_to_text TEXT, tx_from INTEGER NOT NULL,
    tx_to INTEGER, operation TEXT NOT NULL, corrected INTEGER NOT NULL, supersedes INTEGER, author TEXT, reason TEXT,
    UNIQUE (fact, version)) STRICT;
CREATE INDEX fact_of_key ON fact (key, valid_from);
CREATE INDEX fact_of_source ON fact (source) WHERE tx_to IS NULL;
CREATE INDEX fact_supersedes ON fact (supersedes) WHERE supersedes IS NOT NULL;
CREATE TABLE withdrawal (fact INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, operation TEXT NOT NULL,
    author TEXT, reason TEXT, PRIMARY KEY (fact, version)) STRICT, WITHOUT ROWID;
CREATE VIEW change AS
    SELECT tx_from AS at, operation, fact, version, author, reason FROM fact
    UNION ALL SELECT at, operation, fact, version, author, reason FROM withdrawal;
CREATE TABLE doc_document (id INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, uri TEXT NOT NULL) STRICT;
CREATE INDEX doc_document_uri ON doc_document (uri);
CREATE TABLE doc_version (document INTEGER NOT NULL REFERENCES doc_document (id), number INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('present', 'removed', 'superseded', 'retracted')), digest TEXT NOT NULL,
    authority INTEGER NOT NULL, effective INTEGER, effective_text TEXT, recorded INTEGER NOT NULL, reason TEXT,
    PRIMARY KEY (document, number)) STRICT, WITHOUT ROWID;
CREATE TABLE passage_passage (id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES doc_document (id),
    opened INTEGER NOT NULL, closed INTEGER, successor INTEGER, lead TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX passage_by_document ON passage_passage (document, closed);
CREATE TABLE passage_place (passage INTEGER NOT NULL REFERENCES passage_passage (id), version INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, PRIMARY KEY (passage, version)) STRICT, WITHOUT ROWID;
CREATE TABLE passage_state (open INTEGER NOT NULL, former INTEGER NOT NULL, epoch INTEGER NOT NULL) STRICT;
INSERT INTO passage_state VALUES (1, 0, 1);
CREATE VIRTUAL TABLE passage_open USING fts5(
    text, lead, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE passage_former USING fts5(
    text, lead, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2');
INSERT INTO source (name) VALUES ('s');
INSERT INTO entity VALUES (1, 'Acme', NULL);
INSERT INTO alias VALUES (1, 1, 'acme', 'Acme', 1);
INSERT INTO attribute VALUES (1, 'price', NULL, NULL);
INSERT INTO synonym VALUES (1, 1, 'price', 'price', 1);
INSERT INTO cardinality VALUES (1, 1, 1);
INSERT INTO fact_key VALUES (1, 1, 1, '', '[]');
INSERT INTO fact VALUES (1, 1, 1, 1, '$94', 1, NULL, NULL, NULL, NULL, 5, 7, 'add', 0, NULL, NULL, NULL);
INSERT INTO fact VALUES (2, 1, 2, 1, '$49', 1, NULL, NULL, NULL, NULL, 7, NULL, 'correct', 1, NULL, 'ann', 'typo');
INSERT INTO doc_document VALUES (1, 'fees', 'file:///fees.md');
INSERT INTO doc_version VALUES (1, 1, 'present', 'sha256:0', 0, NULL, NULL, 8, NULL);
INSERT INTO passage_passage VALUES (1, 1, 1, NULL, NULL, '', 'The fee is low.');
INSERT INTO passage_place VALUES (1, 1, 0, 15);
INSERT INTO passage_open (rowid, text, lead) VALUES (1, 'the fee is low', '');
"""


def test_a_file_of_the_first_format_grows_to_the_present_one(tmp_path):
    """A file that the first version wrote opens, answers as it did, and takes everything that came since."""
    file = tmp_path / "kb.db"
    connection = apsw.Connection(str(file))
    connection.execute(FIRST)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(StoreError, match="older version"):
        opened(file, read_only=True)
    with Knowledge.open(file, clock=lambda: NOW) as kb:
        assert kb.ask("Acme", "price").value == "$49"
        assert [fact.value for fact in kb.history("Acme", "price")] == ["$94", "$49"]
        assert kb.ask("Acme", "price", known_at=from_micros(6)).value == "$94"
        assert [found.text for found in kb.passages.search("the fee", at=NOW)] == ["The fee is low."]
        kb.add("Globex", "price", "$7", source="s")
        now = opened()
        columns = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c ORDER BY 1, 2"
        assert kb.store.read(columns) == now.read(columns)
        now.close()
