"""Labelled answers of some windows as columns: what thresholds and successors are judged on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.ports import Ledger
from understudy.problem import ProblemSpec, parse_span
from understudy.statistics.metrics import Array, FloatArray

EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Answers:
    """Labelled answers in the order of the problem's clock; each array has shape (n,)."""

    y: NDArray[np.int8]
    score: FloatArray
    decision: NDArray[np.int8]
    threshold: FloatArray
    block: NDArray[np.int64]
    """Number of the span of time that is resampled as a whole."""

    def __len__(self) -> int:
        return len(self.y)

    def where(self, kept: Array) -> "Answers":
        return Answers(*(column[kept] for column in vars(self).values()))


@dataclass(frozen=True)
class Period:
    """A stretch of the problem's clock, with the labels that had landed at ``as_of``."""

    since: datetime
    until: datetime
    as_of: datetime


def live_of(ledger: Ledger, spec: ProblemSpec, period: Period, version: int, arm: str | None = None) -> Answers:
    """The labelled live answers that a version gave, of one arm where it is named; fallbacks are left out."""
    rows = (
        row
        for row in _labelled(ledger, spec, period)
        if row["standing"] == "live" and row["version"] == version and not row["fallback"] and arm in (None, row["arm"])
    )
    return _columns(rows, spec)


def _labelled(ledger: Ledger, spec: ProblemSpec, period: Period) -> Iterator[dict[str, Any]]:
    for rows in ledger.window(spec.name, period.since, period.until, period.as_of):
        yield from (row for row in rows if row["label"] is not None and row["score"] is not None)


def _columns(rows: Iterator[dict[str, Any]], spec: ProblemSpec) -> Answers:
    span = parse_span(spec.evaluation.block)
    found = [
        (
            row["label"],
            row["score"],
            row["decision"],
            row["threshold"],
            ((row["event_time"] or row["at"]) - EPOCH) // span,
        )
        for row in rows
    ]
    label, score, decision, threshold, block = np.array(found, dtype=np.float64).reshape(-1, 5).T
    return Answers((label >= 0.5).astype(np.int8), score, decision.astype(np.int8), threshold, block.astype(np.int64))
