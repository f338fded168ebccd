"""A whole knowledge layer out of its database and into another one: every row, with its ids, versions and times."""

from guardlayer.knowledge.transfer.copying import Comparison, Copied, compare, copy
from guardlayer.knowledge.transfer.exporting import FORMAT, Exported, export
from guardlayer.knowledge.transfer.importing import Imported, import_
from guardlayer.knowledge.transfer.walking import fill, rebuild, require_empty, rows

__all__ = [
    "FORMAT",
    "Comparison",
    "Copied",
    "Exported",
    "Imported",
    "compare",
    "copy",
    "export",
    "fill",
    "import_",
    "rebuild",
    "require_empty",
    "rows",
]
