"""The options of each stage, apart from the stages, so that the help needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PrepareOptions:
    """What ``prepare`` was asked for.

    Attributes:
        data: Folder of the labelled data.
        out: Folder to write to.
        seed: Of every draw.
        generated: Pairs to generate; 0 leaves the generator out.
        marked: Whether to mark quantities and names.
        share: Share of every source to keep, for a quick try.
    """

    data: Path
    out: Path
    seed: int = 7
    generated: int = 55_000
    marked: bool = True
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class VaryOptions:
    """What ``vary`` was asked for.

    Attributes:
        data: Folder of the labelled data.
        out: Folder to write to.
        seed: Of every draw; another one than that of the mix before gives other pairs.
        share: Share of every part to make, for a quick try.
    """

    data: Path
    out: Path
    seed: int = 11
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What ``train`` was asked for.

    Attributes:
        data: Folder that ``prepare`` wrote.
        out: Folder for checkpoints, log and weights.
        seed: Of the order, the drop-out and the head.
        minutes: Budget; the learning rate reaches zero when it or ``passes`` is used up, whichever is first.
        passes: Passes over the mix.
        rate: Peak learning rate.
        batch: Pairs in a batch.
        margin: Weight of the margin loss between twins.
        neutral: Weight of neutral rows.
        mark_dropout: Share of pairs shown without their marks.
        mark_noise: Share of pairs with one wrong mark.
        layers: Layers of the encoder.
        threads: Threads of torch.
        watch_every: Minutes between two looks at the watch set.
        stop_after: Pairs after which to stop, for a quick try.
        start: File of weights to begin with, such as those of an earlier run; empty for the published encoder.
        dropout: In the encoder and before the head.
    """

    data: Path
    out: Path
    seed: int = 1
    minutes: float = 75.0
    passes: float = 1.3
    rate: float = 1e-4
    batch: int = 32
    margin: float = 0.1
    neutral: float = 1.2
    mark_dropout: float = 0.15
    mark_noise: float = 0.03
    layers: int = 6
    threads: int = 2
    watch_every: float = 12.0
    stop_after: int = 0
    start: str = ""
    dropout: float = 0.05


@dataclass(frozen=True, slots=True)
class AverageOptions:
    """What ``average`` was asked for.

    Attributes:
        out: Folder for the mean.
        first: Folder of a run; its word vectors are kept.
        second: Folder of a run that went on from the first.
        share: Weight of the second.
    """

    out: Path
    first: Path = Path()
    second: Path = Path()
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class QuantizeOptions:
    """What ``quantize`` was asked for.

    Attributes:
        data: Folder that ``prepare`` wrote; its watch set is what fp32 and int8 are compared on.
        out: Folder that ``train`` wrote; the ONNX files go there.
        rows: Pairs to compare on.
    """

    data: Path
    out: Path
    rows: int = 2000


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """What ``evaluate`` was asked for.

    Attributes:
        data: Folder of the labelled data.
        out: Folder with ``model.int8.onnx`` and ``tokenizer.json``; the figures go there.
        model: File name of the model to measure.
        limit: Most rows of a set, drawn by group; 0 for all. Revisions are always read whole.
        long_limit: The same for sets of long evidence, of which each row costs many calls; 0 for ``limit``.
        windows: Most windows of a long evidence that are read.
        marked: Whether to mark quantities and names; off shows what the marks are worth.
        family: The one family of sets to measure (revisions, transfer, domain, edits); empty for all.
        baselines_only: Whether to score the baselines only and keep the scores; they know no model.
    """

    data: Path
    out: Path
    model: str = "model.int8.onnx"
    limit: int = 0
    long_limit: int = 0
    windows: int = 4
    marked: bool = True
    family: str = ""
    baselines_only: bool = False


@dataclass(frozen=True, slots=True)
class CardOptions:
    """What ``card`` was asked for.

    Attributes:
        data: Folder that ``prepare`` wrote, for its log.
        out: Folder with the model, its logs and its figures; ``CARD.md`` goes there.
    """

    data: Path
    out: Path


@dataclass(frozen=True, slots=True)
class CombineOptions:
    """What ``combine`` was asked for.

    Attributes:
        data: Folder of the labelled data.
        out: Folder with the model; ``combiner.json`` goes there.
        rows: About how many pairs of each source to fit on.
    """

    data: Path
    out: Path
    rows: int = 1_000


@dataclass(frozen=True, slots=True)
class FocusOptions:
    """What ``focus`` was asked for.

    Attributes:
        data: Folder with a whole mix.
        out: Folder for the smaller one.
        seed: Decides which pairs.
    """

    data: Path
    out: Path
    seed: int = 33


@dataclass(frozen=True, slots=True)
class DenseOptions:
    """What ``dense`` was asked for.

    Attributes:
        out: Folder with the weights and the quantised model.
    """

    out: Path


@dataclass(frozen=True, slots=True)
class ShipOptions:
    """What ``ship`` was asked for.

    Attributes:
        out: Folder with the model, its combiner and its card.
        package: Folder to ship to; empty for that of the package.
        version: Name of the model in verdicts; empty for the day and the first digits of its digest.
    """

    out: Path
    package: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class RankOptions:
    """What ``rank`` was asked for.

    Attributes:
        data: Folder of the labelled data.
        out: Folder to write to.
        seed: Of the claims and the pool.
        claims: Training claims to read.
        pool: Sentences to search in.
        database: Database of an earlier run to search in, instead of making one.
    """

    data: Path
    out: Path
    seed: int = 11
    claims: int = 5_000
    pool: int = 100_000
    database: str = ""


OF_STAGE: dict[str, type] = {
    "prepare": PrepareOptions,
    "focus": FocusOptions,
    "vary": VaryOptions,
    "train": TrainOptions,
    "average": AverageOptions,
    "quantize": QuantizeOptions,
    "evaluate": EvaluateOptions,
    "combine": CombineOptions,
    "card": CardOptions,
    "dense": DenseOptions,
    "ship": ShipOptions,
    "rank": RankOptions,
}
"""The options' class of each stage."""
