"""Where every statement came from: an append-only log, and the questions it answers.

Read ``layout`` for what is stored, ``serialize`` for the field names, ``log`` for how a record gets there, ``audit``
for how a log is checked, ``why`` for the answer people ask for.
"""

from guardlayer.provenance.layout import leaf_hash, restore
from guardlayer.provenance.log import Mirror, SqliteLog
from guardlayer.provenance.mirror import JsonLinesMirror
from guardlayer.provenance.serialize import claim_to_json, report_to_json
from guardlayer.provenance.why import Why

__all__ = [
    "JsonLinesMirror",
    "Mirror",
    "SqliteLog",
    "Why",
    "claim_to_json",
    "leaf_hash",
    "report_to_json",
    "restore",
]
