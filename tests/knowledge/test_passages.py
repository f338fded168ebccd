"""Full-text retrieval over passages."""

import threading
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardlayer.errors import AuthorityError
from guardlayer.knowledge.passages import KnowledgePassages, Passages
from guardlayer.knowledge.store import Store
from guardlayer.protocols import Authority
from guardlayer.types import Claim, Query, Standing

AT = datetime(2026, 1, 10, tzinfo=UTC)

PAGE = """# Acme handbook

## Refunds

The refund window is 30 days. Contact the billing team for every exception.

## Plans

| Plan | Price |
|------|-------|
| Pro | $49 |
| Enterprise | $1,200 |

## Straße und Café

Das Café in der Straße öffnet um acht Uhr.

東京は日本の首都です。
"""


@pytest.fixture(scope="module")
def passages(tmp_path_factory):
    page = tmp_path_factory.mktemp("docs") / "handbook.md"
    page.write_text(PAGE, encoding="utf-8")
    with Store.open(":memory:", clock=lambda: AT) as store:
        found = Passages(store)
        found.ingest(page)
        yield found


def query(text, **more):
    return Query(Claim(text, 0, len(text)), AT, **more)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Acme's refund windows are 30 days", "The refund window is 30 days."),
        ("The Enterprise plan costs 1200 dollars", "Plan: Enterprise; Price: $1,200"),
        ("The Pro plan is $49", "Plan: Pro; Price: $49"),
        ("das CAFE in der strasse", "Das Café in der Straße öffnet um acht Uhr."),
        ("日本の首都は東京", "東京は日本の首都です。"),
    ],
)
def test_the_passage_that_says_it_comes_first(passages, text, expected):
    """Inflection, case, accents, thousands separators and scripts without spaces do not hide a passage."""
    assert passages.search(text, at=AT)[0].text == expected


def test_headings_help_to_find_and_are_not_in_the_text(passages):
    """A word that stands only in the heading path finds the passages below it."""
    texts = [one.text for one in passages.search("refunds exception", at=AT)]
    assert "Contact the billing team for every exception." in texts[0]
    assert "The refund window is 30 days." in texts


def test_scores_are_shares(passages):
    """A passage that holds every word of the text scores 1; one that shares little scores less."""
    (best, *_) = passages.search("The refund window is 30 days.", at=AT)
    assert best.score == pytest.approx(1.0)
    (partly, *_) = passages.search("The refund window of Globex in Zurich", at=AT)
    assert 0 < partly.score < 0.5


def test_the_limit_is_kept(passages):
    """No more passages are returned than asked for."""
    for limit in (0, 1, 2, 3):
        assert len(passages.search("refund plan billing price", at=AT, limit=limit)) <= limit


ATTACKS = [
    '"', '""', "'", 'refund" OR "1', "*", "refund*", "^refund", "text:refund", "lead : refund", "- refund", "NOT refund",
    "NEAR(refund window, 2)", "refund AND", "OR OR OR", "(refund", ")", "{text lead}: refund", "refund + window",
    "'; DROP TABLE passage_passage; --", "\x00refund", "refund\ud800", "\ud800", "refund\x00window", "%", "?1", ":x", "@x",
    "$49", "1e999", "0x41", "\u202erefund", "[refund](x) ]( ", "rank", "passage_open MATCH 'x'",
]  # fmt: skip


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_in_a_claim_is_query_syntax(passages, text):
    """Operators, quotes, column filters and broken characters are words or nothing, and never an error."""
    for one in passages.search(text, at=AT):
        assert one.text
    assert passages.count() == 6


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=60), st.sampled_from(ATTACKS))
def test_no_text_breaks_a_search(passages, text, attack):
    """Any text at all can be searched for."""
    passages.search(text + attack + text, at=AT)


def test_operators_are_not_obeyed(passages):
    """ "NOT" in a claim excludes nothing."""
    texts = [one.text for one in passages.search("refund NOT window", at=AT)]
    assert "The refund window is 30 days." in texts


def many(store, tmp_path, lines):
    page = tmp_path / "many.txt"
    page.write_text("\n\n".join(lines))
    passages = Passages(store)
    passages.ingest(page)
    return passages


def test_common_words_alone_still_find(tmp_path):
    """Where every word of a claim stands everywhere, something is found nevertheless."""
    with Store.open(":memory:", clock=lambda: AT) as store:
        passages = many(store, tmp_path, [f"The customer has the order number {n} here." for n in range(4000)])
        assert passages.search("customer order", at=AT)


def test_a_wrong_number_does_not_hide_the_right_passage(tmp_path):
    """The value a claim gets wrong must not steer the search to where that value stands."""
    with Store.open(":memory:", clock=lambda: AT) as store:
        lines = [f"Item {n} weighs {n} grams in its box." for n in range(300)]
        passages = many(store, tmp_path, [*lines, "The refund window is 30 days for everyone."])
        texts = [one.text for one in passages.search("The refund window is 299 days.", at=AT)]
        assert texts[0] == "The refund window is 30 days for everyone."


def test_what_took_the_place_is_found_with_what_it_replaced(tmp_path):
    """A superseded passage brings its successor, even one worded so differently that the claim misses it."""
    now = [AT]
    page = tmp_path / "a.md"
    with Store.open(":memory:", clock=lambda: now[0]) as store:
        passages = Passages(store)
        page.write_text("# Head office\n\nThe head office of Acme stands in Paris since opening.\n")
        passages.ingest(page)
        now[0] = datetime(2026, 5, 1, tzinfo=UTC)
        filler = "".join(f"\n\nActually Acme sponsors the Paris team number {n} this year.\n" for n in range(40))
        page.write_text(f"# Head office\n\nThe head office of Acme moved to Lyon.\n\n# Sport\n{filler}")
        passages.ingest(page)
        found = passages.search("Acme Paris since opening", at=now[0], limit=3)
        standings = {one.text: one.standing for one in found}
        assert standings["The head office of Acme stands in Paris since opening."] is Standing.SUPERSEDED
        assert standings["The head office of Acme moved to Lyon."] is Standing.CURRENT


def test_many_old_versions_do_not_crowd_out_the_current_one(tmp_path):
    """After a hundred revisions the current wording is still found, and stands first."""
    day = [0]
    page = tmp_path / "a.md"
    with Store.open(":memory:", clock=lambda: datetime(2026, 1, 1 + day[0] // 24, day[0] % 24, tzinfo=UTC)) as store:
        passages = Passages(store)
        for day[0] in range(100):
            page.write_text(f"The price of the Pro plan is {day[0]} dollars.")
            passages.ingest(page)
        found = passages.search("The price of the Pro plan is 17 dollars", at=datetime(2026, 2, 1, tzinfo=UTC))
        assert (found[0].text, found[0].standing) == ("The price of the Pro plan is 99 dollars.", Standing.CURRENT)
        assert "The price of the Pro plan is 17 dollars." in [one.text for one in found]
        assert len(found) == 5


def test_the_authority_reads_a_fragment_with_its_question(passages):
    """ "30 days" alone finds nothing of use; with the question it answers it does."""
    authority = KnowledgePassages(passages)
    assert isinstance(authority, Authority)
    assert authority.instant
    assert authority.id == "knowledge.passages"
    (best, *_) = authority.search(query("30 days", question="How long is the refund window?"))
    assert best.text == "The refund window is 30 days."


def test_a_database_that_cannot_be_read_is_no_empty_answer(tmp_path):
    """A closed store makes the claim unverifiable, never unsupported."""
    store = Store.open(":memory:", clock=lambda: AT)
    authority = KnowledgePassages(Passages(store))
    store.close()
    with pytest.raises(AuthorityError, match=r"knowledge\.passages cannot be asked"):
        authority.search(query("refund"))


def test_a_search_inside_a_write_leaves_nothing_behind(tmp_path):
    """What was seen inside a write that failed is not remembered."""
    with Store.open(":memory:", clock=lambda: AT) as store:
        passages = many(store, tmp_path, ["The refund window is 30 days for everyone."])

        def fail():
            with store.write() as cursor:
                cursor.execute("UPDATE passage_state SET open = 0, epoch = epoch + 1")
                assert passages.count() == 0
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert passages.count() == 1
        assert passages.search("refund window", at=AT)


def test_searching_from_several_threads(passages):
    """One object serves several threads at once."""
    failed = []

    def work():
        try:
            for _ in range(50):
                assert passages.search("refund window", at=AT)
        except Exception as error:  # noqa: BLE001 - any failure is the finding
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
