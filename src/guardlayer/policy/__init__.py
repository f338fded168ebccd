"""What is done about the verdicts: policies as data, and the edits they make.

Read ``presets`` for the table, ``policy`` for what a policy is, ``deciding`` for how edits come about, ``marks`` for
what readers see.
"""

from guardlayer.policy.edits import (
    apply_data,
    apply_text,
    canonical_json,
    json_text,
    leaf_text,
    pointer_get,
    pointer_set,
)
from guardlayer.policy.marks import Citations, is_undecided
from guardlayer.policy.policy import Policy
from guardlayer.policy.presets import PRESETS
from guardlayer.policy.values import Messages, OnError

__all__ = [
    "PRESETS",
    "Citations",
    "Messages",
    "OnError",
    "Policy",
    "apply_data",
    "apply_text",
    "canonical_json",
    "is_undecided",
    "json_text",
    "leaf_text",
    "pointer_get",
    "pointer_set",
]
