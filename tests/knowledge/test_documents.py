"""Documents of every type, well made and ill made."""

import importlib.util
import io
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from docx.oxml import parse_xml
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from guardlayer import Knowledge
from guardlayer.errors import ConfigError, GuardlayerError, InputError, LimitError
from guardlayer.knowledge.documents import FORMATS, Limits, parse
from guardlayer.types import Standing

sys.path.insert(0, str(Path(__file__).parent))
from documents_made import pdf, word

AT = datetime(2026, 6, 1, tzinfo=UTC)
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def passages(data, name, **limits):
    """Return what the passages of a document say."""
    return [one.text for one in parse(data, name, limits=Limits(**limits)).parts()]


@pytest.fixture
def kb():
    with Knowledge.open(":memory:", clock=lambda: AT) as opened:
        yield opened


# HTML -----------------------------------------------------------------------------------------------------------------


def test_a_page_reads_as_its_reader_sees_it():
    """Content, headings, lists and tables are read; navigation, scripts and what is hidden are not."""
    page = b"""<!doctype html><title>Acme</title><nav>Home</nav><main><h1>Fees</h1><p>The fee is
    3% of <b>the amount</b>.<br>Seat: Bern</p><script>var x = "evil";</script><p hidden>Hidden text here.</p>
    <ul><li>Cards are accepted<ul><li>Visa is one</ul></ul><aside>Ads</aside>
    <table><tr><th>Plan<th>Price<tr><td>Pro<td>$49</table><dl><dt>Refund<dd>Within 30 days.</dl></main><footer>F</footer>"""
    document = parse(page, "a.html")
    assert [(one.text, one.lead) for one in document.parts()] == [
        ("The fee is 3% of the amount.", "Fees"),
        ("Seat: Bern", "Fees"),
        ("Cards are accepted", "Fees"),
        ("Visa is one", "Fees > Cards are accepted"),
        ("Plan: Pro; Price: $49", "Fees"),
        ("Refund: Within 30 days.", "Fees"),
    ]
    assert document.title == "Fees"


def test_spans_slice_the_text_that_was_taken_out():
    """A passage stands where its span says, in the text of the document."""
    document = parse(b"<h1>T</h1><p>One statement stands here.<p>Another statement stands there.", "a.html")
    assert all(document.text[one.start : one.end] == one.text for one in document.parts())


def test_cells_that_span_rows_and_columns_are_read_in_each():
    """A row reads whole, whatever its cells share with others; absurd spans are bounded."""
    page = b"""<table><tr><th>Region<th>Plan<th>Price</tr><tr><td rowspan=2>EU<td>Pro<td>49</tr><tr><td>Team<td>99</tr>
    <tr><td colspan=99999999>All</table>"""
    found = passages(page, "a.html")
    assert found[:2] == ["Region: EU; Plan: Pro; Price: 49", "Region: EU; Plan: Team; Price: 99"]


@pytest.mark.parametrize(
    "page",
    [
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><body><p>Text: &x; ends.</p></body></html>',
        b'<!DOCTYPE html [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><p>Text: &c; ends.</p>',
    ],
    ids=["external", "billion laughs"],
)
@pytest.mark.parametrize("ending", ["html", "xhtml"])
def test_entities_of_a_page_are_never_resolved(page, ending):
    """No file is read and nothing unfolds because a page declares an entity."""
    text = parse(page, f"a.{ending}").text
    assert "root:" not in text
    assert "lollol" not in text


def test_encodings_of_a_page_are_those_it_declares():
    """A declared encoding is used as browsers use it; undeclared bytes that are no UTF-8 are refused, with the line."""
    assert passages('<meta charset="iso-8859-1"><p>The café costs 5 € today.'.encode("cp1252"), "a.html") == [
        "The café costs 5 € today."
    ]
    with pytest.raises(InputError, match=r"a\.html:2: is not UTF-8 and declares no other"):
        parse("<p>x</p>\n<p>caf\u00e9</p>".encode("latin-1"), "a.html")
    with pytest.raises(InputError, match="'klingon', which is not known"):
        parse(b'<meta charset="klingon"><p>x', "a.html")
    with pytest.raises(InputError, match="byte 25 is not utf-8 text, which it says it is"):
        parse(b'<meta charset="utf-8"><p>\xe9', "a.html")


def test_a_page_nested_too_deep_is_refused_and_not_cut_short():
    """What the parser would leave out without a word is an error."""
    with pytest.raises(LimitError, match="nested too deep"):
        parse(b"<div>" * 5000 + b"the end", "a.html")


@pytest.mark.parametrize("data", [b"", b"   \n", b"<!-- nothing -->", b"<html></html>", b"<p>"])
def test_a_page_of_nothing_has_no_passages(data):
    """Empty is empty, not an error of the parser."""
    assert passages(data, "a.html") == []


# PDF ------------------------------------------------------------------------------------------------------------------


def test_the_pages_of_a_pdf_are_kept_with_its_passages():
    """Each passage knows its page; running lines and broken words are no part of the text."""
    data = pdf(
        [
            ["Acme Handbook", "Fees", "The fee is 3% of the amount and is due at the end of", "each month, as agree-", "ments say.", "1"],
            ["Acme Handbook", "Returns take 30 days from the day of delivery.", "2"],
            ["Acme Handbook", "Support answers within two working days.", "3"],
            ["Acme Handbook", "Orders ship from Bern on every working day.", "4"],
        ],
        title="Handbook",
    )  # fmt: skip
    found = [(one.text, one.lead, one.page) for one in parse(data, "a.pdf").parts()]
    assert found == [
        ("Fees", "Handbook", 1),
        ("The fee is 3% of the amount and is due at the end of\neach month, as agreements say.", "Handbook", 1),
        ("Returns take 30 days from the day of delivery.", "Handbook", 2),
        ("Support answers within two working days.", "Handbook", 3),
        ("Orders ship from Bern on every working day.", "Handbook", 4),
    ]


def test_a_page_is_found_again_with_its_evidence(kb, tmp_path):
    """Evidence out of a PDF names the page it stands on."""
    (tmp_path / "a.pdf").write_bytes(
        pdf([["Nothing of interest is said here."], ["Returns take 30 days after delivery."]])
    )
    kb.ingest(tmp_path / "a.pdf")
    (hit, *_) = kb.passages.search("Returns take 30 days", at=AT)
    assert hit.span.page == 2


def test_lines_that_repeat_with_other_numbers_are_not_running_lines():
    """A page of statements that differ in their figures keeps them."""
    data = pdf([[f"Section {n} allows at most {n + 7} items a day."] for n in range(6)])
    assert len(passages(data, "a.pdf")) == 6


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_an_encrypted_pdf_is_refused_unless_no_password_is_needed(algorithm):
    """A password is named as what is missing; one that only forbids printing is none."""

    def encrypted(user, owner):
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([["The secret fee is 3% here."]]))))
        writer.encrypt(user, owner, algorithm=algorithm)
        made = io.BytesIO()
        writer.write(made)
        return made.getvalue()

    with pytest.raises(InputError, match=r"a\.pdf: is encrypted; save it without a password"):
        parse(encrypted("pw", "pw"), "a.pdf")
    assert passages(encrypted("", "owner"), "a.pdf") == ["The secret fee is 3% here."]


def test_a_pdf_of_too_many_pages_is_refused_before_they_are_read():
    """Five thousand pages are named as the reason, with what to do."""
    data = pdf([["x"]] * 5000)
    with pytest.raises(LimitError, match=r"has 5,000 pages; at most 2,000 are read; split it or raise max_pages"):
        parse(data, "a.pdf")


def test_a_pdf_that_takes_too_long_is_given_up():
    """Time is bounded, and the message says how far it came."""
    with pytest.raises(LimitError, match=r"took longer than 0 s for 1 of its 2 pages"):
        parse(pdf([["One line is here."], ["Another one is here."]]), "a.pdf", limits=Limits(seconds=0))


def test_a_pdf_without_text_is_no_document_without_passages():
    """Pictures of text would read as an empty document; that is said instead."""
    with pytest.raises(InputError, match=r"holds no text on its 2 pages.*OCR"):
        parse(pdf([[], []]), "a.pdf")


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.4\ngarbage",
        b"%PDF-1.7" + b"\0" * 999,
        pdf([["x"]])[:300],
        pdf([["x"]]).replace(b"/Kids [6 0 R", b"/Kids [2 0 R"),
        pdf([["x"]]).replace(b"/Length", b"/Lengthy"),
    ],
)
def test_a_damaged_pdf_is_our_error_or_read_as_far_as_it_goes(data):
    """Whatever a PDF reader makes of damage, it is named, with the file."""
    try:
        parse(data, "a.pdf")
    except GuardlayerError as error:
        assert str(error).startswith("a.pdf: ")  # noqa: PT017 - either is right


# DOCX -----------------------------------------------------------------------------------------------------------------


def test_a_word_document_reads_in_order_with_all_changes_accepted():
    """Headings, lists, tables, content controls and inserted text are read in place; deleted text is not."""

    def fill(document):
        document.add_heading("Fee rules", 0)
        document.add_heading("Cards", 1)
        document.add_paragraph("The fee is 3% of the amount.")
        document.add_paragraph("Visa is taken", style="List Bullet")
        table = document.add_table(2, 2)
        for place, text in zip(((0, 0), (0, 1), (1, 0), (1, 1)), ("Plan", "Price", "Pro", "$49"), strict=True):
            table.cell(*place).text = text
        document.element.body.insert(-1, parse_xml(
            f'<w:p xmlns:w="{W}"><w:r><w:t xml:space="preserve">Returns take </w:t></w:r>'
            '<w:del w:id="1" w:author="a"><w:r><w:delText>14</w:delText></w:r></w:del>'
            '<w:ins w:id="2" w:author="a"><w:r><w:t>30</w:t></w:r></w:ins><w:r><w:t xml:space="preserve"> days.</w:t></w:r></w:p>'
        ))  # fmt: skip
        document.element.body.insert(-1, parse_xml(
            f'<w:sdt xmlns:w="{W}"><w:sdtContent><w:p><w:r><w:t>A control holds this text.</w:t></w:r></w:p></w:sdtContent></w:sdt>'
        ))  # fmt: skip

    found = [(one.text, one.lead) for one in parse(word(fill), "a.docx").parts()]
    assert found == [
        ("The fee is 3% of the amount.", "Fee rules > Cards"),
        ("Visa is taken", "Fee rules > Cards"),
        ("Plan: Pro; Price: $49", "Fee rules > Cards"),
        ("Returns take 30 days.", "Fee rules > Cards"),
        ("A control holds this text.", "Fee rules > Cards"),
    ]


def _zip(**members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in members.items():
            package.writestr(name.replace("__", "/"), data)
    return packed.getvalue()


def _with_body(xml):
    """Return a valid package whose document part is ``xml``."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(word(lambda _: None))) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, xml if name == "word/document.xml" else old.read(name))
    return packed.getvalue()


def test_a_zip_bomb_is_refused_before_it_unfolds():
    """The sizes a package states are looked at first, and bound what is unfolded."""
    with pytest.raises(LimitError, match="unfolds to"):
        parse(_zip(**{"[Content_Types].xml": "x", "word__document.xml": b" " * 70_000_000}), "a.docx")
    with pytest.raises(LimitError, match="unfolds to"):
        parse(_zip(**{"[Content_Types].xml": "x", "word__media__a.bin": b" " * 300_000_000}), "a.docx")


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE d [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x "&b;&b;&b;&b;">]>',
    ],
    ids=["external", "billion laughs"],
)
def test_entities_of_a_word_document_are_never_resolved(dtd):
    """No file is read and nothing unfolds because a part declares an entity."""
    body = f'{dtd}<w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>It says &x; here.</w:t></w:r></w:p></w:body></w:document>'
    try:
        text = parse(_with_body(body), "a.docx").text
    except InputError:
        return
    assert "root:" not in text
    assert "lollol" not in text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04 and nothing else", "is not a DOCX that can be read"),
        (_zip(**{"a.txt": "x"}), "is a zip file but no DOCX"),
        (_zip(**{"[Content_Types].xml": "<x"}), "is not a DOCX that can be read"),
        (_with_body("<w:document"), "is not a DOCX that can be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is encrypted, or a .doc of an older Word"),
        (b"", "is not a DOCX that can be read"),
    ],
)
def test_what_is_no_word_document_is_refused(data, message):
    """Damage, encryption and other contents are told apart, with what to do."""
    with pytest.raises(InputError, match=message):
        parse(data, "a.docx")


# CSV ------------------------------------------------------------------------------------------------------------------


def test_a_row_is_a_passage_with_the_names_of_its_columns():
    """Cells are read with their columns; the span is the raw row, quoted line ends included."""
    text = 'Plan;Price;Note\r\nPro;49;"two\r\nlines ""here"""\r\n\r\nTeam;99;\r\n'
    document = parse(text.encode("utf-8-sig"), "our_plans.csv")
    assert [(one.text, document.text[one.start : one.end], one.lead) for one in document.parts()] == [
        ('Plan: Pro; Price: 49; Note: two lines "here"', 'Pro;49;"two\r\nlines ""here"""', "our plans"),
        ("Plan: Team; Price: 99", "Team;99;", "our plans"),
    ]


def test_a_quote_that_never_ends_is_named_with_its_line():
    """A broken file is refused with the line where it breaks."""
    with pytest.raises(InputError, match=r"a\.csv:\d+: is not CSV"):
        parse(b'a,b\n1,"2\n3,4\n', "a.csv")


# All ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.html", pdf([["x"]]), "is named .html but begins as .pdf does"),
        ("a.md", _zip(a="x"), "is named .md but begins as .docx does"),
        ("a.pdf", word(lambda _: None), "is named .pdf but begins as .docx does"),
        ("a.docx", pdf([["x"]]), "is named .docx but begins as .pdf does"),
        ("a.txt", b"\x89PNG\r\n\x1a\n", "begins as an image does"),
        ("a.pdf", b"plain words", "is no PDF"),
    ],
)
def test_a_wrong_ending_is_told(name, data, told):
    """Nothing is read as what it is not."""
    with pytest.raises(InputError, match=told):
        parse(data, name)


@pytest.mark.parametrize("name", ["a.html", "a.pdf", "a.docx"])
def test_a_missing_extra_is_named(name, tmp_path, monkeypatch, kb):
    """What has to be installed is said; in a folder the file is listed as not read."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda module: None if module in ("lxml", "pypdf", "docx") else find(module)
    )
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"needs the extra 'documents': pip install 'guardlayer-facts\[documents\]'"):
        kb.ingest(tmp_path / name)
    (only,) = kb.ingest(tmp_path).skipped
    assert "guardlayer-facts[documents]" in only.reason


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(FORMATS)),
    st.binary(max_size=400),
    st.sampled_from([b"", b"%PDF-1.4\n", b"PK\x03\x04", b"<p>"]),
)
def test_no_bytes_make_anything_but_our_own_errors(ending, data, begin):
    """Whatever stands in a file, it is read or refused with an error of ours."""
    try:
        document = parse(begin + data, f"a{ending}")
    except GuardlayerError:
        return
    assert all(0 <= one.start <= one.end <= len(document.text) for one in document.parts())


def test_a_changed_document_supersedes_the_old_passage_by_passage(kb, tmp_path):
    """Unchanged passages of a page keep their identity; a deleted file says nothing any more."""
    page = tmp_path / "fees.html"
    page.write_text("<h1>Fees</h1><p>The fee is 3% of the amount.<p>Returns take 30 days after delivery.")
    kb.ingest(tmp_path, effective_from="2026-01-01")
    page.write_text("<h1>Fees</h1><p>The fee is 4% of the amount.<p>Returns take 30 days after delivery.")
    (file,) = kb.ingest(tmp_path, effective_from="2026-05-01").files
    assert (file.added, file.kept, file.closed) == (1, 1, 1)
    assert kb.ingest(tmp_path).added == 0
    old = next(hit for hit in kb.passages.search("The fee is 3%", at=AT) if "3%" in hit.text)
    assert old.standing is Standing.SUPERSEDED
    assert old.replaced_by.text == "The fee is 4% of the amount."
    page.unlink()
    assert kb.ingest(tmp_path).files[0].status == "removed"
    assert kb.passages.count() == 0


def test_one_bad_document_keeps_everything_out_unless_it_is_to_be_skipped(kb, tmp_path):
    """All or nothing by default; asked to skip, what can be read is, the rest is named and what stood of it stands."""
    (tmp_path / "good.md").write_text("The fee is 3% of the amount.")
    (tmp_path / "bad.pdf").write_bytes(pdf([["The old price was $49 here."]]))
    kb.ingest(tmp_path, source="folder")
    (tmp_path / "good.md").write_text("The fee is 4% of the amount.")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 damaged")
    with pytest.raises(InputError, match=r"bad\.pdf: is not a PDF"):
        kb.ingest(tmp_path, source="folder")
    assert not any("4%" in hit.text for hit in kb.passages.search("fee", at=AT))
    result = kb.passages.ingest(tmp_path, source="folder", skip_unreadable=True)
    assert [(Path(one.path).name, one.reason[:22]) for one in result.skipped] == [("bad.pdf", "is not a PDF that can ")]
    assert any("4%" in hit.text for hit in kb.passages.search("fee", at=AT))
    (price, *_) = kb.passages.search("old price", at=AT)
    assert price.standing is Standing.CURRENT


def test_front_matter_is_no_heading_and_dates_the_page(kb, tmp_path):
    """A page that says since when it holds is believed; a date left as it was says nothing of a later change."""
    page = tmp_path / "fees.md"
    page.write_text("---\ntitle: Fees\neffective_from: 2026-02-01\n---\n\nThe late fee is 3% of the amount.\n")
    leads = {one.text: one.lead for one in parse(page.read_bytes(), "fees.md").parts()}
    assert leads["The late fee is 3% of the amount."] == ""
    kb.ingest(page)
    (first, *_) = kb.passages.search("late fee 3%", at=AT)
    assert first.valid.start_text == "2026-02-01"
    page.write_text("---\ntitle: Fees\neffective_from: 2026-04-01\n---\n\nThe late fee is 4% of the amount.\n")
    kb.ingest(page)
    found = {one.text: one.valid for one in kb.passages.search("late fee", at=AT)}
    assert found["The late fee is 3% of the amount."].end_text == "2026-04-01"
    page.write_text("---\ntitle: Fees\neffective_from: 2026-04-01\n---\n\nThe late fee is 5% of the amount.\n")
    kb.ingest(page)
    found = {one.text: one.valid for one in kb.passages.search("late fee", at=AT)}
    assert found["The late fee is 5% of the amount."].start_text == "2026-06-01"


@pytest.mark.parametrize(
    "text",
    [
        "---\nA rule stands above this sentence.\n---\nAnd below it.\n",
        "---\n",
        "---\n---\nText is here now.\n",
        "---\nkey: value\n",
    ],
)
def test_a_rule_is_no_front_matter(text):
    """Dashes alone, or around prose, describe nothing; no word of the page is lost."""
    said = " ".join(one.text for one in parse(text.encode(), "a.md").parts())
    assert said.split() == [word for word in text.split() if word.strip("-")]
