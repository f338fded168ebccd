"""Tables of other databases: histories, snapshots, and what must never be written or told."""

import sqlite3
import traceback
from datetime import UTC, datetime

import pytest

from guardlayer import Knowledge
from guardlayer.errors import AuthorityError, ConfigError, GuardlayerError, InputError, KnowledgeError, OverlapError

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def kb():
    with Knowledge.open(":memory:", clock=lambda: NOW) as opened:
        yield opened


class Other:
    """Somebody else's database."""

    def __init__(self, path):
        self.url = f"sqlite:///{path}"
        self._path = path

    def run(self, script):
        connection = sqlite3.connect(self._path)
        connection.executescript(script)
        connection.commit()
        connection.close()

    def rows(self, sql):
        connection = sqlite3.connect(self._path)
        found = connection.execute(sql).fetchall()
        connection.close()
        return found


@pytest.fixture
def crm(tmp_path):
    other = Other(tmp_path / "crm.db")
    other.run(
        """
        CREATE TABLE plans (customer TEXT, plan TEXT, seats INTEGER, since TEXT, until TEXT);
        INSERT INTO plans VALUES ('Acme', 'Pro', 5, '2025-01-01', '2025-06-01'), ('Acme', 'Team', 5, '2025-06-01', NULL),
            ('Bolt', 'Pro', 1, '2025-02-01', '9999-12-31');
        CREATE TABLE price (product TEXT, price NUMERIC, changed TEXT);
        INSERT INTO price VALUES ('Pro', 49, '2025-01-01'), ('Team', 99.5, '2025-01-01');
        """
    )
    return other


def value(kb, *key, **when):
    """Return the one value of a key, or None."""
    facts = kb.ask(*key, **when).facts
    return facts[0].value if len(facts) == 1 else None


PLANS = "SELECT * FROM plans ORDER BY customer, since"


def test_validity_columns_are_the_history_of_facts(kb, crm):
    """Each row holds from its first day to its last; what goes on from row to row is one fact."""
    result = kb.load_sql(crm.url, PLANS, entity="customer", valid_from="since", valid_to="until")
    assert (result.kind, result.rows, result.added) == ("history", 3, 5)
    assert value(kb, "Acme", "plan", at="2025-03-01") == "Pro"
    assert value(kb, "Acme", "plan") == "Team"
    (seats,) = kb.history("Acme", "seats")
    assert str(seats.valid) == "2025-01-01 to …"
    assert kb.ask("Bolt", "plan").facts[0].valid.end is None
    assert kb.ask("Bolt", "plan").facts[0].source.id == "crm/plans"


def test_a_history_is_loaded_again_without_change_and_grows(kb, crm):
    """The same rows again change nothing; an end that became known closes the fact, and a new row takes over."""
    options = {"entity": "customer", "valid_from": "since", "valid_to": "until"}
    kb.load_sql(crm.url, PLANS, **options)
    again = kb.load_sql(crm.url, PLANS, **options)
    assert (again.added, again.changed, again.known) == (0, 0, 5)
    crm.run(
        "UPDATE plans SET until = '2026-02-01' WHERE customer = 'Bolt'; INSERT INTO plans VALUES ('Bolt', 'Team', 1, '2026-02-01', NULL)"
    )
    grown = kb.load_sql(crm.url, PLANS, **options)
    assert (grown.added, grown.changed) == (1, 1)
    assert value(kb, "Bolt", "plan", at="2026-01-01") == "Pro"
    assert value(kb, "Bolt", "plan") == "Team"
    assert value(kb, "Bolt", "seats") == "1"


def test_a_dbt_snapshot_is_known_by_its_columns(kb, crm):
    """dbt_valid_from and dbt_valid_to are the validity; the columns that dbt adds for itself are no attributes."""
    crm.run(
        """CREATE TABLE snap (name TEXT, tier TEXT, dbt_scd_id TEXT, dbt_updated_at TEXT, dbt_valid_from TEXT, dbt_valid_to TEXT,
        dbt_is_deleted TEXT);
        INSERT INTO snap VALUES ('Acme', 'gold', 'a', 'x', '2025-01-01 00:00:00', '2025-06-01 00:00:00', 'False'),
            ('Acme', 'silver', 'b', 'x', '2025-06-01 00:00:00', '2025-09-01 00:00:00', 'False'),
            ('Acme', 'silver', 'c', 'x', '2025-09-01 00:00:00', NULL, 'True');"""
    )
    assert kb.load_sql(crm.url, "snap", entity="name").kind == "history"
    assert value(kb, "Acme", "tier", at="2025-02-01") == "gold"
    assert value(kb, "Acme", "tier", at="2025-08-01") == "silver"
    assert value(kb, "Acme", "tier") is None
    assert {info.name for info in kb.ledger.attributes()} == {"tier"}


def test_a_last_day_can_be_inclusive(kb, crm):
    """A table that names the last day itself leaves no day without a value."""
    crm.run(
        "DELETE FROM plans; INSERT INTO plans VALUES ('Acme', 'Pro', 1, '2025-01-01', '2025-03-31'), ('Acme', 'Team', 1, '2025-04-01', NULL)"
    )
    kb.load_sql(
        crm.url, PLANS, entity="customer", value="plan", valid_from="since", valid_to="until", inclusive_end=True
    )
    assert value(kb, "Acme", "plan", at="2025-03-31T23:00:00Z") == "Pro"


def test_a_snapshot_is_compared_with_the_last_one(kb, crm):
    """Another value has taken over, a row that is gone has ended, the same again is no news."""
    options = {"entity": "product", "attributes": {"price": "list price"}}
    first = kb.load_sql(crm.url, "price", **options, as_of="2026-01-01")
    assert (first.kind, first.added) == ("snapshot", 2)
    assert kb.load_sql(crm.url, "price", **options, as_of="2026-02-01").known == 2
    crm.run("UPDATE price SET price = 59 WHERE product = 'Pro'; DELETE FROM price WHERE product = 'Team'")
    done = kb.load_sql(crm.url, "price", **options, as_of="2026-05-01")
    assert (done.added, done.changed, done.ended) == (0, 1, 1)
    assert value(kb, "Pro", "list price", at="2026-04-30") == "49"
    assert value(kb, "Pro", "list price") == "59"
    assert value(kb, "Team", "list price", at="2026-04-30") == "99.5"
    assert value(kb, "Team", "list price") is None


def test_a_snapshot_without_dates_counts_from_the_day_it_was_noticed(kb, crm):
    """What the first snapshot shows has held we do not know since when; a change holds from its notice on."""
    options = {"entity": "product", "value": "price"}
    kb.load_sql(crm.url, "price", **options)
    assert value(kb, "Pro", "price", at="1999-01-01") == "49"
    crm.run("UPDATE price SET price = 59 WHERE product = 'Pro'")
    kb.load_sql(crm.url, "price", **options)
    assert kb.ask("Pro", "price").facts[0].valid.start_text == "2026-06-01"
    assert value(kb, "Pro", "price", at="2026-05-31") == "49"


def test_a_row_that_names_its_own_date_takes_over_on_it(kb, crm):
    """valid_from without valid_to: the day of the change is the row's own."""
    options = {"entity": "product", "value": "price", "valid_from": "changed"}
    kb.load_sql(crm.url, "price", **options)
    crm.run("UPDATE price SET price = 59, changed = '2026-03-15' WHERE product = 'Pro'")
    kb.load_sql(crm.url, "price", **options)
    assert value(kb, "Pro", "price", at="2026-03-14") == "49"
    assert value(kb, "Pro", "price", at="2026-03-15") == "59"


def test_a_correction_survives_the_nightly_snapshot(kb, crm):
    """What was put right by day is not brought back by night; a value that is new in the table is heard."""
    kb.load_sql(crm.url, "price", entity="product", value="price", as_of="2026-01-01")
    kb.correct(kb.ask("Pro", "price").facts[0].id, "45", author="ann", reason="typo in the table")
    kb.load_sql(crm.url, "price", entity="product", value="price", as_of="2026-02-01")
    assert value(kb, "Pro", "price") == "45"
    crm.run("UPDATE price SET price = 60 WHERE product = 'Pro'")
    kb.load_sql(crm.url, "price", entity="product", value="price", as_of="2026-03-01")
    assert value(kb, "Pro", "price", at="2026-02-15") == "45"
    assert value(kb, "Pro", "price") == "60"


def test_a_snapshot_does_not_outrank_a_source_of_more_authority(kb, crm):
    """That a table changed is no explicit supersession of what others say."""
    kb.add("Pro", "price", "55", source="contract", authority=10)
    kb.load_sql(crm.url, "price", entity="product", value="price", as_of="2026-01-01")
    crm.run("UPDATE price SET price = 59 WHERE product = 'Pro'")
    kb.load_sql(crm.url, "price", entity="product", value="price", as_of="2026-03-01")
    kb.attribute("price", cardinality="one")
    assert value(kb, "Pro", "price") == "55"


def test_an_empty_snapshot_ends_nothing_unless_it_is_said(kb, crm):
    """A table that is empty by mistake must not end all facts."""
    kb.load_sql(crm.url, "price", entity="product", value="price")
    crm.run("DELETE FROM price")
    with pytest.raises(KnowledgeError, match="returned no rows, and 2 statements would end"):
        kb.load_sql(crm.url, "price", entity="product", value="price")
    assert value(kb, "Pro", "price") == "49"
    assert kb.load_sql(crm.url, "price", entity="product", value="price", allow_empty=True).ended == 2


def test_another_query_under_the_same_source_is_told(kb, crm):
    """What another query leaves out would end; that has to be meant."""
    kb.load_sql(crm.url, "price", entity="product", value="price", source="prices")
    other = "SELECT product, price FROM price WHERE product = 'Pro'"
    with pytest.raises(KnowledgeError, match="another query or mapping"):
        kb.load_sql(crm.url, other, entity="product", value="price", source="prices")
    assert kb.load_sql(crm.url, other, entity="product", value="price", source="prices", another_query=True).ended == 1


def test_rows_that_name_their_attribute(kb, crm):
    """A narrow table: entity, attribute, value, and what narrows the key."""
    crm.run(
        "CREATE TABLE eav (e TEXT, a TEXT, v TEXT, q TEXT); INSERT INTO eav VALUES ('Acme', 'revenue', '$4M', 'Q3'), ('Acme', 'revenue', '$5M', 'Q4'), ('Acme', 'seat', NULL, 'Q4')"
    )
    assert (
        kb.load_sql(crm.url, "eav", entity="{e} Corp", attribute="a", value="v", qualifiers={"quarter": "q"}).added == 2
    )
    assert value(kb, "Acme Corp", "revenue", qualifiers={"quarter": "Q4"}) == "$5M"


def test_two_values_for_one_key_are_refused_whole(kb, crm):
    """A table that says two things of one key is named, and nothing of it is kept."""
    crm.run("INSERT INTO price VALUES ('Pro', 51, NULL), ('New', 7, NULL)")
    with pytest.raises(OverlapError, match="would say two"):
        kb.load_sql(crm.url, "price", entity="product", value="price")
    assert kb.stats().facts == 0


def test_rows_that_cannot_be_facts_are_named_together(kb, crm):
    """Up to twenty rows are named at once; nothing is kept."""
    crm.run("INSERT INTO price VALUES ('Blob', x'00', NULL), ('Blub', x'01', NULL)")
    with pytest.raises(
        InputError, match=r"(?s)row 3: column 'price' holds bytes.*row 4:.*nothing of this query was loaded"
    ):
        kb.load_sql(crm.url, "price", entity="product", value="price")
    assert kb.stats().facts == 0


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM price",
        "SELECT 1; DROP TABLE price",
        "WITH gone AS (DELETE FROM price RETURNING *) SELECT * FROM gone",
        "SELECT * INTO copy FROM price",
        "PRAGMA writable_schema = 1",
        "ATTACH 'x.db' AS x",
        "price; DROP TABLE price",
        "UPDATE price SET price = 0",
    ],
)
def test_what_is_no_select_is_refused_before_it_runs(kb, crm, query):
    """Only one SELECT is ever sent."""
    with pytest.raises(ConfigError):
        kb.load_sql(crm.url, query, entity="product", value="price")
    assert len(crm.rows("SELECT * FROM price")) == 2


def test_the_connection_itself_cannot_write(crm, monkeypatch):
    """Even a statement that slips through changes nothing: the file is opened for reading."""
    from guardlayer.knowledge.intake.database import Database

    with pytest.raises(AuthorityError, match=r"readonly|read-only|attempt to write"):
        list(Database.of(crm.url).rows("UPDATE price SET price = 0"))
    assert crm.rows("SELECT max(price) FROM price") == [(99.5,)]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hunter2%21@127.0.0.1:1/crm",
        "postgresql+psycopg://ann:hunter2%21@127.0.0.1:1/crm?sslpassword=hunter2!",
        "hunter2! is no URL",
        "nosuch://ann:hunter2!@host/crm",
        "mysql://ann:hunter2!@127.0.0.1/crm",
    ],
)
def test_a_password_is_never_told(kb, url):
    """Neither the message nor the traceback of an error holds the password."""
    with pytest.raises(GuardlayerError) as caught:
        kb.load_sql(url, "price", entity="product", value="price")
    printed = "".join(traceback.format_exception(caught.value, chain=True))
    shown = "\n".join(line for line in printed.splitlines() if not line.lstrip().startswith("kb.load_sql"))
    assert "hunter2" not in shown


def test_the_source_says_where_without_who(kb, crm):
    """The URI of the source is the database, without user and password."""
    from guardlayer.knowledge.intake.database import Database

    assert (
        Database.of("postgresql://ann:pw@db.acme.com:5432/crm?sslmode=require").shown
        == "postgresql+psycopg://db.acme.com:5432/crm"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"entity": "nobody", "value": "price"}, "no column 'nobody'; it has product, price, changed"),
        ({"entity": "product", "value": "cost"}, "no column 'cost'"),
        ({"entity": "product", "attribute": "price", "attributes": ["price"]}, "say either attributes="),
        ({"entity": "product", "value": "price", "as_of": "soon"}, "as_of 'soon' is not a date"),
        ({"entity": "product", "value": "price", "cardinality": "two"}, "cardinality 'two'"),
    ],
)
def test_wrong_columns_and_options_are_named(kb, crm, options, message):
    """A mapping that does not fit the query says what the query has."""
    with pytest.raises((ConfigError, InputError), match=message):
        kb.load_sql(crm.url, "price", **options)


def test_ten_thousand_rows_are_streamed_and_counted(kb, crm):
    """Progress is told while reading, and the last call names them all."""
    crm.run(
        "DELETE FROM price; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) INSERT INTO price SELECT 'P' || i, i, NULL FROM n"
    )
    seen = []
    result = kb.load_sql(crm.url, "price", entity="product", value="price", progress=seen.append)
    assert (result.rows, result.added) == (12_000, 12_000)
    assert seen == [10_000, 12_000]
