"""Counts for Prometheus, in its text format (version 0.0.4); labels take values from short, fixed lists only."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from threading import Lock

from guardlayer.types import Report

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_HELP = {
    "requests_total": ("counter", "Requests answered, by route and status."),
    "claims_total": ("counter", "Claims checked, by kind and verdict."),
    "actions_total": ("counter", "Answers, by the strongest action taken."),
    "unrecorded_total": ("counter", "Answers whose provenance could not be recorded."),
    "upstream_errors_total": ("counter", "Failures of the upstream, by code."),
    "disconnects_total": ("counter", "Clients that left before their answer was complete."),
    "in_flight": ("gauge", "Requests being answered."),
    "request_seconds": ("histogram", "Time to the end of the answer, by route."),
    "check_seconds": ("histogram", "Time spent checking, for each text or run of text."),
}
_PREFIX = "guardlayer_gateway_"

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """What a gateway counts."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: dict[str, Counter[Labels]] = defaultdict(Counter)
        self._counts: dict[tuple[str, Labels], list[int]] = {}
        self._sums: Counter[tuple[str, Labels]] = Counter()

    def add(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add to a counter or gauge."""
        with self._lock:
            self._values[name][tuple(labels.items())] += amount

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add to a histogram."""
        key = (name, tuple(labels.items()))
        with self._lock:
            counts = self._counts.setdefault(key, [0] * (len(_BUCKETS) + 1))
            counts[bisect_left(_BUCKETS, seconds)] += 1
            self._sums[key] += seconds  # type: ignore[assignment]  # Counter adds floats as well

    def report(self, report: Report, *, logged: bool) -> None:
        """Count what a report found."""
        for claim in report.claims:
            self.add("claims_total", kind=str(claim.kind), verdict=str(claim.verdict))
        self.add("actions_total", action=str(report.action))
        if logged and report.record is None:
            self.add("unrecorded_total")

    def text(self) -> str:
        """Return everything in the text format."""
        lines: list[str] = []
        with self._lock:
            for name, (kind, about) in _HELP.items():
                full = _PREFIX + name
                lines += [f"# HELP {full} {about}", f"# TYPE {full} {kind}"]
                if kind != "histogram":
                    values = self._values[name] or {(): 0}
                    lines += [f"{full}{_labels(labels)} {value}" for labels, value in sorted(values.items())]
                    continue
                for (which, labels), counts in sorted(self._counts.items()):
                    if which == name:
                        lines += self._histogram(full, labels, counts, self._sums[which, labels])
        return "\n".join(lines) + "\n"

    @staticmethod
    def _histogram(full: str, labels: Labels, counts: list[int], total: float) -> list[str]:
        lines, running = [], 0
        for bound, count in zip((*map(str, _BUCKETS), "+Inf"), counts, strict=True):
            running += count
            lines.append(f"{full}_bucket{_labels((*labels, ('le', bound)))} {running}")
        return [*lines, f"{full}_sum{_labels(labels)} {total:.6f}", f"{full}_count{_labels(labels)} {running}"]


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}" if labels else ""
