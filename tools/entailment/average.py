"""``average``: the mean of the weights of two runs of which one went on from the other; better than either.

The table of word vectors is taken from the first run as it is: the text encoder shares it, and what was fitted to that
encoder's vectors must not move with every new model.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.entailment.journal import Journal, digest, read
from tools.entailment.options import AverageOptions

WORDS = "encoder.embeddings.word_embeddings.weight"
"""Name of the table of word vectors among a judge's weights."""


def average(options: AverageOptions) -> Path:
    """Write ``weights.pt``, the tokenizer and the second run's log to ``options.out``; return the folder."""
    import torch

    options.out.mkdir(parents=True, exist_ok=True)
    first, second = (torch.load(folder / "weights.pt", weights_only=True) for folder in (options.first, options.second))
    torch.save(mean_of(first, second, share=options.share), options.out / "weights.pt")
    for name in ("tokenizer.json", "train.jsonl"):
        shutil.copyfile(options.second / name, options.out / name)
    Journal(options.out / "train.jsonl").write(
        "averaged",
        share=options.share,
        runs=[[folder.name, digest(folder / "weights.pt")] for folder in (options.first, options.second)],
        earlier=[record for record in read(options.first / "train.jsonl") if record["event"] == "start"][-1:],
    )
    return options.out


def mean_of(first: Mapping[str, Any], second: Mapping[str, Any], *, share: float) -> dict[str, Any]:
    """Return the weighted mean of two runs' weights, with the word vectors of the first.

    Args:
        first: Weights of a run.
        second: Weights of a run that went on from it.
        share: Weight of the second.
    """
    found = {name: (1 - share) * value + share * second[name] for name, value in first.items()}
    return found | {WORDS: first[WORDS]}
