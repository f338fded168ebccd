"""Stages 4 and 5 of the cascade: what the network says of passages, combined, calibrated, and decided.

A claim is supported if each of its sentences is, by its best window of a current passage. It is stale if it is so by a
superseded passage and by no current one, or much less so, or by none that has the names it has; it is contradicted only
if something besides the network speaks against it. In between nothing is decided: the claim stays *unsupported*, and
the reason says how near the evidence is. Evidence is data: nothing in a passage is followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from guardlayer.text import STOP_WORDS, search_terms
from guardlayer.types import Claim, Evidence, Standing, Verdict
from guardlayer.verifiers.entailment import reasons, signals, succession, windows
from guardlayer.verifiers.entailment.combiner import Combiner
from guardlayer.verifiers.entailment.files import SHIPPED, missing
from guardlayer.verifiers.entailment.judging import Judged, PairJudge, judge_of
from guardlayer.verifiers.lexical_features import features, names, read
from guardlayer.verifiers.lexical_succession import names_of_code, plain, restates
from guardlayer.verifiers.standings import standing_at

NAME = "entailment/1"

MOST_CURRENT, MOST_FORMER = 4, 2
"""Windows that are read for each sentence of a claim: of current passages, and of superseded ones."""
AT_ONCE = 2
"""Windows that are read before it is asked whether they suffice; fixed, so that no verdict depends on the machine."""
MOST_PIECES, MOST_WINDOWS, MOST_PARTS = 32, 400, 8
"""Beyond these nothing is read: passages of one call, windows of one passage, sentences of one claim."""
_FAR = 0.5
"""A window that shares less than this part of what the nearest one shares of the claim's words is not read."""
_LEAST_WORDS = 0.1
"""Share of the claim's content words below which nothing is refuted but quantities."""
_NEAR_WORDS = 0.3
"""Share of the claim's content words below which a window must refute it more surely: it may be about another thing."""
_STALE_GAP = 0.35
"""By how much more a superseded passage must support a claim than every current one does."""
_EDITED_GAP = 0.15
"""The same beside its own successor, where that refutes the claim: the edit is what the claim is about."""
_CLEAR = 0.1
"""By how much more it must then support the claim than any current passage."""
_AS_SURE = 0.15
"""By how much less than the surest superseded passage a later one may support a claim and still date it."""
_SAME_WORDS = 0.8
"""Share of the claim's content words from which on it may be the same sentence with other plain words in it."""
_DENIED_ODDS = 2.0
"""How much likelier than support a refutation must be that rests on a negation alone."""
_APART = 0.2
"""How much less of the claim's words a passage has that does not speak of the same, however sure the network is."""
_LATIN = 0.6
_FOREIGN = frozenset(
    """der die das ist und nicht ein eine le les des est une dans pour que el los las es una por con il lo gli che
    di het een niet och är det som""".split()  # noqa: SIM905
)
"""Function words of other languages that are none in English."""


@dataclass(frozen=True, slots=True)
class Read:
    """A window that was read for one sentence of a claim.

    Attributes:
        evidence: The passage.
        text: The window.
        found: What was found.
    """

    evidence: Evidence
    text: str
    found: Judged


class Part(NamedTuple):
    """One sentence of a claim, with what was read for it, the nearest window first."""

    text: str
    current: list[Read]
    former: list[Read]


class EntailmentVerifier:
    """Reads passages with the shipped model; keyed facts are not its business.

    The model is loaded when the first passage is read, once for all verifiers of a folder. Where it is not installed
    the verifier decides nothing and says so in :attr:`notice`.

    Args:
        folder: Folder with the model's files.

    Raises:
        ConfigError: When first asked: the model's files are not what its manifest says.
    """

    name = NAME
    slow = True
    """Takes milliseconds, so that the async driver calls it outside of the event loop."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or SHIPPED
        self._missing = missing(self.folder)
        self._judge: PairJudge | None = None if self._missing else judge_of(self.folder)

    @property
    def notice(self) -> str | None:
        """What every report must say where the model cannot be used; ``None`` where it can."""
        return None if self._missing is None else f"the entailment model is not used: {self._missing}"

    def __call__(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
        """Return a verdict where the passages settle the claim, else ``None``; see :class:`Verifier`."""
        parts = self.read(claim, evidence, at)
        if not parts:
            return None
        assert self._judge is not None
        combiner = self._judge.combiner
        replaced = self._replaced(claim.text, parts)
        if replaced is not None:
            return replaced
        supporting = [_best_support(part.current) for part in parts]
        if all(one is not None and _supports(one) >= combiner.supported for one in supporting):
            found = [one for one in supporting if one is not None]
            return self._outdated(claim.text, parts) or self._rivalled(found, parts) or reasons.supported(found)
        former = self._former(claim.text, parts) or self._outdated(claim.text, parts)
        if former is not None:
            return former
        refuting = self._refuting(parts)
        if refuting is not None:
            return self._edited(claim.text, parts) or reasons.contradicted(refuting)
        return None

    def explain(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> Verdict | None:
        """Return *unsupported* with how near the evidence is, where some is near and none decides."""
        parts = self.read(claim, evidence, at)
        weakest = min(
            (best for part in parts if (best := _best_support(part.current)) is not None), key=_supports, default=None
        )
        if weakest is None or any(not part.current for part in parts):
            return None
        near = max((one for part in parts for one in part.current), key=lambda one: one.found.chances.refutes)
        against = near.found.chances.refutes
        return reasons.undecided(weakest, near) if max(_supports(weakest), against) >= _NEAR else None

    def prefetch(self, evidence: Sequence[Evidence]) -> None:
        """Begin to load the model ahead of the first claim, in a thread, where there are passages to read."""
        judge = self._judge
        if judge is not None and not judge.ready and any(piece.fact is None for piece in evidence):
            Thread(target=judge.make_ready, name="guardlayer-entailment-load").start()

    def read(self, claim: Claim, evidence: Sequence[Evidence], at: datetime) -> list[Part]:
        """Return what is read for each sentence of a claim; nothing where it is none that the model can read.

        Superseded passages are read only for what no current one supports, or what one of them has more words of.
        """
        if self._judge is None:
            return []
        passages = [piece for piece in evidence if piece.fact is None][:MOST_PIECES]
        if not passages or not _readable(claim.text):
            return []
        now = [piece for piece in passages if standing_at(piece, at) in (Standing.CURRENT, Standing.DISPUTED)]
        old = [piece for piece in passages if standing_at(piece, at) is Standing.SUPERSEDED]
        now += [piece.replaced_by for piece in old if piece.replaced_by is not None and piece.replaced_by not in now]
        said = windows.parts(claim.text)
        if len(said) > MOST_PARTS:
            return []
        cut_now, cut_old = list(_cut(now)), list(_cut(old))
        parts = []
        for text in said:
            current = self._nearest(text, cut_now, MOST_CURRENT)
            former: list[Read] = []
            best = _best_support(current)
            if cut_old and (
                best is None
                or _supports(best) < self._judge.combiner.supported
                or _named(text) - _named(best.text)
                or _most_shared(text, cut_old) > _most_shared(text, cut_now)
                or any(_told(text, piece, window) for piece, window in _closest(text, cut_old))
            ):
                former = [one for one in self._nearest(text, cut_old, MOST_FORMER) if not _newer(text, one)]
            parts.append(Part(text, current, former))
        return parts

    def _nearest(self, said: str, cut: Sequence[tuple[Evidence, str]], most: int) -> list[Read]:
        """Read the windows that share most with a sentence, a few at a time, until one supports it."""
        assert self._judge is not None
        terms = set(search_terms(said))
        if not terms:
            return []
        shares = [(len(terms.intersection(search_terms(text))) / len(terms), at) for at, (_, text) in enumerate(cut)]
        few = len(cut) <= AT_ONCE  # with so little to read nothing need be left out
        least = _FAR * max((share for share, _ in shares), default=0.0)
        ranked = sorted((pair for pair in shares if few or (pair[0] and pair[0] >= least)), key=lambda p: (-p[0], p[1]))
        found: list[Read] = []
        for start in range(0, min(most, len(ranked)), AT_ONCE):
            some = [at for _, at in ranked[start : min(start + AT_ONCE, most)]]
            judged = self._judge.judge([(cut[at][1], said) for at in some])
            found += [Read(*cut[at], one) for at, one in zip(some, judged, strict=True)]
            if max(map(_supports, found)) >= self._judge.combiner.supported:
                break
        return found

    def _replaced(self, claim: str, parts: Sequence[Part]) -> Verdict | None:
        """Return *stale* where a sentence is the older of two versions of a passage, by what the edit changed.

        Another current passage that says it, or is as near, leaves that open.
        """
        for part in parts:
            taken: list[Read] = []
            heirs: list[Read] = []
            for old in part.former:
                heir = old.evidence.replaced_by
                if heir is None:
                    continue
                new = self._heir(part.text, heir, old)
                others = [one for one in part.current if one.evidence.text != heir.text]
                if self._outlived(part.text, old, new, others):
                    taken.append(old)
                    heirs.append(new)
            if taken:
                # The last wording that said so gives the date, also where it is nearer to what came after.
                line = [one for one in part.former if one in taken or _same_line(part.text, one, taken[0])]
                witness = _last(part.text, line) or taken[0]
                return reasons.stale(witness, [*heirs, *part.current], claim=claim)
        return None

    def _heir(self, said: str, heir: Evidence, old: Read) -> Read:
        """Read the window of a passage that is nearest to a sentence and to what the passage took the place of."""
        assert self._judge is not None
        terms = [*search_terms(said), *search_terms(old.text)]
        text = max(
            (text for _, text in _cut([heir])), key=lambda text: sum(map(set(search_terms(text)).__contains__, terms))
        )
        return Read(heir, text, self._judge.judge([(text, said)])[0])

    def _outlived(self, said: str, old: Read, new: Read, others: Sequence[Read]) -> bool:
        """Say whether a sentence is what an older version says, against the new one and all other passages."""
        judge = self._judge
        assert judge is not None
        found = succession.change(said, old.text, new.text, markdown=old.evidence.text)
        best = _best_support(others)
        if best is not None:
            sure = judge.combiner.supported
            says_so, unsure = _supports(best) >= sure, _supports(old) < sure
            if (says_so or unsure) and best.found.coverage > found.near - (_APART if says_so else 0.0):
                return False
            as_near = says_so or succession.margin(old.found, best.found) < succession.MARGIN
            if as_near and not found.plainly:
                return False

        def kept() -> float:
            return judge.judge([(found.new, found.old)])[0].chances.supports

        return succession.outdated(found, old.found, new.found, kept=kept, claim=said)

    def _former(self, claim: str, parts: Sequence[Part]) -> Verdict | None:
        """Return *stale* where superseded passages say what no current one does."""
        assert self._judge is not None
        least = self._judge.combiner.supported
        witness: Read | None = None
        for part in parts:
            best = _best_support(part.current)
            now = 0.0 if best is None else _supports(best)
            if now >= least:
                continue
            old = _last(part.text, part.former)
            if old is None or _supports(old) < max(least, now + _STALE_GAP):
                return None
            witness = witness or old
        if witness is None:
            return None
        return reasons.stale(witness, [one for part in parts for one in part.current], claim=claim)

    def _outdated(self, claim: str, parts: Sequence[Part]) -> Verdict | None:
        """Return *stale* where a superseded passage says a sentence by the names it has, or much better.

        A page that calls a thing by another name now does not say it of that name any more, however near the network
        finds the two.
        """
        assert self._judge is not None
        least = self._judge.combiner.supported
        for part in parts:
            old, best = _last(part.text, part.former), _best_support(part.current)
            if old is None or _supports(old) < least:
                continue
            heir = old.evidence.replaced_by
            named = _named(part.text) & _named(old.text)
            told = _named(" ".join(one.text for one in part.current)) | _named("" if heir is None else heir.text)
            better = heir is not None and best is not None and _supports(old) >= _supports(best) + _STALE_GAP
            if named - told or better:
                return reasons.stale(old, part.current, claim=claim)
        return None

    def _edited(self, claim: str, parts: Sequence[Part]) -> Verdict | None:
        """Return *stale* where what took the place of a passage refutes a sentence that the passage speaks for."""
        for part in parts:
            heirs = {one.evidence.text: one for one in part.current}
            best = max(map(_supports, part.current), default=0.0)
            for old in sorted(part.former, key=_supports, reverse=True):
                heir = old.evidence.replaced_by and heirs.get(old.evidence.replaced_by.text)
                if not heir:
                    continue
                now, then = heir.found.chances, old.found.chances
                turned = min(then.supports - now.supports, now.refutes - then.refutes) >= _EDITED_GAP
                if turned and then.supports >= max(then.refutes, best + _CLEAR):
                    return reasons.stale(old, part.current, claim=claim)
        return None

    def _refuting(self, parts: Iterable[Part]) -> Read | None:
        """Return the window that refutes a sentence which none supports, given a second signal."""
        assert self._judge is not None
        combiner = self._judge.combiner
        found = []
        for part in parts:
            best = max(part.current, key=lambda one: 1 - one.found.chances.neutral, default=None)
            if best is not None and _refutes(best, part.text, combiner):
                found.append(best)
        return max(found, key=lambda one: one.found.chances.refutes, default=None)

    def _rivalled(self, supporting: Sequence[Read], parts: Iterable[Part]) -> Verdict | None:
        """Weigh what supports a claim against what refutes it: the higher authority wins, equals are disputed."""
        against = self._refuting(parts)
        if against is None or not against.found.about:
            return None
        least = min(supporting, key=lambda one: one.evidence.source.authority)
        for_it, other = least.evidence.source, against.evidence.source
        if other.id == for_it.id or other.authority < for_it.authority:
            return None
        if other.authority > for_it.authority:
            return reasons.contradicted(against)
        return reasons.disputed(least, against)


_NEAR = 0.25
"""Chance below which evidence is not called near."""


def _supports(one: Read) -> float:
    return one.found.chances.supports


def _best_support(found: Iterable[Read]) -> Read | None:
    return max(found, key=lambda one: (_supports(one), one.evidence.source.authority), default=None)


def _last(said: str, former: Sequence[Read]) -> Read | None:
    """Return the superseded window that supports a sentence, by its names, and was the last to."""
    best = _best_support(former)
    if best is None:
        return None
    named = _named(said)
    as_sure = [one for one in former if _supports(one) >= _supports(best) - _AS_SURE]
    most = max(len(named & _named(one.text)) for one in as_sure)
    as_sure = [one for one in as_sure if len(named & _named(one.text)) == most]
    dated = [one for one in as_sure if one.evidence.valid.end is not None]
    return max(dated, key=lambda one: (one.evidence.valid.end, _supports(one)), default=best)


def _same_line(said: str, one: Read, other: Read) -> bool:
    """Say whether one passage took the place of both and lacks what the sentence has, or none did of the first."""
    heir, same = one.evidence.replaced_by, other.evidence.replaced_by
    if heir is None or same is None:
        return heir is None
    return heir.text == same.text and _told(said, one.evidence, one.text)


def _named(text: str) -> set[str]:
    """Return the names in a text, of things and of code, as they are compared."""
    shown = plain(text)
    return {*names(read(shown)), *names_of_code(shown)}


def _most_shared(said: str, cut: Sequence[tuple[Evidence, str]]) -> float:
    """Return the largest share of a sentence's words that one window has."""
    terms = set(search_terms(said))
    return max((len(terms.intersection(search_terms(text))) / max(1, len(terms)) for _, text in cut), default=0.0)


def _closest(said: str, cut: Sequence[tuple[Evidence, str]]) -> list[tuple[Evidence, str]]:
    """Return the windows that share most of a sentence's words, as many as are read of superseded passages."""
    terms = set(search_terms(said))
    return sorted(cut, key=lambda pair: -len(terms.intersection(search_terms(pair[1]))))[:MOST_FORMER]


def _newer(said: str, old: Read) -> bool:
    """Say whether a sentence has what an edit put into a passage, and nothing of what it took out."""
    heir = old.evidence.replaced_by
    found = None if heir is None else succession.change(said, old.text, heir.text)
    return found is not None and found.gained and not found.lost and not found.value


def _told(said: str, piece: Evidence, window: str) -> bool:
    """Say whether a sentence has in its own words what an edit took out of a passage."""
    heir = piece.replaced_by
    return heir is not None and succession.change(said, window, heir.text, markdown=piece.text).told


def _refutes(one: Read, said: str, combiner: Combiner) -> bool:
    """Say whether a window refutes a sentence: the network says so before all, and its words bear that out."""
    found = one.found
    if found.coverage >= _SAME_WORDS and restates(read(said), read(features(said, one.text).sentence)):
        return False  # the same but for articles, spelling and plain synonyms
    if found.coverage < _LEAST_WORDS and not signals.measured(found.signals):
        return False  # a negation, say, that stands in something else
    chances = found.chances
    if found.denied is not None and set(found.signals) <= {"negation"}:
        # The network takes "is not the same as" for the opposite of "is different from". Code counts what both deny.
        surely = chances.refutes >= _DENIED_ODDS * chances.supports
        if not (found.denied and surely):
            return False
    near = found.second and found.coverage >= _NEAR_WORDS
    least = combiner.contradicted if near else combiner.contradicted_apart
    return chances.refutes >= max(least, chances.neutral, chances.supports)


def _cut(pieces: Iterable[Evidence]) -> Iterable[tuple[Evidence, str]]:
    for piece in pieces:
        for window in windows.cut(windows.said(piece.text))[:MOST_WINDOWS]:
            yield piece, window


def _readable(text: str) -> bool:
    """Say whether a claim is a statement of two content words or more in the language that the model knows, English."""
    said = read(text[: windows.MAX_CHARACTERS])
    if len(said.terms) + len(said.values) < 2 or text.rstrip().endswith("?"):
        return False
    letters = [c for c in text if c.isalpha()]
    if sum(c.isascii() for c in letters) < _LATIN * len(letters):
        return False
    norms = {token.norm for token in said.tokens}
    return norms.isdisjoint(_FOREIGN) or not norms.isdisjoint(STOP_WORDS)
