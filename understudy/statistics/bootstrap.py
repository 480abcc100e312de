"""Block bootstrap: whole blocks (days, or runs of rows) are drawn with replacement, since rows within one are alike.

Drawing a block k times is giving its rows the weight k, so nothing is copied and scores are sorted only once.
Source: Efron & Tibshirani 1993 (percentile interval); Davison & Hinkley 1997, section 8.2.3 (blocks).
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

import numpy as np

from understudy.statistics.metrics import Array, FloatArray, average_precision, calibration_error, roc_auc, score_bin

Metric = Callable[..., float]
"""Takes arrays [rows] and ``weight=`` [rows]."""

CHUNK = 4096
"""Positive rows that are looked at together, which bounds memory."""


@dataclass(frozen=True)
class Interval:
    """A figure and the range that 95 % of resamples fall into; low and high are NaN where too few are defined."""

    value: float
    low: float
    high: float

    def json(self) -> dict[str, float | None]:
        """The three figures with None for what is undefined."""
        named = {"value": self.value, "low": self.low, "high": self.high}
        return {name: None if np.isnan(figure) else round(figure, 12) for name, figure in named.items()}


class Resample:
    """Repeated draws of blocks, shared by every figure that is to be compared.

    Where a metric is made of sums over rows or pairs of rows, those are taken once for each block and only combined
    anew in each repeat.

    Attributes:
        index: number of each row's block [rows].
        counts: how often each block is drawn in each repeat [repeats, blocks].
    """

    def __init__(self, blocks: Array, repeats: int, seed: int) -> None:
        names, index = np.unique(np.asarray(blocks), return_inverse=True)
        self.index = index.reshape(-1)
        self.counts = draw_blocks(len(names), repeats, seed)

    def take(self, rows: Array) -> "Resample":
        """The same draws for some of the rows, by position or mask."""
        part = copy(self)
        part.index = self.index[rows]
        return part

    def ratio(self, part: Array, whole: Array | None = None) -> Interval:
        """Interval of sum(part) / sum(whole), ``whole`` being 1 for each row by default."""
        base = np.ones(len(self.index)) if whole is None else np.asarray(whole, dtype=np.float64)
        return percentile_interval(divide(float(np.sum(part)), float(base.sum())), self.ratios(part, base))

    def roc_auc(self, y: Array, score: Array) -> Interval:
        return percentile_interval(roc_auc(y, score), self.roc_aucs(y, score))

    def average_precision(self, y: Array, score: Array) -> Interval:
        return percentile_interval(average_precision(y, score), self.average_precisions(y, score))

    def calibration_error(self, y: Array, score: Array, bins: int = 10) -> Interval:
        blocks, drawn = self.counts.shape[1], self.sums(np.ones(len(self.index)))
        cell = self.index * bins + score_bin(score, bins)
        sums = np.bincount(cell, np.asarray(y, dtype=np.float64) - score, blocks * bins).reshape(blocks, bins)
        replicates = _divide_each(np.abs(self.counts @ sums).sum(axis=1), drawn)
        return percentile_interval(calibration_error(y, score, bins), replicates)

    def sums(self, values: Array) -> FloatArray:
        """Sum of a value [rows] over each repeat's rows [repeats]."""
        per_block = np.bincount(self.index, np.asarray(values, dtype=np.float64), self.counts.shape[1])
        total: FloatArray = self.counts @ per_block
        return total

    def ratios(self, part: Array, whole: Array) -> FloatArray:
        """sum(part) / sum(whole) in each repeat [repeats]; NaN where the latter is 0."""
        return _divide_each(self.sums(part), self.sums(whole))

    def roc_aucs(self, y: Array, score: Array) -> FloatArray:
        """ROC AUC in each repeat [repeats], from the pairs won between each two blocks (Mann & Whitney 1947)."""
        positive, blocks = np.asarray(y) == 1, self.counts.shape[1]
        negatives = _by_block(np.asarray(score)[~positive], self.index[~positive], blocks)
        theirs, ours = np.asarray(score)[positive], self.index[positive]
        wins = np.empty((blocks, blocks))
        for block, scores in enumerate(negatives):
            beaten = np.searchsorted(scores, theirs, "left") + np.searchsorted(scores, theirs, "right")
            wins[:, block] = np.bincount(ours, beaten / 2, blocks)
        return _divide_each(
            np.einsum("rb,bc,rc->r", self.counts, wins, self.counts, optimize=True),
            self.sums(positive) * self.sums(~positive),
        )

    def average_precisions(self, y: Array, score: Array) -> FloatArray:
        """Average precision in each repeat [repeats]: precision at each positive row's score, over positive rows."""
        score, positive, blocks = np.asarray(score), np.asarray(y) == 1, self.counts.shape[1]
        rows = _by_block(score, self.index, blocks)
        hits = _by_block(score[positive], self.index[positive], blocks)
        total = np.zeros(len(self.counts))
        places = np.flatnonzero(positive)
        for some in np.array_split(places, len(places) // CHUNK + 1):
            drawn = self.counts[:, self.index[some]]
            above = (self.counts @ _reaching(hits, score[some]), self.counts @ _reaching(rows, score[some]))
            total += (drawn * np.divide(*above, out=np.zeros_like(drawn), where=drawn > 0)).sum(axis=1)
        return _divide_each(total, self.sums(positive))

    def replicates(self, metric: Metric, *arrays: Array) -> FloatArray:
        """Any metric in each repeat [repeats], by re-weighting the rows."""
        return np.array([metric(*arrays, weight=count[self.index]) for count in self.counts])


def draw_blocks(blocks: int, repeats: int, seed: int) -> FloatArray:
    """How often each of ``blocks`` is drawn when as many are drawn with replacement [repeats, blocks]."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(blocks, np.full(blocks, 1.0 / blocks), size=repeats).astype(np.float64)


def block_weights(blocks: Array, repeats: int, seed: int) -> FloatArray:
    """Row weights of each repeat [repeats, rows]; ``blocks`` [rows] names each row's block."""
    resample = Resample(blocks, repeats, seed)
    weights: FloatArray = resample.counts[:, resample.index]
    return weights


def interval(metric: Metric, blocks: Array, *arrays: Array, repeats: int, seed: int) -> Interval:
    """Percentile interval of ``metric(*arrays, weight=...)`` over resampled blocks.

    Args:
        metric: such as ``roc_auc``.
        blocks: name of each row's block [rows].
        arrays: what the metric takes, each [rows].
    """
    return percentile_interval(metric(*arrays), Resample(blocks, repeats, seed).replicates(metric, *arrays))


def paired_interval(
    metric: Metric, blocks: Array, y: Array, ours: Array, theirs: Array, *, repeats: int, seed: int
) -> Interval:
    """Interval of ``metric(y, ours) - metric(y, theirs)`` on the same resamples: what both share cancels out."""
    resample = Resample(blocks, repeats, seed)
    replicates = resample.replicates(metric, y, ours) - resample.replicates(metric, y, theirs)
    return percentile_interval(metric(y, ours) - metric(y, theirs), replicates)


def percentile_interval(value: float, replicates: FloatArray, level: float = 0.95) -> Interval:
    """The middle ``level`` of the replicates that are defined; NaN ends unless more than half are."""
    defined = replicates[~np.isnan(replicates)]
    if 2 * len(defined) <= len(replicates):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))


def divide(part: float, whole: float) -> float:
    """``part / whole``, NaN where ``whole`` is 0."""
    return part / whole if whole > 0 else float("nan")


def _divide_each(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _by_block(score: Array, index: Array, blocks: int) -> list[Array]:
    """Sorted scores of each block."""
    return [np.sort(score[index == block]) for block in range(blocks)]


def _reaching(blocks: list[Array], thresholds: Array) -> FloatArray:
    """How many of each block's scores are at or above each threshold [blocks, thresholds]."""
    return np.array([len(scores) - np.searchsorted(scores, thresholds, "left") for scores in blocks], dtype=np.float64)
