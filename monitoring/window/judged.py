"""The champion's answers as what is judged: scores, decisions, what came true, and the draws that figures share."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitoring.window.read import column_of
from understudy.problem import ProblemSpec, parse_span
from understudy.statistics.bootstrap import Resample
from understudy.statistics.metrics import Array, FloatArray

FEWEST_BLOCKS, MOST_BLOCKS = 5, 100
RUNS = 20


@dataclass(frozen=True)
class Judged:
    """Answers of one version that have a score; every array has one entry for each."""

    score: FloatArray
    decision: NDArray[np.int64]
    """1 where the row was flagged, as it was answered."""
    y: FloatArray
    """What came true; NaN where it is not known yet."""
    blocks: Array
    """Number of the span of time that the row is resampled with."""
    places: NDArray[np.intp]
    """Of the rows, in the table that they come from."""

    def __len__(self) -> int:
        return len(self.score)

    @property
    def labelled(self) -> "Judged":
        """Those whose label is known."""
        return self.where(~np.isnan(self.y))

    def where(self, kept: Array) -> "Judged":
        return Judged(self.score[kept], self.decision[kept], self.y[kept], self.blocks[kept], self.places[kept])

    def resample(self, spec: ProblemSpec) -> Resample:
        return Resample(self.blocks, spec.evaluation.bootstrap, spec.seed)


def judged(answers: pa.Table, version: int, spec: ProblemSpec) -> Judged:
    """The answers that a version gave, as ``read.ANSWERS`` holds them."""
    score = column_of(answers, "score")
    mine = np.flatnonzero((column_of(answers, "version") == version) & ~np.isnan(score))
    label = column_of(answers, "label")[mine]
    return Judged(
        score[mine],
        column_of(answers, "decision")[mine].astype(np.int64),
        np.where(np.isnan(label), np.nan, label >= 0.5),
        blocks_of(column_of(answers, "moment")[mine], parse_span(spec.evaluation.block)),
        mine,
    )


def blocks_of(moments: Array, span: timedelta) -> NDArray[np.int64]:
    """Number of each row's span of time; of its run of rows where they lie in fewer than five spans.

    Of a very long window several spans make one block: fewer and longer blocks are as good, and much less work.

    Args:
        moments: shape (n,), ``datetime64[us]``, in their order.
    """
    spans = (moments - np.datetime64(0, "us")) // np.timedelta64(span)
    if (count := len(np.unique(spans))) >= FEWEST_BLOCKS:
        return np.asarray(spans, dtype=np.int64) // -(-count // MOST_BLOCKS)
    return np.arange(len(moments)) * min(RUNS, len(moments)) // max(len(moments), 1)
