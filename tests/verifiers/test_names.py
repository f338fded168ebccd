"""Names as people write them: what is the same name, and what only looks like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.text import tokenize
from guardlayer.verifiers.names import Strength, Words, find_name


def found(text, name, aliases=()):
    return find_name(Words(tokenize(text)), name, aliases)


@pytest.mark.parametrize(
    ("text", "name", "strength"),
    [
        ("It is Giorgia Meloni.", "Giorgia Meloni", Strength.FULL),
        ("it is giorgia meloni", "Giorgia Meloni", Strength.FULL),
        ("It is Pham Minh Chinh.", "Phạm Minh Chính", Strength.FULL),
        ("She plays for Paris Saint-Germain.", "Paris Saint-Germain F.C.", Strength.AFFIXLESS),
        ("It was bought by Acme Holdings Ltd.", "Acme Holdings", Strength.FULL),
        ("It was bought by Acme.", "Acme Ltd", Strength.AFFIXLESS),
        ("King Carl Gustaf", "Carl XVI Gustaf of Sweden", Strength.PART),
        ("Carl XVI Gustaf reigns.", "Carl XVI Gustaf of Sweden", Strength.AFFIXLESS),
        ("It is Marcelo Rebelo.", "Marcelo Rebelo de Sousa", Strength.PART),
        ("Abe Shinzo resigned.", "Shinzo Abe", Strength.PART),
        ("President Trudeau spoke.", "Justin Trudeau", Strength.LAST),
        ("Robert Dudley leads it.", "Bob Dudley", Strength.LAST),
        ("J. Biden leads it.", "Joe Biden", Strength.LAST),
        ("Queen Margrethe abdicated.", "Margrethe II of Denmark", Strength.AFFIXLESS),
        ("It is Volodymyr Zelenskiy.", "Volodymyr Zelenskyy", Strength.PART),
    ],
)
def test_a_name_is_found_in_the_ways_people_write_it(text, name, strength):
    """Titles, affixes, accents, nicknames, orders and last names do not hide a name."""
    match = found(text, name)
    assert match is not None
    assert match.strength <= strength if strength is Strength.AFFIXLESS else match.strength == strength


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sonia Gandhi leads it.", "Indira Gandhi"),
        ("Theodore Roosevelt won.", "Franklin Roosevelt"),
        ("Édouard Philippe spoke.", "Philippe of Belgium"),
        ("King George VI reigned.", "George V"),
        ("He plays for the Los Angeles Lakers.", "Los Angeles Clippers"),
        ("He plays for the Brazilian national team.", "Senegal national football team"),
        ("He comes from Egypt.", "Egypt national football team"),
        ("They live in the United Kingdom.", "Charles III of the United Kingdom"),
        ("Manchester City won.", "Manchester United F.C."),
        ("Bank of Scotland", "Bank of America"),
        ("The Jordan Brand sells shoes.", "Michael Jordan"),
        ("Nothing of the kind.", "Giorgia Meloni"),
        ("", "Giorgia Meloni"),
    ],
)
def test_what_only_looks_like_a_name_is_not_it(text, name):
    """Namesakes, numerals, places and common words are not taken for somebody."""
    assert found(text, name) is None


def test_an_alias_is_as_good_as_the_name():
    """A declared other name is found in full."""
    match = found("Everybody calls it Big Blue.", "International Business Machines", ("Big Blue", "IBM"))
    assert match is not None
    assert match.strength is Strength.FULL


@given(st.text(max_size=200), st.text(min_size=1, max_size=40))
def test_any_text_and_any_name_are_compared_without_error(text, name):
    """Neither a model's text nor a ledger's value can break the comparison, and a match lies within the words."""
    tokens = tokenize(text)
    match = find_name(Words(tokens), name)
    if match is not None:
        assert 0 <= match.first < match.last <= len(tokens)


@given(st.lists(st.sampled_from(["Ann", "Bo", "Smith", "van", "IV", "the", "of", "Rome"]), min_size=1, max_size=8))
def test_a_name_is_found_in_itself(words):
    """Every name that has words is found in its own text."""
    name = " ".join(words)
    assert found(name, name) is not None
