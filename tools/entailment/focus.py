"""``focus``: takes a smaller mix out of a whole one, with revisions in the majority and a little of all the rest.

A last stage of training on it teaches contrast without forgetting breadth: earlier runs gained most on revisions from a
mix of which three quarters were revisions, after one of everything.
"""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tools.entailment.journal import Journal
from tools.entailment.options import FocusOptions

WHOLE = ("vitaminc_real", "vitaminc_crossed")
SOME = {
    "vitaminc_synthetic": 9000, "fever": 5000, "fever_nei": 3500, "mnli_dev": 4500, "generated": 7000, "cad_nli": 4000,
    "fever_distracted": 3000, "snli_dev": 1500, "scitail_dev": 600, "edit_original": 3000,
}  # fmt: skip
"""Least number of pairs of each source; twins stay together, and an edit comes with its original."""


def focus(options: FocusOptions) -> Path:
    """Write ``train.parquet`` and the watch set of ``options.data`` to ``options.out``."""
    table = pq.read_table(options.data / "train.parquet")
    sources, twins = table["source"].to_pylist(), table["twin"].to_pylist()
    rng = random.Random(options.seed)
    kept = {at for at, source in enumerate(sources) if source in WHOLE}
    for source, least in SOME.items():
        groups: dict[str, list[int]] = defaultdict(list)
        for at, name in enumerate(sources):
            if name == source:
                groups[twins[at] or f"_{at}"].append(at)
        keys = list(groups)
        rng.shuffle(keys)
        taken: list[int] = []
        for key in keys:
            if len(taken) >= least:
                break
            taken += groups[key]
        kept.update(taken)
    known = {twins[at] for at in kept if twins[at]}
    kept |= {at for at, source in enumerate(sources) if source.startswith("edit_") and twins[at] in known}
    options.out.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.take(pa.array(sorted(kept))), options.out / "train.parquet")
    pq.write_table(pq.read_table(options.data / "watch.parquet"), options.out / "watch.parquet")
    Journal(options.out / "prepare.jsonl").write("focused", seed=options.seed, pairs=len(kept), of=table.num_rows)
    return options.out / "train.parquet"
