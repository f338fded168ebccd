"""How fast documents of each type become passages, and facts.

    python benchmarks/documents.py [--passages 10000] [--quick]

Documents are made up: pages of statements in Markdown, HTML, DOCX and PDF, and a table in CSV. Each type is taken in
from disk into a database in a file, through the public API, then once more unchanged, then with one statement in a
hundred changed.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from guardlayer import Knowledge

ASKED = 10_000  # passages a minute
PER_FILE = 200
SUBJECTS = ("The late fee", "The delivery time", "The notice period", "The list price", "The seat limit")


def statement(number: int, *, revision: int = 0) -> str:
    """Return a made-up statement; one in a hundred differs from revision to revision."""
    count = number % 97 + (revision if number % 100 == 0 else 0)
    return f"{SUBJECTS[number % 5]} of plan {number} is {count} units for customers of region {number % 11}."


def markdown(numbers: range, revision: int) -> bytes:
    """Return a page."""
    return "\n\n".join(["# Terms", *(statement(n, revision=revision) for n in numbers)]).encode()


def html(numbers: range, revision: int) -> bytes:
    """Return a page."""
    body = "".join(f"<p>{statement(n, revision=revision)}</p>" for n in numbers)
    return f"<!doctype html><title>Terms</title><nav>Home</nav><main><h1>Terms</h1>{body}</main>".encode()


def csv(numbers: range, revision: int) -> bytes:
    """Return a table."""
    rows = (f"Plan {n},{n % 97 + (revision if n % 100 == 0 else 0)},region {n % 11}" for n in numbers)
    return "\n".join(["Plan,Fee,Region", *rows]).encode()


def word(numbers: range, revision: int) -> bytes:
    """Return a document."""
    import docx

    document = docx.Document()
    document.add_heading("Terms", 1)
    for n in numbers:
        document.add_paragraph(statement(n, revision=revision))
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


def pdf(numbers: range, revision: int) -> bytes:
    """Return a document of forty lines a page (PDF 1.4)."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for start in range(0, len(numbers), 40):
        lines = b"\n".join(
            b"(%s) Tj T*" % statement(n, revision=revision).encode() for n in numbers[start : start + 40]
        )
        stream = b"BT /F1 10 Tf 50 780 Td 14 TL\n%s\nET" % lines
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        box = b"/MediaBox [0 0 612 842] /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R %s >>" % (len(objects), box))
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    made, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size, start = len(objects) + 1, len(made)
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return made + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + end


TYPES: dict[str, Callable[[range, int], bytes]] = {"md": markdown, "html": html, "csv": csv, "docx": word, "pdf": pdf}


def write(folder: Path, ending: str, count: int, revision: int) -> None:
    """Write the documents of one type."""
    for start in range(0, count, PER_FILE):
        name = f"{start // PER_FILE:04}.{ending}"
        (folder / name).write_bytes(TYPES[ending](range(start, min(start + PER_FILE, count)), revision))


def timed(kb: Knowledge, folder: Path, facts: str | None) -> tuple[float, str]:
    """Take a folder in, and return the seconds and what came of it."""
    began = time.perf_counter()
    result = kb.ingest(folder, facts=facts, effective_from=None)
    return time.perf_counter() - began, f"{result.added:,} added, {result.kept:,} kept, {result.closed:,} superseded"


def main() -> None:
    """Print a line for each type."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="a tenth of them")
    options = parser.parse_args()
    count = options.passages // 10 if options.quick else options.passages
    print(f"asked: {ASKED:,} passages a minute; {count:,} statements of each type, {PER_FILE} a document")
    print(f"{'type':<22}{'passages/min':>14}{'unchanged':>12}{'1 % changed':>13}   changed")
    for ending in TYPES:
        for facts in (None, "auto") if ending == "csv" else (None,):
            with tempfile.TemporaryDirectory() as name, Knowledge.open(Path(name) / "kb.db") as kb:
                folder = Path(name) / "documents"
                folder.mkdir()
                write(folder, ending, count, 0)
                first, _ = timed(kb, folder, facts)
                held = kb.passages.count()
                same, _ = timed(kb, folder, facts)
                write(folder, ending, count, 1)
                again, told = timed(kb, folder, facts)
                rate = held / first * 60
                label = f"{ending}{' with facts' if facts else ''}"
                print(f"{label:<22}{rate:>14,.0f}{same:>10.2f} s{again:>11.2f} s   {told}", flush=True)


if __name__ == "__main__":
    main()
