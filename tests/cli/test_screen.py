"""Nothing that a model wrote may steer a terminal, and nothing may break the JSON."""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from guardlayer.cli import screen
from guardlayer.cli.screen import Screen, line, to_json, visible

ANY = st.text(st.characters(categories=None), max_size=200)
HOSTILE = "\x1b[31mred\x1b]0;title\x07\x9b2J\rover\u202egnp\x7f\u2066\ud800"


@given(ANY)
def test_visible_keeps_every_offset_and_leaves_nothing_that_steers(text: str) -> None:
    """Offsets into the draft hold in what is shown, and no control but tab and line feed reaches the terminal."""
    shown = visible(text)
    assert len(shown) == len(text)
    for before, after in zip(text, shown, strict=True):
        assert after == before or not before.isprintable()
        assert after in "\t\n" or unicodedata.category(after) not in ("Cc", "Cs", "Zl", "Zp")
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_visible_shows_what_was_there() -> None:
    """An escape sequence is seen as what it is, not silently dropped."""
    assert visible("a\x1b[31mb\x07\x7f\x9b") == "a␛[31mb␇␡\ufffd"
    assert visible("a\r\nb\rc") == "a \nb␍c"
    assert visible("👩\u200d🚀 क्\u200dष\tx\n") == "👩\u200d🚀 क्\u200dष\tx\n"


@given(st.recursive(ANY | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(ANY, inner)))
def test_json_reads_back_and_steers_nothing(value: object) -> None:
    """What is printed is JSON of the same value, in UTF-8, without a raw control character."""
    text = to_json(value, indent=2)
    assert json.loads(text) == value
    assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") for c in text)
    text.encode()


def test_line_is_one_line() -> None:
    """A reason with line feeds in it stays within its row."""
    assert line(" a\n\tb\u2028c ") == "a b c"


@pytest.mark.parametrize("color", [False, True])
def test_show_prints_no_blanks_at_line_ends(color: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Output can be pasted into a page and compared line by line."""
    monkeypatch.setattr(screen.sys, "stdout", io.StringIO())
    shown = Screen.of(json=False)
    out = Console(file=io.StringIO(), force_terminal=color, width=20)
    Screen(False, out, shown.err).show("[bold]kept as it is[/bold] and more than a line of it   ", HOSTILE)
    written = out.file.getvalue()
    assert "[bold]kept as it is" in written.replace("\n", " ")
    assert not any(row.endswith(" ") for row in written.splitlines())
    assert "\x1b]" not in written
    assert "\x9b" not in written


def test_json_and_text_never_mix(capsys: pytest.CaptureFixture[str]) -> None:
    """Under --json stdout carries the document and nothing else; without it, no document."""
    both = Screen.of(json=True)
    both.show("for people")
    both.data({"a": 1})
    assert json.loads(capsys.readouterr().out) == {"a": 1}
    plain = Screen.of(json=False)
    plain.data({"a": 1})
    plain.show("for people")
    plain.note("beside")
    captured = capsys.readouterr()
    assert captured.out == "for people\n"
    assert captured.err == "beside\n"
