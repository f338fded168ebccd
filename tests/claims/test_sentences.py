"""Where sentences end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.claims.sentences import sentences

ROWS = """
Dr. Reyes arrived at noon. ¦ She left at six.
J. K. Rowling wrote it. ¦ H. G. Wells did not.
George W. Bush was the 43rd president. ¦ Barack Obama was the 44th.
The king is Harald V. ¦ He is tall. ¦ Roe v. Wade was decided.
The U.S. economy grew. ¦ He lives in the U.S. ¦ He likes it there.
She works at Acme Inc. ¦ Her office is in Oslo.
Acme Inc. reported a loss of $4.2M. ¦ Shares fell 3.5%.
Version 2.0.1 fixed the bug. ¦ Upgrade to v3.4. ¦ v3.5 is not stable.
See https://example.org/a.b?c=1. ¦ It explains the rest.
"I came. I saw. I conquered," he said. ¦ Nobody replied.
“Is it ready?” she asked. ¦ He nodded.
Well... I guess so. ¦ The list goes on… ¦ Nobody reads it.
Great work! 🎉 ¦ The release is out. ¦ Done ✅ ¦ Next step is testing.
Yahoo! is a company. ¦ Really?! ¦ Yes.
No. 5 is the best one. ¦ See Fig. 3 for details. ¦ Is it open? ¦ No. ¦ It closed.
Cats, dogs, etc. are welcome. ¦ We sell pens, paper, etc. ¦ The shop is open daily.
The company (est. 1990) is small. ¦ He left (it was late. Nobody minded.) and slept.
The fee is 3%.[1] ¦ It rose in May.[2]
i think so. ¦ the fee is 3%.
これは本です。 ¦ 彼は「はい。」と言った。 ¦ 私は驚いた。
भारत की राजधानी नई दिल्ली है। ¦ यह एक बड़ा देश है।
هل المكتب مفتوح؟ ¦ نعم، حتى الخامسة.
""".strip().split("\n")


@pytest.mark.parametrize("row", ROWS)
def test_sentences_end_where_a_reader_ends_them(row: str) -> None:
    """Abbreviations, initials, decimals, versions, addresses, quotes, emoji and other scripts are read as people do."""
    parts = [part.strip() for part in row.split("¦")]
    text = " ".join(parts)
    assert [text[start:end] for start, end in sentences(text)] == parts


def test_short_lines_are_sentences_and_wrapped_lines_are_not() -> None:
    """A list without marks has a sentence a line; a paragraph wrapped at a margin has none at its line ends."""
    listed = "Fee: 3%\nTax: 4%\nName: Acme"
    assert [listed[a:b] for a, b in sentences(listed)] == listed.split("\n")
    wrapped = "The fee that was agreed upon by all of the members of the board is\nMonthly and it is\nnot refundable."
    assert len(sentences(wrapped)) == 1


def test_nothing_ends_inside_a_protected_range() -> None:
    """A code span or a link target is never cut."""
    text = "Run `a. Then b` now. Done."
    assert [text[a:b] for a, b in sentences(text, 0, len(text), [(4, 15)])] == ["Run `a. Then b` now.", "Done."]


@given(st.text(alphabet=' \n.!?…。"“”()[]aBc1🎉「」\u200b\ud800', max_size=80))
def test_sentences_cover_every_character_that_is_not_white_space(text: str) -> None:
    """Sentences are in order, do not overlap, and leave out white space alone."""
    found = sentences(text)
    at = 0
    for start, end in found:
        assert at <= start < end
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip()
        at = end
    assert not text[at:].strip()
