"""Places that only a source may fill: ``{{fact:entity/attribute}}`` in text, ``Sourced`` fields in structured output.

``filling`` puts current values into text as it streams; ``sourced`` says which fields of a model have a source;
``fields`` finds them, ``plan`` checks them by key; ``preparing`` brings both to a guard's check; ``prompting`` teaches
the model the slots and gives it the facts it will be held to.
"""

from guardlayer.slots.sourced import FieldProvenance, HasProvenance, Sourced, provenance_of

__all__ = ["FieldProvenance", "HasProvenance", "Sourced", "provenance_of"]
