"""The tables of an evaluation, in Markdown, from scored sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

from tools.entailment import metrics
from tools.entailment.pairs import Label

if TYPE_CHECKING:
    from tools.entailment.evaluate import Scored

_BASELINES = ("overlap", "cosine", "rules")
_REVISION_HEAD = (
    "set",
    "claims",
    "judge",
    "rows",
    "3-way accuracy",
    "twins both right",
    "twins",
    "balanced",
    "neutrals not refuted",
)


def set_row(one: Scored, thresholds: Mapping[str, float]) -> dict[str, Any]:
    """Return the figures of one set."""
    labels, guesses = one.labels, one.guesses
    neutral = [i for i, label in enumerate(labels) if label == Label.NEUTRAL]
    row: dict[str, Any] = {
        "set": one.dev.name,
        "family": one.dev.family,
        "rows": len(labels),
        "accuracy": _round(metrics.accuracy(labels, guesses)),
        "balanced": _round(metrics.balanced(labels, guesses)),
        "auc": _round(metrics.auc([chance[0] for chance in one.model], [label == Label.SUPPORTS for label in labels])),
        "neutrals_kept": _round(metrics.Share(sum(guesses[i] != Label.REFUTES for i in neutral), len(neutral)).share),
    }
    for name in _BASELINES:
        row[name] = _round(metrics.balanced(labels, decided(one, name, thresholds)))
        row[f"{name}_auc"] = _round(metrics.auc(one.scores[name], [label == Label.SUPPORTS for label in labels]))
    if one.dev.family == "revisions":
        twins = metrics.twins_right(labels, guesses, one.dev.groups)
        row["twins"], row["twin_count"] = _round(twins.share), twins.total
    return row


def decided(one: Scored, name: str, thresholds: Mapping[str, float]) -> list[int]:
    """Return a baseline's decisions: supported or refuted, since scores know no third."""
    return [0 if score >= thresholds[name] else 2 for score in one.scores[name]]


def report(
    scored: Sequence[Scored],
    thresholds: Mapping[str, float],
    calibrated: Mapping[str, Mapping[str, float]],
    *,
    originals_lost: float,
) -> str:
    """Return all tables."""
    parts = [_revisions(scored, thresholds), _transfer(scored, thresholds), _domain(scored, thresholds)]
    parts += [_edits(one, originals_lost) for one in scored if one.dev.family == "edits"]
    parts.append(_calibration(calibrated))
    return "\n\n".join(part for part in parts if part) + "\n"


def _revisions(scored: Sequence[Scored], thresholds: Mapping[str, float]) -> str:
    rows = []
    for one in scored:
        if one.dev.family != "revisions":
            continue
        judges = [("model", one.guesses), *((name, decided(one, name, thresholds)) for name in _BASELINES)]
        for kind in ("all", "comparative", "other number", "no number"):
            at = [i for i, found in enumerate(one.dev.kinds) if kind in ("all", found)]
            if not at:
                continue
            labels, groups = [one.labels[i] for i in at], [one.dev.groups[i] for i in at]
            for name, guesses in judges:
                some = [guesses[i] for i in at]
                twins = metrics.twins_right(labels, some, groups)
                open_rows = [guess for label, guess in zip(labels, some, strict=True) if label == Label.NEUTRAL]
                kept = metrics.Share(sum(guess != Label.REFUTES for guess in open_rows), len(open_rows))
                rows.append(
                    [
                        one.dev.name,
                        kind,
                        name,
                        str(len(at)),
                        show(metrics.accuracy(labels, some)),
                        show(twins.share),
                        str(twins.total),
                        show(metrics.balanced(labels, some)),
                        show(kept.share),
                    ]
                )
    return table("Revisions", _REVISION_HEAD, rows) if rows else ""


def _transfer(scored: Sequence[Scored], thresholds: Mapping[str, float]) -> str:
    some = [set_row(one, thresholds) for one in scored if one.dev.family == "transfer"]
    if not some:
        return ""
    rows = [_figures(row) for row in some]
    mean = {key: _mean([row[key] for row in some]) for key in ("balanced", "auc", *_BASELINES)}
    rows.append(
        [
            "**mean**",
            "",
            "",
            *(show(mean[key]) for key in ("balanced", "auc")),
            "",
            *(show(mean[key]) for key in _BASELINES),
        ]
    )
    return table("Sets of other projects (balanced accuracy, supported against not)", _HEAD, rows)


def _domain(scored: Sequence[Scored], thresholds: Mapping[str, float]) -> str:
    rows = [_figures(set_row(one, thresholds)) for one in scored if one.dev.family == "domain"]
    return table("Development parts of what was trained on", _HEAD, rows) if rows else ""


_HEAD = ["set", "rows", "accuracy", "balanced", "AUC", "neutrals not refuted", *_BASELINES]


def _figures(row: Mapping[str, Any]) -> list[str]:
    return [
        row["set"],
        str(row["rows"]),
        show(row["accuracy"]),
        show(row["balanced"]),
        show(row["auc"]),
        show(row["neutrals_kept"]),
        *(show(row[name]) for name in _BASELINES),
    ]


def _edits(one: Scored, originals_lost: float) -> str:
    originals = sorted(row[0] for row, kind in zip(one.model, one.dev.kinds, strict=True) if kind == "original")
    bar = originals[int(len(originals) * originals_lost)] if originals else 0.5
    rows = []
    kinds = sorted(set(one.dev.kinds) - {"original"})
    for kind in ("all", *kinds):
        at = [i for i, found in enumerate(one.dev.kinds) if found != "original" and kind in ("all", found)]
        caught = metrics.Share(sum(one.model[i][0] < bar for i in at), len(at))
        plain = metrics.Share(sum(one.guesses[i] != Label.SUPPORTS for i in at), len(at))
        rows.append([kind, str(len(at)), show(caught.share), show(plain.share)])
    lost = metrics.Share(
        sum(
            guess != Label.SUPPORTS
            for guess, kind in zip(one.guesses, one.dev.kinds, strict=True)
            if kind == "original"
        ),
        len(originals),
    )
    rows.append(["originals lost", str(len(originals)), show(originals_lost), show(lost.share)])
    head = ["edit", "rows", f"caught at {originals_lost:.0%} of originals lost", "not called supported"]
    return table("Minimal edits of supported claims", head, rows)


def _calibration(calibrated: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        [name, str(row["rows"]), show(row["accuracy"]), show(row["ece"]), show(row["accuracy_at_70"])]
        for name, row in calibrated.items()
    ]
    head = ["set", "rows", "accuracy", "ECE", "accuracy at 70 % coverage"]
    scale = next((row["temperature"] for row in calibrated.values()), float("nan"))
    return table(f"Calibration, one temperature for all ({scale})", head, rows)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table under a heading."""
    lines = [f"### {title}", "", f"| {' | '.join(head)} |", f"|{'|'.join('---' for _ in head)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _round(value: float) -> float | None:
    return None if isnan(value) else round(value, 4)


def show(value: float | None) -> str:
    """Write a share; a dash where there is none."""
    return "-" if value is None or isnan(value) else f"{value:.3f}"
