"""Stage 3 of the cascade: the words and quantities of passages.

Overlap alone never decides. Two alignments do: a current passage that says the claim in the very same words, and one
sentence that gives another quantity for the same subject. Evidence is data: nothing in a passage is followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from guardlayer.text import sentences
from guardlayer.types import Claim, Evidence, Label, Relation, Span, Standing, Verdict
from guardlayer.verifiers.lexical_align import Aligned, align, may_align, quotes
from guardlayer.verifiers.lexical_features import Features, Sentence, coverage, features, phrase, read
from guardlayer.verifiers.lexical_succession import bare, drops, echoes, part_of, plain, repeats, restates, rivals
from guardlayer.verifiers.standings import standing_at
from guardlayer.verifiers.values import Bound, Match, Value, compare, render

__all__ = ["Features", "LexicalVerifier", "explain", "features"]

NAME = "lexical/1"

_ALIGNED_SCORE = 0.7
_ROUNDED_SCORE = 0.6
_REWORDED_SCORE = 0.6
_CLAUSE_SCORE = 0.65
_SAME_STATEMENT = 0.6
"""A current sentence of the source that shares this much of the claim may say the same in other words."""
_NEAR = 0.34
"""Below this coverage nothing is called near."""
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one sentence of one passage says about a claim.

    Attributes:
        evidence: The passage.
        sentence: The sentence.
        supports: Whether it says the claim, or another value.
        score: How sure that is.
        aligned: The quantities, where they were compared.
    """

    evidence: Evidence
    sentence: Sentence
    supports: bool
    score: float
    aligned: Aligned | None = None


class LexicalVerifier:
    """Compares a claim with passages, by quotation and by aligned quantities; keyed facts are not its business."""

    name = NAME

    def __call__(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
        """Return a verdict where a passage aligns with the claim, else ``None``; see :class:`Verifier`."""
        passages = [piece for piece in evidence if piece.fact is None]
        if not passages:
            return None
        said = read(claim.text)
        now = [piece for piece in passages if standing_at(piece, at) in (Standing.CURRENT, Standing.DISPUTED)]
        old = [piece for piece in passages if standing_at(piece, at) is Standing.SUPERSEDED]
        current = [finding for piece in now if (finding := _judge(said, piece)) is not None]
        supporting = _best(finding for finding in current if finding.supports)
        refuting = _best(finding for finding in current if not finding.supports)
        if refuting is not None and _several_values(
            f for f in current if f.evidence.source.id == refuting.evidence.source.id
        ):
            if supporting is not None:
                return None
            refuting, old = None, [piece for piece in old if piece.replaced_by is not None]
        if supporting is not None and refuting is not None:
            return _between(claim, supporting, refuting)
        if supporting is not None:
            return _supported(supporting)
        former = _best(f for piece in old if (f := _judge(said, piece)) is not None and f.supports)
        if former is None and refuting is None:
            former = _best(f for piece in old if (f := _repeated(said, piece, now)) is not None)
        if former is not None:
            return _stale(claim, said, former, refuting, now)
        return _contradicted(claim, refuting) if refuting is not None else None


def _judge(said: Sentence, piece: Evidence) -> _Finding | None:
    """Return what the most telling sentence of a passage says; ``None`` if it says nothing, or contradicts itself."""
    found: list[_Finding] = []
    for text in _sentences(piece):
        if not may_align(said, text):
            continue
        sentence = read(text)
        score = quotes(said, sentence)
        if score:
            found.append(_Finding(piece, sentence, True, score))
            continue
        aligned = align(said, sentence)
        if aligned is not None:
            supports = aligned.match is not Match.DIFFERENT
            score = _ROUNDED_SCORE if aligned.match is Match.ROUNDED else _ALIGNED_SCORE
            found.append(_Finding(piece, sentence, supports, score, aligned))
    if len({finding.supports for finding in found}) != 1 or _several_values(found):
        return None
    return max(found, key=lambda finding: finding.score)


def _repeated(said: Sentence, piece: Evidence, now: Sequence[Evidence]) -> _Finding | None:
    """Return the sentence of a superseded passage that the claim repeats in other words, or one clause of."""
    said = read(bare(said.text))
    heir = None if piece.replaced_by is None else read(bare(_nearest_in(said, piece.replaced_by)[1]))
    for text in _sentences(piece):
        old = read(bare(text))
        share = coverage(said, old)
        if share < _NEAR:
            continue
        if part_of(said, old):
            score = _CLAUSE_SCORE if heir is None or drops(said, heir) else 0.0
        else:
            score = _REWORDED_SCORE if (echoes(said, old) if heir is None else repeats(said, old, heir)) else 0.0
        if not score:
            continue
        # What a current passage says as nearly is no repetition of the old one.
        others = (read(bare(now_said)) for other in now for now_said in _sentences(other))
        if not any(rivals(said, other, share) for other in others):
            return _Finding(piece, read(text), True, score)
    return None


def _sentences(piece: Evidence) -> list[str]:
    text = plain(piece.text)
    return [text[start:end] for start, end in sentences(text)]


def _several_values(findings: Iterable[_Finding]) -> bool:
    """Say whether one source gives several values for what looks like one subject, so that it must be more than one."""
    values = [finding.aligned.true for finding in findings if finding.aligned is not None and not finding.supports]
    return any(compare(values[0], value) is Match.DIFFERENT for value in values[1:])


def _best(findings: Iterable[_Finding]) -> _Finding | None:
    return max(findings, key=lambda f: (f.evidence.source.authority, f.score, f.evidence.score), default=None)


def _supported(finding: _Finding) -> Verdict:
    return Verdict(
        Label.SUPPORTED,
        finding.score,
        f"{finding.evidence.source} says so: {_quoted(finding)}",
        (_related(finding.evidence, Relation.SUPPORTS),),
        current=finding.evidence,
        verifier=NAME,
        span=_span(finding.aligned),
    )


def _contradicted(claim: Claim, finding: _Finding) -> Verdict:
    assert finding.aligned is not None
    said, true = finding.aligned.said, finding.aligned.true
    span, replacement = _correction(said, true)
    return Verdict(
        Label.CONTRADICTED,
        finding.score,
        f"says {phrase(claim.text, said)}; {finding.evidence.source} says "
        f"{phrase(finding.sentence.text, true)}: {_quoted(finding)}",
        (_related(finding.evidence, Relation.REFUTES),),
        current=finding.evidence,
        verifier=NAME,
        span=span,
        replacement=replacement,
    )


def _between(claim: Claim, supporting: _Finding, refuting: _Finding) -> Verdict | None:
    """Decide between two current passages: the higher authority wins, equals are disputed, one source is no verdict."""
    for_it, against = supporting.evidence.source, refuting.evidence.source
    if for_it.authority > against.authority:
        return _supported(supporting)
    if for_it.authority < against.authority:
        return _contradicted(claim, refuting)
    if for_it.id == against.id:
        return None
    return Verdict(
        Label.DISPUTED,
        min(supporting.score, refuting.score),
        f"sources of equal authority disagree: {for_it} says {_quoted(supporting)}; {against} says {_quoted(refuting)}",
        (_related(supporting.evidence, Relation.SUPPORTS), _related(refuting.evidence, Relation.REFUTES)),
        verifier=NAME,
        span=_span(refuting.aligned),
    )


def _stale(
    claim: Claim, said: Sentence, former: _Finding, refuting: _Finding | None, now: Sequence[Evidence]
) -> Verdict | None:
    """A superseded passage says so and no current one does."""
    source = former.evidence.source
    until = former.evidence.valid.end_text or source.effective.end_text
    head = f"{source} said so until {until}" if until else f"an earlier version of {source} said so"
    if refuting is not None:
        verdict = _contradicted(claim, refuting)
        return replace(
            verdict,
            label=Label.STALE,
            reason=f"{head}; now {refuting.evidence.source} says {_quoted(refuting)}",
            evidence=(_related(former.evidence, Relation.SUPPORTS), *verdict.evidence),
        )
    witness = _related(former.evidence, Relation.SUPPORTS)
    heir = former.evidence.replaced_by
    if heir is not None:
        # The versions themselves say what took its place; only a change of words without any of sense is no change.
        if any(restates(said, read(text)) for piece in (heir, *now) for text in _sentences(piece)):
            return None
        successor: tuple[Evidence, str] | None = (heir, _told(said, heir))
    else:
        successor = _nearest(said, [piece for piece in now if piece.source.id == source.id])
        if successor is not None and _says_the_same(said, plain(successor[0].text)):
            return None
        if successor is not None and coverage(said, read(successor[1])) < _NEAR:
            successor = None
    if successor is None:
        reason = f"{head} ({_quoted(former)}); no current passage of it says so"
        return Verdict(Label.STALE, former.score, reason, (witness,), verifier=NAME)
    piece, sentence = successor
    says = "it says" if piece.source.id == source.id else f"{piece.source} says"
    reason = f"{head} ({_quoted(former)}); now {says} {_shown(sentence)}"
    evidence = (witness, _related(piece, Relation.NEUTRAL))
    return Verdict(Label.STALE, former.score, reason, evidence, current=piece, verifier=NAME)


def _told(said: Sentence, heir: Evidence) -> str:
    """Return the sentence of a successor that is nearest to the claim; all of it if none is near."""
    share, sentence = _nearest_in(said, heir)
    return sentence if share >= _NEAR else plain(heir.text)


def _says_the_same(said: Sentence, text: str) -> bool:
    """Say whether a text may state the claim in other words, so that its first wording alone was superseded."""
    found = features(said.text, text)
    return found.coverage >= _SAME_STATEMENT and not found.conflicts


def _nearest(said: Sentence, passages: Iterable[Evidence]) -> tuple[Evidence, str] | None:
    """Return the passage with the sentence nearest to the claim, and that sentence."""
    best: tuple[float, float, Evidence, str] | None = None
    for piece in passages:
        share, text = _nearest_in(said, piece)
        if best is None or (share, piece.score) > best[:2]:
            best = (share, piece.score, piece, text)
    return None if best is None else (best[2], best[3])


def _nearest_in(said: Sentence, piece: Evidence) -> tuple[float, str]:
    """Return the sentence of a passage that shares most of the claim's words, with that share."""
    shares = [(coverage(said, read(text)), text) for text in _sentences(piece)]
    return max(shares, key=lambda pair: pair[0], default=(0.0, plain(piece.text)))


def _related(piece: Evidence, relation: Relation) -> Evidence:
    return replace(piece, relation=relation)


def _span(aligned: Aligned | None) -> Span | None:
    return None if aligned is None else Span(aligned.said.start, aligned.said.end)


def _correction(said: Value, true: Value) -> tuple[Span, str | None]:
    """Return where the claim states its value, with the comparator where there is one, and what may stand there."""
    if said.bound is Bound.EXACT:
        return Span(said.start, said.end), render(true, said)
    if said.phrase_end > said.end or true.bound is not Bound.EXACT:
        return Span(said.start, said.end), None
    return Span(said.phrase_start, said.end), render(true, said)


def _quoted(finding: _Finding) -> str:
    return _shown(finding.sentence.text)


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"}"'


def explain(claim: Claim, evidence: Sequence[Evidence]) -> str:
    """Say why nothing was concluded: which evidence came nearest to the claim, and in what it differs.

    Args:
        claim: The claim no verifier could decide.
        evidence: What they were shown.
    """
    said = read(claim.text)
    nearest = _nearest(said, evidence)
    if nearest is None:
        return "no source says this: no evidence was found"
    piece, sentence = nearest
    found = features(claim.text, sentence)
    if found.coverage < _NEAR:
        return "no source says this, and none that was found speaks of it"
    where = f"the nearest ({piece.source})"
    if piece.standing is not Standing.CURRENT:
        where = f"the nearest ({piece.source}, {piece.standing})"
    if found.conflicts:
        return f"no source says this; {where} differs in {', '.join(found.conflicts)}"
    absent = found.names or found.missing
    if absent:
        return f"no source says this; {where} does not mention {', '.join(absent[:4])}"
    return f"no source says this in so many words; {where} says {_shown(sentence)}"
