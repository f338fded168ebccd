"""The options of each stage, apart from the stages, so that the help needs neither torch nor pyarrow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CorpusOptions:
    """What ``corpus`` was asked for.

    Attributes:
        data: Folder of the labelled data.
        out: Folder to write to.
        seed: Of every draw.
        generated: Share of the grammar's counts to write; 0 leaves the grammar out.
    """

    data: Path
    out: Path
    seed: int = 1
    generated: float = 1.0


@dataclass(frozen=True, slots=True)
class TeachOptions:
    """What ``teach`` was asked for.

    Attributes:
        data: Folder that ``corpus`` wrote.
        out: Folder to write to; vectors that lie there are not made again.
        penalty: Weight of the squared weights of the head.
    """

    data: Path
    out: Path
    penalty: float = 2e-4


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What ``train`` was asked for.

    Attributes:
        data: Folder that ``corpus``, and perhaps ``teach``, wrote.
        out: Folder to write the model to.
        seed: Of the draws.
        taught: Weight of a sentence that only the teacher labelled; 0 leaves them out.
        words: Whether to carry over what the teacher knows of single words.
        penalty: Weight of the squared weights.
        rounds: Steps of the fit.
        features: Most signs in the model.
        folds: Parts that are held out in turn, to calibrate, and to find what is added to the margin of talk.
    """

    data: Path
    out: Path
    seed: int = 1
    taught: float = 0.2
    words: bool = True
    penalty: float = 1e-5
    rounds: int = 150
    features: int = 60_000
    folds: int = 3


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """What ``evaluate`` was asked for.

    Attributes:
        data: Folder of the labelled data.
        out: Folder with the model; the figures go there.
        part: ``dev`` to report; ``train`` is the view used while the model is made.
        limit: Most rows of a set; 0 for all.
    """

    data: Path
    out: Path
    part: str = "dev"
    limit: int = 0


@dataclass(frozen=True, slots=True)
class CardOptions:
    """What ``card`` was asked for.

    Attributes:
        data: Folder that ``corpus``, ``teach`` and ``train`` wrote, for their logs.
        out: Folder with the model and its figures; ``CARD.md`` goes there.
    """

    data: Path
    out: Path


OF_STAGE: dict[str, type] = {
    "corpus": CorpusOptions,
    "teach": TeachOptions,
    "train": TrainOptions,
    "evaluate": EvaluateOptions,
    "card": CardOptions,
}
"""The options' class of each stage."""
