"""``train``: fits the network to the mix; goes on from its last checkpoint when it was stopped."""

from __future__ import annotations

import math
import os
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import torch
from torch.nn import functional

from tools.entailment import metrics, mixing
from tools.entailment.encoding import Encoded, Encoder
from tools.entailment.journal import Journal
from tools.entailment.model import Judge, base_folder, fresh
from tools.entailment.options import TrainOptions
from tools.entailment.pairs import Label


@dataclass(slots=True)
class _Rows:
    encoded: list[Encoded]
    labels: list[int]
    twins: list[str]
    sources: list[str]


class _Average:
    """The moving average of all weights, which is what ships."""

    def __init__(self, judge: Judge, *, decay: float = 0.996, every: int = 4) -> None:
        self._decay, self._every, self._step = decay, every, 0
        self.state = {name: value.detach().clone().float() for name, value in judge.state_dict().items()}

    def update(self, judge: Judge) -> None:
        """Take in the weights after a step."""
        self._step += 1
        if self._step % self._every:
            return
        decay = min(self._decay, (1 + self._step / self._every) / (10 + self._step / self._every))
        for name, value in judge.state_dict().items():
            self.state[name].lerp_(value.detach().float(), 1 - decay)


def train(options: TrainOptions) -> Path:
    """Train, and write ``weights.pt`` (the averaged weights) and ``tokenizer.json``; return the folder."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    journal = Journal(options.out / "train.jsonl")
    encoder = Encoder(base_folder() / "tokenizer.json")
    encoder.save(options.out / "tokenizer.json")
    torch.save(_Run(options, journal, encoder).go(), options.out / "weights.pt")
    return options.out


def _load(path: Path, encoder: Encoder) -> _Rows:
    table = pq.read_table(path)
    encoded = encoder.encode(table["evidence"].to_pylist(), table["claim"].to_pylist())
    return _Rows(encoded, table["label"].to_pylist(), table["twin"].to_pylist(), table["source"].to_pylist())


def _groups(judge: Judge) -> list[dict[str, Any]]:
    decayed = [p for name, p in judge.named_parameters() if p.dim() > 1 and "embeddings" not in name]
    rest = [p for name, p in judge.named_parameters() if p.dim() <= 1 or "embeddings" in name]
    return [{"params": decayed, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]


def tensors(batch: list[Encoded]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pad encoded pairs to ids, types and mask, each ``(batch, tokens)``."""
    longest = -(-max(len(pair.ids) for pair in batch) // 8) * 8  # few shapes, for which kernels are kept
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    types, mask = torch.zeros_like(ids), torch.zeros_like(ids)
    for row, pair in enumerate(batch):
        ids[row, : len(pair.ids)] = torch.tensor(pair.ids)
        types[row, pair.border : len(pair.ids)] = 1
        mask[row, : len(pair.ids)] = 1
    return ids, types, mask


class _Run:
    """One run: what it works on, how far it is, and how it goes on."""

    def __init__(self, options: TrainOptions, journal: Journal, encoder: Encoder) -> None:
        self._options, self._journal = options, journal
        self._rows = _load(options.data / "train.parquet", encoder)
        self._watch = _load(options.data / "watch.parquet", encoder)
        self._judge = fresh(encoder, dropout=options.dropout, layers=options.layers)
        if options.start:
            self._judge.load_state_dict(torch.load(options.start, weights_only=True))
        self._optimizer = torch.optim.AdamW(
            _groups(self._judge), lr=options.rate, betas=(0.9, 0.98), eps=1e-6, fused=True
        )
        self._average = _Average(self._judge)
        self._marks, self._mark_list = encoder.marks, sorted(encoder.marks)
        self._seen, self._spent, self._passed, self._batch = 0, 0.0, 0, 0
        self._checkpoint = options.out / "checkpoint.pt"
        self._rng = random.Random(options.seed)

    def go(self) -> dict[str, torch.Tensor]:
        """Train to the end of the budget, and return the averaged weights."""
        options = self._options
        if self._checkpoint.exists():
            self._restore()
        total = int(len(self._rows.labels) * options.passes)
        fields = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(options).items()}
        self._journal.write("start", pairs=len(self._rows.labels), total=total, seen=self._seen, options=fields)
        begun = time.monotonic() - self._spent
        watched = shown = self._spent
        running = 0.0
        self._judge.train()
        while True:
            plan = mixing.batches(
                [len(pair.ids) for pair in self._rows.encoded],
                self._rows.twins,
                size=options.batch,
                seed=options.seed * 1000 + self._passed,
            )
            while self._batch < len(plan):
                progress = max(self._seen / total, self._spent / 60 / options.minutes)
                if progress >= 1 or (options.stop_after and self._seen >= options.stop_after):
                    self._look("end")
                    self._save()
                    return self._average.state
                loss = self._step(plan[self._batch], progress)
                running = loss if not running else 0.98 * running + 0.02 * loss
                self._batch += 1
                self._seen += len(plan[self._batch - 1])
                self._spent = time.monotonic() - begun
                if self._spent - shown > 60:
                    rate = round(self._seen / self._spent, 1)
                    self._journal.write(
                        "progress",
                        seen=self._seen,
                        minutes=round(self._spent / 60, 1),
                        loss=round(running, 4),
                        pairs_per_second=rate,
                        share=round(progress, 3),
                    )
                    shown = self._spent
                if self._spent - watched > options.watch_every * 60:
                    self._look("watch")
                    self._save()
                    watched = self._spent = time.monotonic() - begun
            self._passed, self._batch = self._passed + 1, 0

    def _step(self, batch: list[int], progress: float) -> float:
        options = self._options
        scale = min(1.0, progress / 0.04) if progress < 0.04 else max(0.0, (1 - progress) / 0.96)
        for group in self._optimizer.param_groups:
            group["lr"] = options.rate * scale
        ids, types, mask = tensors([self._disturbed(self._rows.encoded[i]) for i in batch])
        labels = torch.tensor([self._rows.labels[i] for i in batch])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = self._judge(ids, types, mask)
        loss = self._loss(logits.float(), labels, batch)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._judge.parameters(), 1.0)
        self._optimizer.step()
        self._average.update(self._judge)
        return float(loss.detach())

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor, batch: list[int]) -> torch.Tensor:
        logs = functional.log_softmax(logits, dim=-1)
        known = labels.clamp(max=2)
        single = -logs.gather(1, known.unsqueeze(1)).squeeze(1)
        either = -torch.logsumexp(logs[:, 1:], dim=-1)
        weights = torch.where(labels == Label.NEUTRAL, self._options.neutral, 1.0)
        loss = (torch.where(labels == Label.NOT_SUPPORTS, either, single) * weights).mean()
        couples = mixing.contrasts(batch, self._rows.labels, self._rows.twins)
        if couples and self._options.margin:
            score = logs[:, 0] - torch.logsumexp(logs[:, 1:], dim=-1)
            first, second = (torch.tensor(side) for side in zip(*couples, strict=True))
            loss = loss + self._options.margin * functional.relu(2.0 - score[first] + score[second]).mean()
        return loss

    def _disturbed(self, pair: Encoded) -> Encoded:
        """Drop or falsify marks now and then, so that the network does not lean on them alone."""
        draw = self._rng.random()
        if draw < self._options.mark_dropout:
            before = sum(token in self._marks for token in pair.ids[: pair.border])
            return Encoded([token for token in pair.ids if token not in self._marks], pair.border - before)
        if draw < self._options.mark_dropout + self._options.mark_noise:
            places = [i for i, token in enumerate(pair.ids) if token in self._marks]
            if places:
                ids = list(pair.ids)
                ids[self._rng.choice(places)] = self._rng.choice(self._mark_list)
                return Encoded(ids, pair.border)
        return pair

    def _look(self, event: str) -> None:
        """Measure the averaged weights on the watch set."""
        kept = {name: value.clone() for name, value in self._judge.state_dict().items()}
        self._judge.load_state_dict(self._average.state)
        logits = predict(self._judge, self._watch.encoded)
        self._judge.load_state_dict(kept)
        self._judge.train()
        for source in sorted(set(self._watch.sources)):
            at = [i for i, name in enumerate(self._watch.sources) if name == source]
            guesses = [max(range(3), key=lambda k, i=i: logits[i][k]) for i in at]  # type: ignore[misc]
            labels = [self._watch.labels[i] for i in at]
            twins = [self._watch.twins[i] for i in at]
            self._journal.write(
                event,
                set=source,
                seen=self._seen,
                minutes=round(self._spent / 60, 1),
                rows=len(at),
                accuracy=round(metrics.accuracy(labels, guesses), 4),
                balanced=round(metrics.balanced(labels, guesses), 4),
                twins=round(metrics.twins_right(labels, guesses, twins).share, 4),
            )

    def _save(self) -> None:
        state = {
            "judge": self._judge.state_dict(),
            "average": self._average.state,
            "optimizer": self._optimizer.state_dict(),
            "seen": self._seen,
            "spent": self._spent,
            "passed": self._passed,
            "batch": self._batch,
            "torch_rng": torch.get_rng_state(),
            "rng": self._rng.getstate(),
        }
        partial = self._checkpoint.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(self._checkpoint)

    def _restore(self) -> None:
        state = torch.load(self._checkpoint, weights_only=False)  # a file that this very run wrote
        self._judge.load_state_dict(state["judge"])
        self._average.state = state["average"]
        self._optimizer.load_state_dict(state["optimizer"])
        self._seen, self._spent = state["seen"], state["spent"]
        self._passed, self._batch = state["passed"], state["batch"]
        torch.set_rng_state(state["torch_rng"])
        self._rng.setstate(state["rng"])


def predict(judge: Judge, encoded: list[Encoded], *, batch: int = 32) -> list[list[float]]:
    """Return the logits of pairs, in their order; the module is left in evaluation mode."""
    judge.eval()
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].ids))
    result: list[list[float]] = [[]] * len(encoded)
    with torch.inference_mode():
        for start in range(0, len(order), batch):
            some = order[start : start + batch]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = judge(*tensors([encoded[i] for i in some])).float().tolist()
            for position, values in zip(some, logits, strict=True):
                if not all(math.isfinite(value) for value in values):
                    raise RuntimeError("the network gave a value that is no number: lower the learning rate")
                result[position] = values
    return result
