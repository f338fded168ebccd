"""The shared rules by which evidence is cut and searched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.text import MAX_CHARACTERS, MAX_WORDS, search_terms, sentences, statements

TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            ["The fee. ", "It is! ", "Dr. X ", "e.g. ", "3.5 ", "。", "…", "word ", "\n", "y" * 650, "a, b; "]
        ),
        max_size=80,
    ).map("".join),
)


@given(TEXTS)
def test_sentences_cover_everything_but_white_space(text):
    """Nothing between two sentences but white space, and no sentence begins or ends with it."""
    end = 0
    for first, last in sentences(text):
        assert not text[end:first].strip()
        assert text[first:last] == text[first:last].strip() != ""
        end = last
    assert not text[end:].strip()


@given(TEXTS)
def test_statements_cover_everything_and_are_bounded(text):
    """A statement is never too long for those who read it, and none of the text is lost."""
    end = 0
    for first, last in statements(text):
        assert not text[end:first].strip()
        assert 0 < last - first <= MAX_CHARACTERS
        assert len(text[first:last].split()) <= MAX_WORDS
        end = last
    assert not text[end:].strip()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "Dr. Smith paid $3.5 in the U.S. on Jan. 3. The rest is due.",
            ["Dr. Smith paid $3.5 in the U.S. on Jan. 3.", "The rest is due."],
        ),
        ('He said "Stop!" and left. She stayed.', ['He said "Stop!" and left.', "She stayed."]),
        ("Version 2.1 is out... Really? Yes.", ["Version 2.1 is out...", "Really?", "Yes."]),
        ("東京は首都です。大阪は違う。", ["東京は首都です。", "大阪は違う。"]),
        ("Plain", ["Plain"]),
        (" \n ", []),
    ],
)
def test_where_sentences_end(text, parts):
    """Abbreviations, initials, decimals and quotes do not end a sentence; full-width stops do."""
    assert [text[first:last] for first, last in sentences(text)] == parts


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The refund policies of the companies", ["refund", "policy", "company"]),
        ("glass bus status is 1,234.50 $", ["glass", "bus", "status", "1234.50"]),
        ("Straße CAFÉ U.S.", ["strasse", "cafe", "us"]),
        ("日本の首都", ["日本", "本の", "の首", "首都"]),
        ("iPhone15発売", ["iphone15", "発売"]),
        ("the of and", []),
        ("\x00 \ud800 — %", []),
    ],
)
def test_search_terms(text, terms):
    """Words are compared without stop words, plural endings, case, accents and grouping commas."""
    assert search_terms(text) == terms


@given(st.text(max_size=100))
def test_search_terms_are_words(text):
    """No term is empty, and each holds a letter or a digit: a query made of terms is never empty of meaning."""
    assert all(any(map(str.isalnum, term)) for term in search_terms(text))
