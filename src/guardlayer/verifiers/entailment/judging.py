"""Judges pairs: network, words and combiner together, remembered."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

from guardlayer.errors import ConfigError
from guardlayer.verifiers.entailment import signals
from guardlayer.verifiers.entailment.combiner import Chances, Combiner
from guardlayer.verifiers.entailment.files import COMBINER, checked
from guardlayer.verifiers.entailment.network import Network, Reading
from guardlayer.verifiers.lexical_features import features

REMEMBERED = 4096
"""Pairs whose chances are kept."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found about a pair.

    Attributes:
        chances: Calibrated.
        signals: What speaks against the claim beside the network, in words that follow "differs in".
        coverage: Share of the claim's content words that the evidence has.
    """

    chances: Chances
    signals: tuple[str, ...]
    coverage: float


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
            for pair, reading in zip(new, self.network.read(new), strict=True):
                known[pair] = _combined(combiner, reading, *pair)
            with self._lock:
                self._known.update((pair, known[pair]) for pair in new)
                while len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        return [known[pair] for pair in pairs]


@lru_cache(maxsize=8)
def judge_of(folder: Path) -> PairJudge:
    """Return the judge of a model folder: one for all who ask, so that the model is loaded once."""
    return PairJudge(folder)


def _combined(combiner: Combiner, reading: Reading, evidence: str, claim: str) -> Judged:
    found = features(claim, evidence)
    chances = combiner.chances(signals.vector(reading, found, evidence, claim))
    return Judged(chances, signals.against(reading, found), found.coverage)
