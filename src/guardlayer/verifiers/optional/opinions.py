"""From what a model says of each passage to one verdict on the claim: the same rules whoever was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from guardlayer.types import Claim, Evidence, Label, Relation, Standing, Verdict
from guardlayer.verifiers.lexical_features import features
from guardlayer.verifiers.standings import standing_at

MOST_PASSAGES = 8
"""Passages that are shown to a model for one claim."""
MAX_PASSAGE = 4_000
"""Characters of a passage that are shown."""
MAX_CLAIM = 2_000
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Opinion:
    """What was said of one passage.

    Attributes:
        evidence: The passage.
        supports: 0 to 1, how surely it supports the claim.
        refutes: 0 to 1, how surely it refutes it.
        quote: The words of the passage it rests on, where some were given.
    """

    evidence: Evidence
    supports: float
    refutes: float = 0.0
    quote: str = ""


def shown(evidence: Sequence[Evidence], at: datetime) -> list[Evidence]:
    """Return the passages a model is asked about: current ones and superseded ones, no keyed facts."""
    worth = (Standing.CURRENT, Standing.DISPUTED, Standing.SUPERSEDED)
    return [piece for piece in evidence if piece.fact is None and standing_at(piece, at) in worth][:MOST_PASSAGES]


def conflicts(claim: Claim, text: str) -> bool:
    """Say whether numbers, dates or units of the claim are at odds with the text: then it cannot support the claim."""
    found = features(claim.text[:MAX_CLAIM], text[:MAX_PASSAGE])
    return bool(found.number or found.date or found.unit)


def verdict_of(
    found: Sequence[Opinion], at: datetime, *, name: str, supported: float, refuted: float
) -> Verdict | None:
    """Return the verdict that follows from opinions on each passage, or ``None`` where nothing does.

    Current passages decide; a superseded one that supports what no current one does makes the claim stale. Of current
    passages that disagree the higher authority wins, and equals are disputed.

    Args:
        found: One opinion a passage.
        at: The instant for which it is asked.
        name: Name and version of the verifier.
        supported: Least chance that counts as support.
        refuted: Least chance that counts as refutation.
    """
    now = [one for one in found if standing_at(one.evidence, at) in (Standing.CURRENT, Standing.DISPUTED)]
    former = [one for one in found if standing_at(one.evidence, at) is Standing.SUPERSEDED]
    pro = max((one for one in now if one.supports >= supported), key=_by_support, default=None)
    con = max((one for one in now if one.refutes >= refuted), key=_by_refutation, default=None)
    if pro is not None and con is not None and pro is not con:
        ahead = pro.evidence.source.authority - con.evidence.source.authority
        if ahead == 0:
            reason = f"{pro.evidence.source} says {_words(pro)}; {con.evidence.source} says {_words(con)}"
            pieces = (
                replace(pro.evidence, relation=Relation.SUPPORTS),
                replace(con.evidence, relation=Relation.REFUTES),
            )
            return Verdict(Label.DISPUTED, min(pro.supports, con.refutes), reason, pieces, verifier=name)
        pro, con = (pro, None) if ahead > 0 else (None, con)
    if pro is not None:
        witness = replace(pro.evidence, relation=Relation.SUPPORTS)
        reason = f"{pro.evidence.source} says so: {_words(pro)}"
        return Verdict(Label.SUPPORTED, pro.supports, reason, (witness,), current=pro.evidence, verifier=name)
    old = max((one for one in former if one.supports >= supported), key=_by_support, default=None)
    if old is not None:
        heir = old.evidence.replaced_by or (con.evidence if con is not None else None)
        witness = replace(old.evidence, relation=Relation.SUPPORTS)
        reason = f"an earlier version of {old.evidence.source} said so: {_words(old)}"
        if heir is not None:
            reason += f"; now {heir.source} says {_quoted(heir.text)}"
        return Verdict(Label.STALE, old.supports, reason, (witness,), current=heir, verifier=name)
    if con is not None:
        witness = replace(con.evidence, relation=Relation.REFUTES)
        reason = f"{con.evidence.source} says otherwise: {_words(con)}"
        return Verdict(Label.CONTRADICTED, con.refutes, reason, (witness,), current=con.evidence, verifier=name)
    return None


def _by_support(one: Opinion) -> tuple[float, int]:
    return one.supports, one.evidence.source.authority


def _by_refutation(one: Opinion) -> tuple[int, float]:
    return one.evidence.source.authority, one.refutes


def _words(one: Opinion) -> str:
    return _quoted(one.quote or one.evidence.text)


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"}"'
