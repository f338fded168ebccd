"""What reaches the terminal: results on stdout, everything else on stderr, and no control sequence of anybody else's.

What a model wrote is untrusted, and so are facts and file names. Rich markup is never read in any of it (everything is
a ``Text``), and :func:`visible` turns what would steer a terminal into something one can see.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from typing import IO, Any

from rich.console import Console, RenderableType
from rich.text import Text

WIDTH = 100
"""Columns where there is no terminal to ask, and ``COLUMNS`` does not say."""

# What moves the cursor, changes colours or the reading direction: C0, DEL, C1, line and paragraph separators, bidi
# embeddings, isolates and marks, tags and lone surrogates.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)

_TRAILING = re.compile(r"[ ]+((?:\x1b\[0m)?)\n")


def visible(text: str) -> str:
    """Return ``text`` with each character that steers a terminal replaced by one that shows it.

    The length stays the same, so offsets still hold. Tabs and line feeds are kept.
    """
    return _STEERING.sub(_picture, text)


def line(text: str) -> str:
    """Return ``text`` on one line, visible."""
    return visible(" ".join(text.split()))


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code == 0x0D and match.string[match.end() : match.end() + 1] == "\n":
        return " "
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Return ``value`` as JSON in which every steering character is escaped, and which any encoding can carry."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return _STEERING.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match.group())[1:-1]


@dataclass(frozen=True, slots=True)
class Screen:
    """Where one command writes.

    Attributes:
        json: Whether stdout carries JSON and nothing else.
        out: Results for people.
        err: Progress and remarks.
    """

    json: bool
    out: Console
    err: Console

    @classmethod
    def of(cls, *, json: bool) -> Screen:
        """Look at the streams as they are now."""
        return cls(json, _console(sys.stdout), _console(sys.stderr))

    def show(self, *things: RenderableType | str) -> None:
        """Print for people; strings are taken as they are, never as markup. Silent under ``--json``."""
        if self.json:
            return
        with self.out.capture() as captured:
            for thing in things:
                self.out.print(Text(visible(thing)) if isinstance(thing, str) else thing)
        # Rich fills lines with blanks; they would end up in whatever the output is pasted into.
        self.out.file.write(_TRAILING.sub(r"\1\n", captured.get()))
        self.out.file.flush()

    def data(self, value: Any) -> None:
        """Print one JSON document. Silent without ``--json``."""
        if self.json:
            sys.stdout.write(to_json(value, indent=2) + "\n")

    def note(self, text: str) -> None:
        """Tell people something beside the result, on stderr."""
        self.err.print(Text(visible(text), style="dim"), soft_wrap=True)


def complain(text: str) -> None:
    """Say what went wrong, on stderr: one line, or one for each of several things."""
    prefix = Text("guardlayer: ", style="bold red")
    _console(sys.stderr).print(prefix + Text(visible(text)), soft_wrap=True)


def _console(stream: IO[str]) -> Console:
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    if not stream.isatty() and not os.environ.get("COLUMNS", "").isdigit():
        console.width = WIDTH
    return console


def prepare() -> None:
    """Make the standard streams replace what their encoding cannot carry, rather than fail in the middle."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
