"""Facts that have a shape: tables, lines, lists and front matter of documents."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardlayer import Guard, Knowledge, Label
from guardlayer.errors import ConfigError, KnowledgeError
from guardlayer.knowledge.documents import parse
from guardlayer.knowledge.intake import auto, shapes
from guardlayer.knowledge.intake.facts import facts_of
from guardlayer.knowledge.intake.mapping import Wanted

sys.path.insert(0, str(Path(__file__).parent))
from documents_made import word

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def kb():
    with Knowledge.open(":memory:", clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def page(tmp_path):
    return tmp_path / "pricing.md"


def read(text, facts="auto", name="a.md"):
    """Return (entity, attribute, value) of everything a document states."""
    document = parse(text.encode() if isinstance(text, str) else text, name)
    return [(one.entity, one.attribute, one.value) for one in facts_of(document, Wanted.of(facts)).statements]


def value(kb, *key, **when):
    """Return the one value of a key, or None."""
    facts = kb.ask(*key, **when).facts
    return facts[0].value if len(facts) == 1 else None


PLANS = """# Acme pricing

| Plan | Price ($) | Seats | Notes |
|------|----------:|-------|-------|
| Pro  | 49        | 5     | The one that nearly everybody takes in the end, we find. |
| Team | 99        | –     | x |
| Total | 148 | 5 | |
"""


# By shape -------------------------------------------------------------------------------------------------------------


def test_a_table_of_things_names_a_fact_in_each_cell():
    """First column the thing, header the attribute, units kept; sums, notes and empty cells are no facts."""
    assert read(PLANS) == [("Pro", "Price", "$49"), ("Pro", "Seats", "5"), ("Team", "Price", "$99")]


def test_a_fact_knows_where_its_document_says_so():
    """The span of a fact is the row, or the line, that states it."""
    document = parse(PLANS.encode(), "a.md")
    first = facts_of(document, Wanted.of("auto")).statements[0]
    assert first.span.slice(document.text).startswith("| Pro  | 49 ")
    line = parse(b"# Acme\n\n- **Seat**: Bern\n- CEO: Ann\n", "a.md")
    assert [one.span.slice(line.text) for one in facts_of(line, Wanted.of("auto")).statements] == [
        "**Seat**: Bern",
        "CEO: Ann",
    ]


def test_a_comparison_of_things_side_by_side_is_read_by_column():
    """Where the columns are the things, each row is an attribute."""
    table = (
        "| Feature | Basic | Gold |\n|---|---|---|\n| Price | $9 | $49 |\n| SSO | ✗ | ✓ |\n| Storage | 10 GB | 1 TB |\n"
    )
    assert read(table) == [
        ("Basic", "Price", "$9"), ("Gold", "Price", "$49"), ("Basic", "SSO", "no"), ("Gold", "SSO", "yes"),
        ("Basic", "Storage", "10 GB"), ("Gold", "Storage", "1 TB"),
    ]  # fmt: skip


def test_a_table_of_properties_is_about_the_page():
    """Property and value: facts about what the title names."""
    assert read("# Acme Corp\n\n| Property | Value |\n|---|---|\n| Employees | 120 |\n| Seat | Bern |\n") == [
        ("Acme Corp", "Employees", "120"), ("Acme Corp", "Seat", "Bern"),
    ]  # fmt: skip


def test_quarters_as_columns_belong_to_the_attribute():
    """ "Q3 FY26" above a column says of when its values are."""
    table = "# Acme\n\n| Metric | Q3 FY26 | Q4 FY26 |\n|---|---|---|\n| Revenue | $4.2M | $5M |\n"
    assert read(table) == [("Acme", "Q3 FY26 revenue", "$4.2M"), ("Acme", "Q4 FY26 revenue", "$5M")]


def test_lines_of_key_and_value_are_about_the_page_or_about_their_headings():
    """Right below the title they are about it; headings that share a key name things of their own."""
    assert read("# Acme Corp\n\nFounded: 1999\nSeat: Bern\n") == [
        ("Acme Corp", "Founded", "1999"),
        ("Acme Corp", "Seat", "Bern"),
    ]
    plans = "# Plans\n\n## Pro\n\n- Price: $49\n- Seats: 5\n\n## Team\n\n- Price: $99\n"
    assert read(plans) == [("Pro", "Price", "$49"), ("Pro", "Seats", "5"), ("Team", "Price", "$99")]


def test_front_matter_and_definitions_are_read():
    """Front matter is about the title, without what only builds the site; a definition is a key and its value."""
    assert read("---\ntitle: Acme Corp\nlayout: page\nfounded: 1999 # note\ntags: [a]\n---\nText.\n") == [
        ("Acme Corp", "founded", "1999")
    ]
    assert read("# Acme Corp\n\nUptime\n: 99.9 %\n\nSupport\n: by mail\n") == [
        ("Acme Corp", "Uptime", "99.9 %"),
        ("Acme Corp", "Support", "by mail"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "# Acme\n\nNote: we are closed today.\nWarning: this is a draft.\n",
        "Founded: 1999\nSeat: Bern\n",
        "# Acme\n\nOne line only: 5\n",
        "# Acme\n\n## History\n\nFounded: 1999\nSeat: Bern\n",
        "```\n# Acme\n\nFounded: 1999\nSeat: Bern\n```\n",
        "| # | Fee |\n|---|---|\n| 1 | 3% |\n| 2 | 4% |\n",
        "| Step | What you do then |\n|---|---|\n| Open | Open the window and then look at what there is on the left side of it. |\n",
        "| Plan | |\n|---|---|\n| Pro | 49 |\n",
        "| Region | Plan A | Plan A |\n|---|---|---|\n| Total | 1 | 2 |\n",
        "# Acme\n\n<!-- \nFounded: 1999\nSeat: Bern\n-->\n",
        "# How we found our way to the new and rather better fees\n\nFounded: 1999\nSeat: Bern\n",
    ],
)
def test_what_the_shape_does_not_decide_is_left_out(text):
    """No subject, asides, code, numbered rows, prose, columns without names: nothing is guessed."""
    assert read(text) == []


def test_two_values_for_one_key_are_neither_taken():
    """A page that says two things is named, and leaves the ledger as it is."""
    document = parse(
        b"| Plan | Price |\n|---|---|\n| Pro | $49 |\n\n| Plan | Price |\n|---|---|\n| Pro | $59 |\n", "a.md"
    )
    stated, left_out = auto.statements(shapes.blocks(document))
    assert stated == []
    assert left_out == ["Pro, Price: the document says '$49' and '$59'"]


def test_tables_of_every_type_of_document_read_alike():
    """HTML, DOCX and CSV state what the same Markdown states."""
    html = b"<h1>P</h1><table><tr><th>Plan<th>Price<tr><td>Pro<td>$49<tr><td>Team<td>$99</table><dl><dt>x<dd>y</dl>"

    def fill(document):
        table = document.add_table(3, 2)
        for place, text in zip(
            ((r, c) for r in range(3) for c in range(2)), ("Plan", "Price", "Pro", "$49", "Team", "$99"), strict=True
        ):
            table.cell(*place).text = text

    expected = [("Pro", "Price", "$49"), ("Team", "Price", "$99")]
    assert read(html, name="a.html") == expected
    assert read(word(fill), name="a.docx") == expected
    assert read("Plan,Price\nPro,$49\nTeam,$99\n", name="a.csv") == expected


# By mapping -----------------------------------------------------------------------------------------------------------


def test_a_mapping_says_what_the_columns_mean():
    """Names, units, qualifiers and dates come from where the user says."""
    text = (
        "# Plans of Acme\n\n| Tier | List (USD) | Region | From |\n|---|---|---|---|\n| Pro | 49 | EU | 2026-01-01 |\n"
    )
    mapping = {
        "entity": "Acme {Tier}", "attributes": {"List (USD)": "list price"}, "qualifiers": {"region": "Region"},
        "valid_from": "From", "aliases": ["{Tier} tier"], "type": "plan",
    }  # fmt: skip
    document = parse(text.encode(), "a.md")
    (one,) = facts_of(document, Wanted.of(mapping)).statements
    assert (one.entity, one.attribute, one.value) == ("Acme Pro", "list price", "49 USD")
    assert (one.qualifiers, one.valid_from, one.aliases, one.type) == (
        (("region", "EU"),),
        "2026-01-01",
        ("Pro tier",),
        "plan",
    )


def test_a_mapping_applies_only_where_its_columns_are():
    """Other tables of the page are left alone; one can be meant by what stands above it."""
    text = "# A\n\n| Plan | Price |\n|---|---|\n| Pro | 1 |\n\n# B\n\n| Plan | Price |\n|---|---|\n| Pro | 2 |\n\n| X | Y |\n|---|---|\n| 1 | 2 |\n"
    assert read(text, {"entity": "Plan", "attributes": ["Price"], "under": "B"}) == [("Pro", "Price", "2")]
    assert read(text, {"entity": "{heading} {Plan}", "attributes": ["Price"]}) == [
        ("A Pro", "Price", "1"),
        ("B Pro", "Price", "2"),
    ]
    assert read(
        "# Acme\n\n## Data\n\nSeat: Bern\nCEO: Ann\n", {"entity": "{title}", "attributes": {"CEO": "boss"}}
    ) == [("Acme", "boss", "Ann")]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ("all", "facts='all' is not known"),
        ({}, "entity is missing"),
        ({"entity": "Plan"}, "say either attributes="),
        ({"entity": "Plan", "attribute": "a"}, "say either attributes="),
        ({"entity": "Plan", "atributes": ["x"]}, "'atributes' is not known"),
        ({"entity": "Plan", "attributes": "Price"}, "must be a list of columns"),
        ({"entity": 3, "attributes": ["Price"]}, "entity must be the name of a column"),
        ({"entity": "Plan", "attributes": ["Price"], "cardinality": "few"}, "cardinality 'few'"),
        ([], 'takes "auto", a mapping or a list'),
        ([3], 'takes "auto", a mapping or a list'),
    ],
)
def test_a_mapping_that_is_wrong_says_how(kb, page, facts, message):
    """Each mistake is named before anything is read."""
    page.write_text(PLANS)
    with pytest.raises(ConfigError, match=message):
        kb.ingest(page, facts=facts)
    assert kb.passages.count() == 0


# Over time ------------------------------------------------------------------------------------------------------------


def test_a_changed_cell_supersedes_and_a_vanished_row_ends(kb, page):
    """On the day the new version holds; what is unchanged is the same fact still."""
    page.write_text(PLANS)
    first = kb.ingest(page, facts="auto", effective_from="2026-01-01").facts
    assert (first.added, first.superseded, first.ended) == (3, 0, 0)
    seats = kb.ask("Pro", "Seats").facts[0].id
    page.write_text(PLANS.replace("| 49 ", "| 59 ").replace("| Team | 99        | –     | x |\n", ""))
    second = kb.ingest(page, effective_from="2026-05-01").facts
    assert (second.added, second.superseded, second.ended, second.kept) == (0, 1, 1, 1)
    assert value(kb, "Pro", "Price", at="2026-04-30") == "$49"
    assert value(kb, "Pro", "Price") == "$59"
    assert value(kb, "Team", "Price", at="2026-04-30") == "$99"
    assert value(kb, "Team", "Price") is None
    assert kb.ask("Pro", "Seats").facts[0].id == seats
    fact = kb.ask("Pro", "Price").facts[0]
    assert (fact.source.id, fact.source.version) == ("pricing.md", "2")
    assert fact.span.slice(page.read_text()).startswith("| Pro  | 59 ")


def test_an_answer_with_the_old_cell_is_stale_with_the_date(kb, page):
    """Nobody typed the price, and the guard corrects it."""
    page.write_text(PLANS)
    kb.ingest(page, facts="auto", effective_from="2026-01-01")
    page.write_text(PLANS.replace("| 49 ", "| 59 "))
    kb.ingest(page, effective_from="2026-05-01")
    report = Guard(knowledge=kb, log=None).check("The Pro plan costs $49.", at=NOW)
    assert report.claims[0].verdict is Label.STALE
    assert "2026-05-01" in report.claims[0].reason
    assert "$59" in report.output


def test_the_same_again_is_no_news_and_the_question_is_remembered(kb, page):
    """Facts are taken as the last time unless said otherwise, in folders for new files too; "none" ends them."""
    page.write_text(PLANS)
    kb.ingest(page.parent, source="docs", facts="auto")
    assert kb.ingest(page.parent, source="docs").facts.added == 0
    (page.parent / "more.md").write_text(PLANS.replace("Pro ", "Max ").replace("Team", "Mini"))
    assert kb.ingest(page.parent, source="docs").facts.added == 3
    assert kb.ingest(page.parent, source="docs", facts="none").facts.ended == 6
    assert value(kb, "Pro", "Price") is None


def test_facts_can_be_asked_for_later(kb, page):
    """A document that was read before states its facts as of the version that stands."""
    page.write_text(PLANS)
    kb.ingest(page, effective_from="2026-01-01")
    result = kb.ingest(page, facts="auto")
    assert (result.files[0].status, result.facts.added) == ("unchanged", 3)
    assert kb.ask("Pro", "Price").facts[0].valid.start_text == "2026-01-01"


def test_a_document_that_is_gone_states_nothing(kb, page):
    """A deleted file ends its facts, a retracted source withdraws them; read again, it states them anew."""
    page.write_text(PLANS)
    kb.ingest(page.parent, source="docs", facts="auto", effective_from="2026-01-01")
    page.rename(page.with_suffix(".bak"))
    assert kb.ingest(page.parent, source="docs", effective_from="2026-03-01").facts.ended == 3
    assert value(kb, "Pro", "Price", at="2026-02-01") == "$49"
    assert value(kb, "Pro", "Price") is None
    page.with_suffix(".bak").rename(page)
    assert kb.ingest(page.parent, source="docs", facts="auto", effective_from="2026-04-01").facts.added == 3
    assert value(kb, "Pro", "Price") == "$49"
    kb.retract("docs/pricing.md", reason="draft")
    assert value(kb, "Pro", "Price") is None
    assert kb.ingest(page.parent, source="docs", facts="auto", effective_from="2026-05-01").facts.added == 3
    assert value(kb, "Pro", "Price") == "$49"


def test_a_correction_survives_reading_the_document_again(kb, page):
    """What a person put right is not brought back by the page that still has it wrong."""
    page.write_text(PLANS)
    kb.ingest(page, facts="auto")
    kb.correct(kb.ask("Pro", "Price").facts[0].id, "$45", author="ann", reason="typo on the page")
    page.write_text(PLANS + "\nOne more line of text.\n")
    kb.ingest(page)
    assert value(kb, "Pro", "Price") == "$45"


def test_a_changed_page_does_not_outrank_a_source_of_more_authority(kb, page):
    """That a page changed is no explicit supersession of what the contract says."""
    page.write_text(PLANS)
    kb.ingest(page, facts="auto", effective_from="2026-01-01")
    kb.add("Pro", "Price", "$40", source="contract", authority=10)
    page.write_text(PLANS.replace("| 49 ", "| 59 "))
    kb.ingest(page, effective_from="2026-05-01")
    assert value(kb, "Pro", "Price") == "$40"


def test_a_name_that_is_ambiguous_is_left_out_by_shape_and_an_error_by_mapping(kb, page):
    """What cannot be placed is named; a declared fact that cannot be recorded keeps everything out."""
    kb.entity("Pro Sports", aliases=["Pro"])
    kb.entity("Pro Audio", aliases=["Pro"])
    page.write_text(PLANS)
    with pytest.raises(KnowledgeError, match="'Pro' may stand for"):
        kb.ingest(page, facts={"entity": "Plan", "attributes": ["Seats"]})
    assert kb.passages.count() == 0
    result = kb.ingest(page, facts="auto")
    assert result.facts.added == 1
    assert "'Pro' may stand for" in result.facts.left_out[0]
