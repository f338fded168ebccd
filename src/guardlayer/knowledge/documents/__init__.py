"""Documents of every type that is read, each as text with its passages; one module a type.

:func:`parse` is the door. What it returns is the same for all types, so that nothing behind it knows one from another.
"""

from guardlayer.knowledge.documents.document import Document, Limits, Slice
from guardlayer.knowledge.documents.formats import FORMATS, Format, format_of, kinds, missing, parse

__all__ = ["FORMATS", "Document", "Format", "Limits", "Slice", "format_of", "kinds", "missing", "parse"]
