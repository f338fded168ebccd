"""Judges pairs: network, words and combiner together, remembered."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

from guardlayer.errors import ConfigError
from guardlayer.verifiers.entailment import signals
from guardlayer.verifiers.entailment.combiner import Chances, Combiner
from guardlayer.verifiers.entailment.files import COMBINER, checked
from guardlayer.verifiers.entailment.network import Network, Reading
from guardlayer.verifiers.lexical_features import Features, features, names, read
from guardlayer.verifiers.polarity import denied

REMEMBERED = 4096
"""Pairs whose chances are kept."""
_VETOED = 0.4
"""Most that evidence supports a claim whose quantities or directions it gives otherwise."""
_ABOUT = 0.5
"""Share of the claim's content words from which on evidence speaks of the same."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found about a pair.

    Attributes:
        chances: Calibrated.
        signals: What speaks against the claim beside the network, in words that follow "differs in".
        coverage: Share of the claim's content words that the evidence has.
        second: Whether something besides the network bears out that the evidence speaks of what the claim says; where
            nothing does, it must be the surer to refute it.
        about: Whether the evidence surely speaks of the claim's subject.
        logits: What the network alone says: supports, neutral, refutes.
        denied: Whether exactly one of the two denies what they speak of; ``None`` where neither denies anything.
    """

    chances: Chances
    signals: tuple[str, ...]
    coverage: float
    second: bool
    about: bool
    logits: tuple[float, float, float]
    denied: bool | None = None


class PairJudge:
    """Judges (evidence, claim) pairs with the model of a folder; the same pair is read once.

    Safe to share between threads. Keys are the texts themselves, so that another version of a passage is another pair;
    a judge belongs to one model.

    Args:
        folder: Folder with the model's files.
    """

    def __init__(self, folder: Path) -> None:
        self.network = Network(folder)
        self._combiner: Combiner | None = None
        self._known: OrderedDict[tuple[str, str], Judged] = OrderedDict()
        self._lock = Lock()

    @property
    def combiner(self) -> Combiner:
        """The combiner of the model."""
        if self._combiner is None:
            folder = self.network.folder
            content = checked(folder, COMBINER, self.network.manifest)
            try:
                self._combiner = Combiner.read(json.loads(content), names=signals.NAMES)
            except (ValueError, TypeError, KeyError) as error:
                raise ConfigError(f"{folder / COMBINER} cannot be read: {error}; reinstall the package") from error
        return self._combiner

    @property
    def ready(self) -> bool:
        """Whether the model is in memory."""
        return self.network.loaded

    def make_ready(self) -> None:
        """Load the model; what is wrong with it shows when it is first asked."""
        with suppress(ConfigError):
            self.network.load()

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judged]:
        """Judge (evidence, claim) pairs.

        Raises:
            ConfigError: The model's files are not what its manifest says.
        """
        with self._lock:
            known = {pair: self._known[pair] for pair in pairs if pair in self._known}
            for pair in known:
                self._known.move_to_end(pair)
        new = [pair for pair in dict.fromkeys(pairs) if pair not in known]
        if new:
            combiner = self.combiner
            readings = self.network.begin(new)
            compared = [features(claim, evidence) for evidence, claim in new]
            for pair, found, reading in zip(new, compared, readings(), strict=True):
                known[pair] = _combined(combiner, reading, found, pair[1])
            with self._lock:
                self._known.update((pair, known[pair]) for pair in new)
                while len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        return [known[pair] for pair in pairs]


@lru_cache(maxsize=8)
def judge_of(folder: Path) -> PairJudge:
    """Return the judge of a model folder: one for all who ask, so that the model is loaded once."""
    return PairJudge(folder)


def _combined(combiner: Combiner, reading: Reading, found: Features, claim: str) -> Judged:
    chances = combiner.chances(signals.vector(reading))
    if signals.forbids_support(reading, found, claim):
        kept = min(chances.supports, _VETOED)
        chances = Chances(kept, chances.neutral + chances.supports - kept, chances.refutes)
    against = signals.against(reading, found)
    same = found.coverage >= _ABOUT
    about = same and signals.names_subject(claim, found)
    second = bool(against) or same or bool(names(read(claim)) and not found.names)
    opposed = denied(claim, found.sentence)
    return Judged(chances, against, found.coverage, second, about, reading.logits, opposed)
