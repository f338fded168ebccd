"""Terms: what they mean where and when, what they come to, and what is made of claims about them."""

from __future__ import annotations

import sqlite3

import pytest

from guardlayer import Guard, Knowledge
from guardlayer.errors import AmbiguousError, AuthorityError, ConfigError, InputError, KnowledgeError, NotFoundError
from guardlayer.types import Label

SQL = "SELECT sum(acv) AS value FROM contracts WHERE signed_at >= :period_start AND signed_at < :period_end"


@pytest.fixture
def kb():
    with Knowledge.open(":memory:") as knowledge:
        knowledge.calendar(2)
        knowledge.define(
            "ACV", "annualised value of signed contracts", owner="finance", aliases=["annual contract value"],
            valid_from="2025-02-01", source="handbook",
        )  # fmt: skip
        knowledge.define("ACV", "annualised value without pilots", valid_from="2025-11-01", source="handbook")
        knowledge.report("ACV", "$4.2M", period="Q3 FY26", source="board deck")
        knowledge.report("ACV", "$5.1M", period="FY26 Q4", source="board deck")
        knowledge.report("ACV", "$1.1M", period="Q4 FY26", scope={"region": "EMEA"}, source="board deck")
        yield knowledge


def label(kb, text, **options):
    (claim,) = Guard(knowledge=kb, log=None).check(text, **options).claims
    return claim.verdict


# Definitions -----------------------------------------------------------------------------------------------------


def test_each_quarter_gives_its_own_definition_and_figure(kb):
    """ "ACV in Q3 FY26" and "ACV in Q4 FY26" are two definitions and two numbers, however the quarter is written."""
    assert kb.term("ACV", period="Q3 FY26").definition == "annualised value of signed contracts"
    assert kb.term("annual contract value", period="FY26 Q4").definition == "annualised value without pilots"
    assert kb.figure("ACV", period="third quarter of fiscal 2026").value == "$4.2M"
    assert kb.figure("ACV", period="Q4 FY2026").value == "$5.1M"
    assert kb.figure("ACV", period="Q4 FY26", scope={"region": "emea"}).value == "$1.1M"
    assert kb.figure("ACV", period="Q1 FY26") is None
    assert kb.term("ACV", at="2025-03-01").owner == "finance"


def test_a_later_definition_ends_the_one_before_it_and_none_is_overwritten_silently(kb):
    """Since when must be said; the history keeps both."""
    assert [fact.valid.end_text for fact in kb.history("ACV", "definition") if fact.recorded.end is None] == [
        "2025-11-01", None,
    ]  # fmt: skip
    with pytest.raises(KnowledgeError, match="valid_from"):
        kb.define("ACV", "something else", source="handbook")
    assert kb.term("ACV", at="2026-01-01").definition == "annualised value without pilots"


def test_a_change_within_the_period_is_said_to_be_one(kb):
    """FY26 saw both definitions: neither is picked, an instant decides."""
    with pytest.raises(AmbiguousError, match="changed within FY26") as caught:
        kb.term("ACV", period="FY26")
    assert len(caught.value.candidates) == 2
    assert kb.term("ACV", period="FY26", at="2025-03-01").definition == "annualised value of signed contracts"


def test_a_narrower_scope_goes_before_a_wider_one_and_two_that_cross_are_asked_about(kb):
    """EMEA has its own meaning; a region and a product that both apply are named."""
    kb.define("churn", "lost customers over all", source="h")
    kb.define("churn", "lost customers, by the EMEA rules", scope={"region": "EMEA"}, source="h")
    kb.define("churn", "lost seats", scope={"product": "Cloud"}, source="h")
    assert kb.term("churn").definition == "lost customers over all"
    assert kb.term("churn", scope={"region": "emea"}).definition.endswith("EMEA rules")
    assert kb.term("churn", scope={"region": "APAC"}).definition == "lost customers over all"
    with pytest.raises(AmbiguousError, match=r"region EMEA and for product Cloud|product Cloud and for region EMEA"):
        kb.term("churn", scope={"region": "EMEA", "product": "Cloud"})
    kb.define("churn", "lost EMEA seats", scope={"region": "EMEA", "product": "Cloud"}, source="h")
    assert kb.term("churn", scope={"region": "EMEA", "product": "Cloud"}).definition == "lost EMEA seats"


def test_sources_that_disagree_are_said_to(kb):
    """A definition by two sources of one rank is no definition."""
    kb.define("ARR", "recurring revenue", source="a")
    kb.define("ARR", "revenue that recurs, less credits", source="b")
    with pytest.raises(KnowledgeError, match="disagree"):
        kb.term("ARR")


def test_what_is_not_there_is_said(kb):
    """No such term, nothing to say, no period."""
    with pytest.raises(NotFoundError):
        kb.term("EBITDA")
    with pytest.raises(InputError, match="nothing is said"):
        kb.define("EBITDA")
    with pytest.raises(InputError, match="is no period"):
        kb.figure("ACV", period="the other day")
    assert kb.term("ACV", at="2020-01-01") is None
    assert kb.terms() == ("ACV",)


def test_a_word_of_one_thing_is_not_a_term_too(kb):
    """A company is no term, whatever its name."""
    kb.entity("Acme", type="company")
    with pytest.raises(KnowledgeError, match="company"):
        kb.define("Acme", "a firm")


# Expressions -----------------------------------------------------------------------------------------------------


@pytest.fixture
def live(tmp_path):
    pytest.importorskip("sqlalchemy", reason="needs the extra sql: pip install 'guardlayer-facts[sql]'")
    path = tmp_path / "live.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE contracts (acv INTEGER, signed_at TEXT, region TEXT)")
        connection.executemany(
            "INSERT INTO contracts VALUES (?, ?, ?)",
            [(10, "2025-09-01", "EMEA"), (5, "2025-10-31", "APAC"), (7, "2025-11-01", "EMEA")],
        )
    connection.close()
    return f"sqlite:///{path}"


def test_the_number_equals_the_governed_query(kb, live):
    """Computed for the quarter that is asked for, with its bounds; recorded, it is what claims are held against."""
    kb.define("bookings", "signed value", sql=SQL, source="dbt")
    assert kb.compute("bookings", live, period="Q3 FY26").value == "15"
    done = kb.compute("bookings", live, period="Q4 FY26", record=True)
    assert (done.value, done.parameters) == ("7", {"period_start": "2025-11-01", "period_end": "2026-02-01"})
    assert kb.figure("bookings", period="Q4 FY26").value == "7"
    assert label(kb, "Bookings in Q4 FY26 were 7.") is Label.SUPPORTED
    assert label(kb, "Bookings in Q4 FY26 were 9.") is Label.CONTRADICTED


def test_a_scope_is_bound_into_the_expression(kb, live):
    """``:region`` takes the region that is asked for, as a parameter and never as text."""
    kb.define("bookings", sql=SQL + " AND region = :region", source="dbt")
    assert kb.compute("bookings", live, period="Q3 FY26", scope={"region": "APAC"}).value == "5"
    with pytest.raises(AuthorityError, match="gave"):
        kb.compute("bookings", live, period="Q3 FY26", scope={"region": "x' OR 1=1 --"})
    with pytest.raises(InputError, match="needs :region"):
        kb.compute("bookings", live, period="Q3 FY26")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM contracts",
        "SELECT 1 AS value; DROP TABLE contracts",
        "INSERT INTO c VALUES (1)",
        "not sql at all (",
        "",
    ],
)
def test_an_expression_that_is_no_single_select_is_refused_when_it_is_written(kb, sql):
    """Nothing of it is recorded."""
    pytest.importorskip("sqlglot", reason="needs the extra sql: pip install 'guardlayer-facts[sql]'")
    with pytest.raises((ConfigError, InputError)):
        kb.define("bookings", "signed value", sql=sql)
    assert "bookings" not in kb.terms()


def test_a_runner_of_ones_own_may_run_it(kb):
    """Any callable that takes a SELECT and its parameters will do; more than one value is no figure."""
    kb.define("bookings", sql="SELECT :at AS value", source="dbt")
    assert kb.compute("bookings", lambda sql, bound: [bound["at"][:4]], at="2025-05-01").value == "2025"
    with pytest.raises(AuthorityError, match="2 values"):
        kb.compute("bookings", lambda sql, bound: ["1", "2"])
    with pytest.raises(NotFoundError, match="no expression"):
        kb.compute("ACV", lambda sql, bound: ["1"])


# Claims ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "due"),
    [
        ("ACV in Q3 FY26 was $4.2M.", {}, Label.SUPPORTED),
        ("In the third quarter of fiscal 2026, ACV was $4.2M.", {}, Label.SUPPORTED),
        ("Our annual contract value reached $4.2M in FY26 Q3.", {}, Label.SUPPORTED),
        ("ACV in Q3 FY26 was $5.1M.", {}, Label.CONTRADICTED),
        ("ACV in Q4 FY26 was $5.1M.", {}, Label.SUPPORTED),
        ("ACV in EMEA was $1.1M in Q4 FY26.", {}, Label.SUPPORTED),
        ("ACV in EMEA was $5.1M in Q4 FY26.", {}, Label.CONTRADICTED),
        ("$4.2M", {"question": "What was ACV in Q3 FY26?"}, Label.SUPPORTED),
        ("Beta's ACV in Q3 FY26 was $9M.", {}, Label.UNSUPPORTED),
        ("ACV growth in Q3 FY26 was 12%.", {}, Label.UNSUPPORTED),
        ("Projected ACV for Q3 FY26 is $6M.", {}, Label.UNSUPPORTED),
        ("ACV in Q2 FY26 was $3M.", {}, Label.UNSUPPORTED),
        ("ACV for FY26 was $4.2M.", {}, Label.UNSUPPORTED),
        ("ACV in Q3 2026 was $5.1M.", {}, Label.UNSUPPORTED),
    ],
)
def test_a_claim_about_a_figure_is_held_against_that_of_its_period(kb, text, options, due):
    """The right quarter, region and bearer; nothing is said of another one's."""
    assert label(kb, text, **options) is due


def test_a_restated_figure_makes_the_old_one_stale(kb):
    """What was reported first was said of the quarter for good: that it is past does not make it true."""
    kb.supersede(kb.figure("ACV", period="Q3 FY26").fact, "$4.4M", valid_from="2026-02-01", reason="restated")
    assert label(kb, "ACV in Q3 FY26 was $4.2M.") is Label.STALE
    assert label(kb, "ACV in Q3 FY26 was $4.4M.") is Label.SUPPORTED


def test_a_claim_about_a_definition_is_held_against_it(kb):
    """The definition of now supports, the one of before is stale and names the one of now."""
    kb.define("active customer", "a customer with a paid order in the last 90 days", valid_from="2024", source="h")
    kb.define(
        "active customer", "a customer with a paid order in the last 30 days", valid_from="2026-03-01", source="h"
    )
    options = {"at": "2026-06-01"}
    assert (
        label(kb, "An active customer is a customer with a paid order in the last 30 days.", **options)
        is Label.SUPPORTED
    )
    assert (
        label(kb, "An active customer is a customer with a paid order in the last 90 days.", **options) is Label.STALE
    )
    assert label(kb, "Active customers are customers with a paid order in the last 60 days.", **options) in (
        Label.CONTRADICTED, Label.UNSUPPORTED,
    )  # fmt: skip


def test_the_calendar_decides_which_quarter_is_meant():
    """With civil years Q3 2026 is Q3 FY26; with years that begin in February it is not."""
    for month, due in ((1, Label.SUPPORTED), (2, Label.UNSUPPORTED)):
        with Knowledge.open(":memory:") as kb:
            kb.calendar(month)
            kb.define("ACV", "annualised value", source="h")
            kb.report("ACV", "$4.2M", period="Q3 FY26", source="deck")
            assert label(kb, "ACV in Q3 2026 was $4.2M.") is due


def test_a_calendar_declared_by_another_process_counts_at_once(tmp_path):
    """The calendar is data of the database, not of the process."""
    with Knowledge.open(tmp_path / "a.db") as one, Knowledge.open(tmp_path / "a.db") as two:
        one.calendar(7)
        assert str(two.period("Q1 FY26").start) == "2025-07-01"
