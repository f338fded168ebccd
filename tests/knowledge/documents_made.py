"""Documents made for the tests, so that none has to be kept as bytes in the repository."""

import io
from collections.abc import Callable, Sequence

import docx
from docx.document import Document as WordDocument


def pdf(pages: Sequence[Sequence[str]], *, title: str | None = None) -> bytes:
    """Return a PDF of one font, whose pages hold these lines (PDF 1.4, ISO 32000-1 §7.5)."""
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    objects.append(b"<< /Title (%s) >>" % title.encode() if title else b"<< >>")
    kids = []
    for lines in pages:
        shown = [b"(%s) Tj T*" % _escaped(line) for line in lines]
        stream = b"\n".join([b"BT /F1 12 Tf 72 720 Td 14 TL", *shown, b"ET"])
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        box = b"/MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R %s >>" % (len(objects), box))
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    made = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size %d /Root 1 0 R /Info 4 0 R >>" % (len(objects) + 1)
    start = len(made)
    return made + b"xref\n0 %d\n0000000000 65535 f \n%s%s\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, trailer, start,
    )  # fmt: skip


def word(fill: Callable[[WordDocument], object]) -> bytes:
    """Return a DOCX that ``fill`` has written into."""
    document = docx.Document()
    fill(document)
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


def _escaped(line: str) -> bytes:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("latin-1")
