"""The knowledge layer on a real PostgreSQL server: what it keeps, refuses and survives."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from itertools import count

import psycopg
import pytest

from guardlayer.errors import ConfigError, GuardlayerError, InputError, OverlapError, StoreError
from guardlayer.knowledge import Knowledge
from guardlayer.knowledge.postgres import tables
from guardlayer.knowledge.postgres.address import parse
from guardlayer.knowledge.store import MIGRATIONS, Store
from guardlayer.knowledge.transfer import compare
from guardlayer.testing.contracts import KnowledgeContract

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class TestPostgresKnowledge(KnowledgeContract):
    """What every knowledge layer must do, on a server."""

    @pytest.fixture(autouse=True)
    def _server(self, postgres_layer):
        self.layer, self.opened = postgres_layer, []
        yield
        for kb in self.opened:
            kb.close()

    def make(self, clock):
        self.layer.empty()
        self.opened.append(Knowledge.open(self.layer.url, clock=clock))
        return self.opened[-1]


def ticking():
    seconds = count()
    return lambda: NOW + timedelta(seconds=next(seconds))


@pytest.fixture
def kb(postgres):
    with Knowledge.open(postgres, clock=ticking()) as opened:
        yield opened


@pytest.fixture
def raw(postgres, postgres_server):
    """A connection of somebody who goes around the writer."""
    schema = re.search(r"schema=(\w+)", postgres)[1]
    with psycopg.connect(postgres_server, autocommit=True, options=f"-csearch_path={schema}") as connection:
        yield connection


# What the database itself refuses ---------------------------------------------------------------------------------

FACT = (
    "INSERT INTO fact (fact, version, key, value, source, valid_from, valid_to, tx_from, operation, corrected, brief) "
    "VALUES (%s, 1, 1, %s, %s, %s, %s, 1, 'add', 0, %s)"
)


@pytest.fixture
def priced(kb):
    """Acme has one list price at a time; s said $1 for 2024."""
    kb.attribute("list price", cardinality="one")
    kb.add("Acme", "list price", "$1", source="s", valid_from="2024", valid_to="2025")
    return kb


def day(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("value", "start", "end", "brief"),
    [
        ("$2", day("2024-06-01"), None, 0),
        ("$2", None, None, 0),
        ("$2", day("2023-01-01"), day("2024-01-02"), 0),
        ("$2", day("2024-03-01"), day("2024-04-01"), 1),
    ],
)
def test_a_second_current_value_is_refused_by_the_database(priced, raw, value, start, end, brief):
    """Written around the writer too, one source cannot say two things at once where one value holds."""
    with pytest.raises(psycopg.errors.ExclusionViolation, match=r"fact_one_value|f2 says"):
        raw.execute(FACT, (2, value, 1, start, end, brief))
    assert [fact.value for fact in priced.history("Acme", "list price")] == ["$1"]


@pytest.mark.parametrize(
    ("value", "source", "start", "end", "brief"),
    [
        ("$2", 1, day("2025-01-01"), None, 0),  # touches
        ("$2", 1, None, day("2024-01-01"), 0),
        ("$ 1", 2, day("2024-06-01"), None, 0),  # another source
        ("$1", 1, day("2024-06-01"), None, 0),  # the same value
        ("$2", 1, day("2024-01-01"), day("2025-01-01"), 1),  # known by the year only
    ],
)
def test_what_the_writer_allows_the_database_allows(priced, raw, value, source, start, end, brief):
    """What meets without overlapping, other sources, a repetition, and years only are kept."""
    priced.add("Globex", "list price", "$9", source="other")
    raw.execute(FACT, (7, value, source, start, end, brief))
    assert raw.execute("SELECT count(*) FROM fact WHERE fact = 7").fetchone() == (1,)


def test_two_writers_around_the_writer_cannot_both_win(priced, raw, postgres, postgres_server):
    """Of two transactions that each write a value for the same time, the second is refused when it commits."""
    schema = re.search(r"schema=(\w+)", postgres)[1]
    with psycopg.connect(postgres_server, options=f"-csearch_path={schema}") as other:
        other.execute(FACT, (2, "$2", 1, day("2030-01-01"), None, 0))
        refused = []

        def second():
            try:
                raw.execute(FACT, (3, "$3", 1, day("2031-01-01"), None, 0))
            except psycopg.errors.ExclusionViolation as error:
                refused.append(error)

        thread = threading.Thread(target=second)
        thread.start()
        other.commit()
        thread.join(timeout=10)
    assert len(refused) == 1


def test_a_fact_has_one_open_version(priced, raw):
    """Two versions of one fact cannot both be open."""
    with pytest.raises(psycopg.errors.UniqueViolation, match="fact_open"):
        raw.execute(FACT.replace("(%s, 1, 1", "(%s, 2, 1"), (1, "$1", 1, None, None, 0))


def test_becoming_single_valued_is_refused_while_two_values_stand(kb, raw):
    """Around the writer too, an attribute cannot become single-valued over two values of one source."""
    kb.add("Acme", "colour", "red", source="s")
    kb.add("Acme", "colour", "blue", source="s")
    with pytest.raises(psycopg.errors.ExclusionViolation):
        raw.execute("INSERT INTO cardinality (attribute, single, since) SELECT id, 1, 9e15 FROM attribute")
    with pytest.raises(OverlapError):
        kb.attribute("colour", cardinality="one")
    assert {fact.value for fact in kb.ask("Acme", "colour").facts} == {"red", "blue"}


def test_what_is_closed_frees_its_time(priced, raw):
    """A value that was withdrawn, corrected or ended no longer keeps another out."""
    priced.retract("f1", reason="r")
    raw.execute(FACT, (2, "$2", 1, day("2024-06-01"), None, 0))
    priced.correct("f2", "$3", author="a", reason="r")
    with pytest.raises(psycopg.errors.ExclusionViolation):
        raw.execute(FACT, (3, "$2", 1, day("2024-06-01"), None, 0))
    raw.execute("UPDATE fact SET tx_to = 2 WHERE fact = 2 AND tx_to IS NULL")
    raw.execute(FACT, (3, "$2", 1, day("2024-06-01"), None, 0))


def test_the_writers_refusal_and_the_databases_are_one_kind(priced):
    """If the writer's own check were gone, the database's refusal would be the same error, and nothing be kept."""
    with pytest.raises(OverlapError, match="the database refuses"), priced.store.write() as cursor:
        cursor.execute(FACT.replace("%s", "?"), (2, "$2", 1, None, None, 0))
    assert len(priced.history("Acme", "list price")) == 1


# Who writes, and who sees it --------------------------------------------------------------------------------------


_CORRECTING = """
import sys, time
from guardlayer.knowledge import Knowledge
with Knowledge.open(sys.argv[1]) as kb:
    print("ready", flush=True)
    sys.stdin.readline()
    kb.correct("f1", "right", author="a", reason="r")
    print(time.time(), flush=True)
"""


def test_a_correction_by_another_process_is_seen_within_a_second(kb, postgres):
    """What another process corrected answers here at once, although what was asked before is remembered."""
    kb.add("Acme", "colour", "wrong", source="s")
    command = [sys.executable, "-c", _CORRECTING, postgres]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout.readline() == "ready\n"
            for _ in range(50):  # so often that a thread listens
                assert [fact.value for fact in kb.ledger.versions_of(1)] == ["wrong"]
            other.stdin.write("go\n")
            other.stdin.flush()
            written = float(other.stdout.readline())
            while [fact.value for fact in kb.ledger.versions_of(1)][-1] != "right":
                assert time.time() - written < 1, "still the old value after a second"
                time.sleep(0.001)
        finally:
            other.kill()


def test_after_a_load_the_planner_knows_how_much_there_is(kb, raw, tmp_path):
    """A question of one key is answered from that key at once, and not from every open version there is."""
    (tmp_path / "facts.csv").write_text("entity,attribute,value\n" + "".join(f"c{n},price,{n}\n" for n in range(3_000)))
    kb.load(tmp_path / "facts.csv")
    plan = raw.execute("EXPLAIN SELECT 1 FROM fact WHERE key = 77 AND tx_to IS NULL").fetchall()
    assert "fact_of_key" in str(plan)
    assert "fact_of_source" not in str(plan)


def test_readers_do_not_wait_for_a_writer(kb, postgres):
    """While one process has a write open, another is answered as before; the write is seen when it is done."""
    kb.add("Acme", "colour", "red", source="s")
    with Knowledge.open(postgres) as other:
        with kb.store.write() as cursor:
            cursor.execute("UPDATE fact SET value = 'blue' WHERE fact = 1")
            assert other.ask("Acme", "colour").value == "red"
            assert kb.store.read("SELECT value FROM fact") == [("blue",)]
        assert other.store.read("SELECT value FROM fact") == [("blue",)]


def test_threads_of_one_process_read_beside_its_writer(kb):
    """A long write holds up no reader of its own process either."""
    kb.add("Acme", "colour", "red", source="s")
    seen = []
    with kb.store.write():
        thread = threading.Thread(target=lambda: seen.append(kb.ask("Acme", "colour").value))
        thread.start()
        thread.join(timeout=10)
    assert seen == ["red"]


def test_a_snapshot_shows_one_state(kb, postgres):
    """Within a snapshot nothing moves, and what is remembered of it does not pass for what is newer."""
    kb.add("Acme", "colour", "red", source="s")
    with Knowledge.open(postgres) as other:
        with other.store.snapshot():
            before = other.store.generation
            kb.correct("f1", "blue", author="a", reason="r")
            assert [fact.value for fact in other.ledger.versions_of(1)] == ["red"]
            assert other.store.generation == before
        assert [fact.value for fact in other.ledger.versions_of(1)] == ["red", "blue"]
        assert other.store.generation > before


def test_a_second_writer_waits_no_longer_than_it_is_told(kb, postgres):
    """A write that another process holds up says so after busy_timeout_ms, and works when the other is done."""
    with Knowledge.open(postgres, busy_timeout_ms=50) as other:
        with kb.store.write(), pytest.raises(StoreError, match="locked by another process"):
            other.add("Acme", "colour", "red", source="s")
        other.add("Acme", "colour", "red", source="s")
    assert kb.ask("Acme", "colour").value == "red"


def test_transaction_time_only_grows(postgres):
    """With a clock that stands still, or goes back, every write still has a later time than all before it."""
    seen = []
    for now in (NOW, NOW - timedelta(days=1), NOW):
        with Store.open(postgres, clock=lambda now=now: now) as store, store.write():
            seen.append(store.tick())
    assert seen == sorted(set(seen))


# What goes wrong --------------------------------------------------------------------------------------------------


def _cut(raw):
    """End every other connection of this process to the database, as a server that restarts does."""
    raw.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND application_name = %s AND datname = current_database()",
        (f"guardlayer-{os.getpid()}",),
    )


def test_a_server_that_goes_away_in_the_middle_of_a_write_leaves_nothing_half_written(kb, raw):
    """The write fails whole and says so; the very next one works."""
    kb.add("Acme", "colour", "red", source="s")
    with pytest.raises(StoreError, match=r"went away.*try again"), kb.store.write() as cursor:  # noqa: PT012
        cursor.execute("INSERT INTO entity (name) VALUES ('half')")
        _cut(raw)
        cursor.execute("INSERT INTO entity (name) VALUES ('other half')")
    assert [name for (name,) in kb.store.read("SELECT name FROM entity")] == ["Acme"]
    kb.correct("f1", "blue", author="a", reason="r")
    assert kb.ask("Acme", "colour").value == "blue"


def test_a_commit_that_was_cut_off_says_what_became_of_it(kb, raw, monkeypatch):
    """If the connection is lost over the commit, the server is asked: a write it kept is no error."""
    store = kb.store
    monkeypatch.setattr(
        store, "_commit_and_tell", store._commit_and_tell + b"; SELECT pg_terminate_backend(pg_backend_pid())"
    )
    kb.add("Acme", "colour", "red", source="s")
    monkeypatch.undo()
    assert kb.ask("Acme", "colour").value == "red"
    monkeypatch.setattr(store, "_commit_and_tell", b"SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(StoreError, match="nothing of an unfinished write was kept"):
        kb.add("Acme", "size", "9", source="s")
    monkeypatch.undo()
    assert kb.ask("Acme", "size").value is None


def test_readers_come_back_by_themselves(kb, raw):
    """Connections that died while they were idle are replaced without a word."""
    kb.add("Acme", "colour", "red", source="s")
    for _ in range(2):
        assert kb.ask("Acme", "colour").value == "red"
        _cut(raw)


def test_a_listener_that_was_cut_off_never_serves_what_is_stale(kb, raw, postgres):
    """Where no notice can be heard, the server is asked."""
    kb.add("Acme", "colour", "red", source="s")
    for _ in range(50):
        kb.ledger.versions_of(1)
    with Knowledge.open(postgres) as other:
        for value in ("green", "blue"):
            _cut(raw)
            other.correct("f1", value, author="a", reason="r")
            written = time.monotonic()
            while kb.ledger.versions_of(1)[-1].value != value:
                assert time.monotonic() - written < 1
                time.sleep(0.001)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s3cret@127.0.0.1:1/kb",
        "postgresql://ann:s3cret@/kb?host=/nowhere",
        "postgresql://ann@127.0.0.1:1/kb?password=s3cret",
        "postgresql://ann:x@s3cret@127.0.0.1:1/kb",
        "postgresql://ann:x/s3cret@127.0.0.1:1/kb",
        "postgresql://ann:s3cret/@127.0.0.1:1/kb",
        "postgresql://ann:1/s3cret@127.0.0.1:1/kb",
        "postgresql://ann:s3cret?x@127.0.0.1:1/kb",
        "postgresql://ann:s3cret#x@127.0.0.1:1/kb",
        "postgresql://ann:%zzs3cret@127.0.0.1:1/kb",
        "postgresql://ann:s3cret@127.0.0.1:1/kb?nonsense=s3cret",
        "postgresql://ann:s3cret@127.0.0.1:port/kb",
        "postgresql://ann:s3cret@127.0.0.1:1/kb?schema=Bad-Name",
        "postgres://ann:s3cret@127.0.0.1:1/kb",
        "postgresql+psycopg://ann:s3cret@127.0.0.1:1/kb",
    ],
)
def test_the_password_is_never_said(url):
    """Whatever is wrong with a URL or a server, no message, cause or name repeats the password or a part of it."""
    with pytest.raises((ConfigError, StoreError)) as caught:
        Knowledge.open(url)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    try:
        address = parse(url)
    except ConfigError:
        return
    assert "s3cret" not in address.name + repr(address)


def test_a_wrong_password_is_said_without_it(postgres_server, raw):
    """The server's refusal names the user and says what to check."""
    if "host=/" not in postgres_server:
        pytest.skip("needs the server that the tests start: a role with a password is made on it")
    raw.execute("DROP ROLE IF EXISTS locked; CREATE ROLE locked LOGIN PASSWORD 'right'")
    url = postgres_server.replace("postgres@", "locked:s3cret@")
    with pytest.raises(StoreError, match="refuses this user or password") as caught:
        Knowledge.open(url)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "kind", "says"),
    [
        ("postgresql://nobody@127.0.0.1:1/kb", StoreError, "cannot be reached"),
        ("postgresql:///x?schema=a b", ConfigError, "schema="),
        ("postgresql:nonsense", ConfigError, "cannot be read"),
    ],
)
def test_a_server_we_cannot_reach_is_said_to_be_that(url, kind, says):
    """The message says what was wrong and what to write instead."""
    with pytest.raises(kind, match=says):
        Knowledge.open(url)


def test_a_database_that_is_not_there_is_said_to_be_that(postgres_server):
    """The message says how to create it."""
    with pytest.raises(StoreError, match="no such database"):
        Knowledge.open(postgres_server.replace("/postgres?", "/nowhere?"))


def test_another_programs_schema_is_left_as_it_is(postgres_server, raw):
    """A schema with tables of somebody else is refused, and nothing is created in it."""
    raw.execute("CREATE SCHEMA gl_theirs; CREATE TABLE gl_theirs.theirs (x int)")
    try:
        with pytest.raises(StoreError, match="another program"):
            Knowledge.open(f"{postgres_server}&schema=gl_theirs")
        assert raw.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'gl_theirs'").fetchone() == (1,)
    finally:
        raw.execute("DROP SCHEMA gl_theirs CASCADE")


def test_read_only_reads_and_writes_nothing(postgres, postgres_server, kb):
    """Read-only, a layer answers and refuses every write; one that is not there is not created."""
    kb.add("Acme", "colour", "red", source="s")
    with Knowledge.open(postgres, read_only=True) as reader:
        assert reader.ask("Acme", "colour").value == "red"
        with pytest.raises(StoreError, match="read-only"):
            reader.add("Acme", "colour", "blue")
        with pytest.raises(StoreError, match="read-only"):
            reader.store.read("DELETE FROM withdrawal RETURNING fact")
    with pytest.raises(StoreError, match="holds no knowledge yet"):
        Knowledge.open(f"{postgres_server}&schema=gl_nowhere", read_only=True)


def test_text_that_the_server_cannot_hold_is_an_input_error(kb):
    """A NUL or half a character is refused with an error of ours, and nothing of it is kept."""
    for text in ("a\0b", "a\ud800b"):
        with pytest.raises(InputError, match="PostgreSQL cannot hold"), kb.store.write() as cursor:
            cursor.execute("INSERT INTO entity (name) VALUES (?)", (text,))
    assert kb.store.read("SELECT * FROM entity") == []


def test_a_layer_from_a_newer_version_is_refused(postgres, kb, raw):
    """A format we do not know is not touched, and the message says to upgrade."""
    raw.execute("UPDATE guardlayer_state SET format = format + 1")
    try:
        with pytest.raises(StoreError, match="upgrade guardlayer"):
            Knowledge.open(postgres)
    finally:
        raw.execute("UPDATE guardlayer_state SET format = format - 1")


def test_without_the_driver_the_message_says_what_to_install():
    """An SQLite user never needs psycopg; whoever names a server without it is told what to install."""
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from guardlayer.knowledge import Knowledge\n"
        "Knowledge.open().add('Acme', 'colour', 'red')\n"
        "try: Knowledge.open('postgresql://host/db')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("ConfigError")
    assert "guardlayer-facts[postgres]" in done.stdout


def test_a_closed_store_says_so(postgres):
    """Closing twice is harmless; asking after it is an error of ours."""
    store = Store.open(postgres, clock=lambda: NOW)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="already closed"):
        store.read("SELECT 1")


# How it grows -----------------------------------------------------------------------------------------------------


def _columns_sqlite(store):
    names = [
        name for (name,) in store.read("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name")
    ]
    own = [name for name in names if not re.match(r"sqlite_|passage_(open|former)(_|$)", name)]
    return {name: {row[1] for row in store.read(f'PRAGMA table_info("{name}")')} for name in own}


def _columns_postgres(store):
    found = {}
    for table, column in store.read(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    ):
        found.setdefault(table, set()).add(column)
    return found


def test_both_databases_have_the_same_tables(kb):
    """Every migration makes on the server what it makes in a file: no table or column is missing."""
    with Store.open(":memory:", clock=lambda: NOW) as file:
        wanted, found = _columns_sqlite(file), _columns_postgres(kb.store)
    missing = {name: columns - found.get(name, set()) for name, columns in wanted.items()}
    assert {name: columns for name, columns in missing.items() if columns} == {}
    extra = set(found) - set(wanted)
    assert extra == {"guardlayer_state", "fact_hold", "passage_open", "passage_former"}


@pytest.mark.parametrize("oldest", range(1, len(MIGRATIONS)))
def test_a_layer_of_any_age_grows_to_the_present_one(postgres_server, raw, monkeypatch, oldest):
    """A layer made by an older version is brought up to date when it is opened, and keeps what it holds."""
    old = f"gl_old_{os.getpid()}"  # other workers have theirs
    url = f"{postgres_server}&schema={old}"
    raw.execute(f"DROP SCHEMA IF EXISTS {old} CASCADE")
    try:
        with monkeypatch.context() as patched:
            patched.setattr("guardlayer.knowledge.postgres.preparing.MIGRATIONS", MIGRATIONS[:oldest])
            patched.setattr("guardlayer.knowledge.postgres.preparing.OWN", ())
            Store.open(url, clock=lambda: NOW).close()
        raw.execute(
            f"INSERT INTO {old}.entity (name) VALUES ('Acme');"
            f"INSERT INTO {old}.alias (entity, norm, text, preferred) VALUES (1, 'acme', 'Acme', 1);"
            f"INSERT INTO {old}.attribute (name) VALUES ('price');"
            f"INSERT INTO {old}.synonym (attribute, norm, text, preferred) VALUES (1, 'price', 'price', 1);"
            f"INSERT INTO {old}.cardinality VALUES (1, 1, 0);"
            f"INSERT INTO {old}.source (name) VALUES ('s');"
            f"INSERT INTO {old}.fact_key (entity, attribute, norm, qualifiers) VALUES (1, 1, '', '[]');"
            f"INSERT INTO {old}.fact (fact, version, key, value, source, tx_from, operation, corrected) "
            "VALUES (1, 1, 1, '$49', 1, 5, 'add', 0)"
        )
        with Knowledge.open(url) as kb:
            assert kb.ask("Acme", "price").value == "$49"
            with pytest.raises(OverlapError):
                kb.add("Acme", "price", "$50", source="s")
            with pytest.raises(GuardlayerError), kb.store.write() as cursor:
                cursor.execute(FACT.replace("%s", "?"), (2, "$50", 1, None, None, 0))
        with Knowledge.open(url, read_only=True) as kb:
            assert kb.ask("Acme", "price").value == "$49"
    finally:
        raw.execute(f"DROP SCHEMA IF EXISTS {old} CASCADE")


def test_processes_that_open_a_new_layer_at_once_all_succeed(postgres_server, raw):
    """Who comes second finds the tables that the first one made."""
    url = f"{postgres_server}&schema=gl_new"
    failures = []

    def open_it():
        try:
            Knowledge.open(url).close()
        except GuardlayerError as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert failures == []
    finally:
        raw.execute("DROP SCHEMA IF EXISTS gl_new CASCADE")


def test_what_only_the_server_has_is_counted_too(raw, postgres):
    """The tables of its own have their own number, so that either list may grow."""
    assert raw.execute("SELECT format, own FROM guardlayer_state").fetchone() == (len(MIGRATIONS), len(tables.OWN))


# The same on both -------------------------------------------------------------------------------------------------

_ROWS = "entity,attribute,value,source,valid_from,valid_to,cardinality,aliases,type\n"


def test_a_file_loads_alike_on_both(postgres, tmp_path):
    """Names new and known, restated ends, repeated and corrected rows: a file makes the same layer on either."""
    first, again = tmp_path / "first.csv", tmp_path / "again.csv"
    lines = [
        f"Company {n % 7},price,${n},list {n % 2},{2000 + n},{2001 + n},one,C{n % 7}|Co {n % 3},\n" for n in range(60)
    ]
    first.write_text(_ROWS + "".join(lines[:40]) + "Acme Ltd,colour,red,s,2024,,,Acme,company\nAcme Inc,,,,,,,Acme,\n")
    again.write_text(_ROWS + "".join(lines[20:]) + "Acme Ltd,colour,red,s,2024,2025,,,\n" + lines[3])
    layers = [Knowledge.open(place, clock=ticking()) for place in (":memory:", postgres)]
    try:
        results = []
        for kb in layers:
            results.append((str(kb.load(first)), kb.correct("f3", "$9", author="a", reason="r").value))
            results[-1] += (str(kb.load(again)), kb.stats())
            with pytest.raises(InputError, match="may stand for"):
                kb.load(_written(tmp_path / "bad.csv", _ROWS + "New,size,9,s,,,,,\nAcme,size,9,s,,,,,\n"))
            with pytest.raises(InputError, match="would say two"):
                kb.load(_written(tmp_path / "two.csv", _ROWS + "Acme Ltd,hq,A,s,,,one,,\nAcme Ltd,hq,B,s,,,one,,\n"))
        assert results[0] == results[1]
        assert compare(*layers).differences == ()
    finally:
        for kb in layers:
            kb.close()


def _written(path, text):
    path.write_text(text)
    return path


@pytest.mark.parametrize("seed", range(3))
def test_the_same_life_gives_the_same_answers_on_both(postgres, seed):
    """Random writes, refused ones among them, leave the same facts, histories and answers in either database."""
    draw = random.Random(seed)
    layers = [Knowledge.open(place, clock=ticking()) for place in (":memory:", postgres)]
    try:
        for kb in layers:
            kb.attribute("price", cardinality="one")
        for _ in range(60):
            step = _step(draw)
            said = [_outcome(kb, step) for kb in layers]
            assert said[0] == said[1], step
        keys = [(f"E{n}", attribute) for n in range(3) for attribute in ("price", "colour")]
        for key in keys:
            assert layers[0].history(*key) == layers[1].history(*key)
            for year in range(1999, 2008):
                assert layers[0].ask(*key, at=str(year)) == layers[1].ask(*key, at=str(year))
                known = NOW + timedelta(seconds=draw.randrange(200))
                at = {"at": str(year), "known_at": known}
                assert layers[0].ask(*key, **at) == layers[1].ask(*key, **at)
    finally:
        for kb in layers:
            kb.close()


def _step(draw):
    fact, year = f"f{draw.randint(1, 25)}", draw.randint(2000, 2006)
    key = (f"E{draw.randrange(3)}", draw.choice(("price", "price", "colour")), f"${draw.randrange(4)}")
    bounds = {"valid_from": str(year), "valid_to": draw.choice((None, str(year), str(year + 2)))}
    return draw.choice(
        (
            ("add", key, {**bounds, "source": f"s{draw.randrange(2)}", "authority": draw.choice((None, 2))}),
            ("add", key, {"source": f"s{draw.randrange(2)}"}),
            ("correct", (fact, f"${draw.randrange(4)}"), {"author": "a", "reason": "r"}),
            ("supersede", (fact, f"${draw.randrange(4)}"), {"valid_from": str(year)}),
            ("retract", (fact,), {"reason": "r"}),
            ("rollback", (fact,), {"to": draw.randint(1, 3)}),
            ("attribute", ("colour",), {"cardinality": draw.choice(("one", "many"))}),
        )
    )


def _outcome(kb, step):
    verb, arguments, options = step
    try:
        return getattr(kb, verb)(*arguments, **options)
    except GuardlayerError as error:
        return type(error), str(error)


def test_passages_are_found_alike_on_both(postgres, tmp_path):
    """The best passage, and what stands in place of what was superseded, is the same; ranks further down may differ."""
    folder = tmp_path / "handbook"
    folder.mkdir()
    for number in range(30):
        text = f"# Part {number}\n\nThe fee of plan {number} is {number} euros a month.\n\nPlan {number} has support.\n"
        (folder / f"{number}.md").write_text(text)
    layers = [Knowledge.open(place, clock=ticking()) for place in (":memory:", postgres)]
    try:
        for kb in layers:
            kb.ingest(folder)
        (folder / "7.md").write_text("# Part 7\n\nThe fee of plan 7 is 99 euros a month.\n")
        for kb in layers:
            kb.ingest(folder)
        for question in ("What is the fee of plan 7?", "Does plan 12 have support?", "O'Brien & co. | (x)", "'\\"):
            at = NOW + timedelta(days=1)
            found = [kb.passages.search(question, at=at, limit=3) for kb in layers]
            assert len(found[0]) == len(found[1]), question
            assert [(e.text, e.standing) for e in found[0][:1]] == [(e.text, e.standing) for e in found[1][:1]]
        superseded = [
            {(e.text, e.replaced_by.text) for e in kb.passages.search("7 euros a month", at=at) if e.replaced_by}
            for kb in layers
        ]
        assert superseded[0] == superseded[1] != set()
        assert compare(*layers).differences == ()
    finally:
        for kb in layers:
            kb.close()


@pytest.mark.parametrize("rights", ["SELECT", "SELECT, INSERT, UPDATE, DELETE"])
def test_roles_need_no_more_than_the_documentation_says(kb, postgres, postgres_server, raw, rights):
    """Who may only read reads; who may write rows writes; neither owns anything."""
    if "host=/" not in postgres_server:
        pytest.skip("needs the server that the tests start: a role is made on it")
    kb.add("Acme", "colour", "red", source="s")
    schema = re.search(r"schema=(\w+)", postgres)[1]
    raw.execute(
        f"DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN; GRANT USAGE ON SCHEMA {schema} TO clerk;"
        f"GRANT {rights} ON ALL TABLES IN SCHEMA {schema} TO clerk"
    )
    if "INSERT" in rights:
        raw.execute(f"GRANT UPDATE ON ALL SEQUENCES IN SCHEMA {schema} TO clerk")
    url = postgres.replace("postgres@", "clerk@")
    try:
        with Knowledge.open(url, read_only=True) as clerk:
            assert clerk.ask("Acme", "colour").value == "red"
        with Knowledge.open(url) as clerk:
            if "INSERT" in rights:
                clerk.correct("f1", "blue", author="a", reason="r")
                assert clerk.ask("Acme", "colour").value == "blue"
            else:
                with pytest.raises(StoreError, match="may not do that"):
                    clerk.correct("f1", "blue", author="a", reason="r")
    finally:
        raw.execute("DROP OWNED BY clerk; DROP ROLE clerk")
