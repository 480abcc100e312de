"""Metrics of a binary classifier. Each takes row weights, so that resampling is re-weighting.

Shapes: ``y`` int or bool [rows] with 1 for the positive class, ``score`` float [rows], ``weight`` float [rows] >= 0.
What is undefined, such as ROC AUC where only one class has weight, is NaN rather than an error.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


def roc_auc(y: Array, score: Array, weight: Array | None = None) -> float:
    """Area under the ROC curve; tied scores count half (Fawcett 2006)."""
    _, hits, alarms = operating_points(y, score, weight)
    if hits[-1] <= 0 or alarms[-1] <= 0:
        return float("nan")
    return float(np.trapezoid(hits, alarms) / (hits[-1] * alarms[-1]))


def average_precision(y: Array, score: Array, weight: Array | None = None) -> float:
    """Area under the precision-recall curve as a step function: sum of (R_n - R_{n-1}) P_n."""
    _, hits, alarms = operating_points(y, score, weight)
    if hits[-1] <= 0:
        return float("nan")
    gained = np.diff(hits)
    there = np.flatnonzero(gained > 0) + 1
    return float(np.sum(gained[there - 1] * hits[there] / (hits[there] + alarms[there])) / hits[-1])


def operating_points(y: Array, score: Array, weight: Array | None = None) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weight of true and of false positives at each distinct threshold, from none flagged to all.

    Returns:
        thresholds (falling, the first infinite), true positives, false positives: each [distinct scores + 1].
    """
    falling = -np.asarray(score, dtype=np.float64)
    order = np.argsort(falling, kind="stable")
    falling, positive = falling[order], np.asarray(y, dtype=np.float64)[order]
    weights = np.ones(len(order)) if weight is None else np.asarray(weight, dtype=np.float64)[order]
    last = np.flatnonzero(np.append(np.diff(falling) > 0, True))
    hits = np.cumsum(positive * weights)[last]
    alarms = np.cumsum((1.0 - positive) * weights)[last]
    return np.append(np.inf, -falling[last]), np.append(0.0, hits), np.append(0.0, alarms)


def brier(y: Array, score: Array, weight: Array | None = None) -> float:
    """Mean squared difference of probability and outcome (Brier 1950)."""
    return _mean((np.asarray(score, dtype=np.float64) - y) ** 2, weight)


def log_loss(y: Array, score: Array, weight: Array | None = None) -> float:
    """Mean negative log-likelihood in nats; probabilities are kept one float64 epsilon away from 0 and 1."""
    return _mean(log_losses(y, score), weight)


def log_losses(y: Array, score: Array) -> FloatArray:
    """Negative log-likelihood of each row in nats."""
    epsilon = np.finfo(np.float64).eps
    p = np.clip(np.asarray(score, dtype=np.float64), epsilon, 1.0 - epsilon)
    losses: FloatArray = -np.log(np.where(np.asarray(y) == 1, p, 1.0 - p))
    return losses


def calibration_error(y: Array, score: Array, bins: int = 10, weight: Array | None = None) -> float:
    """Expected calibration error: |mean outcome - mean score| over equal-width bins (Naeini et al. 2015)."""
    bucket = score_bin(score, bins)
    weights = np.ones(len(bucket)) if weight is None else np.asarray(weight, dtype=np.float64)
    difference = np.bincount(bucket, weights * (np.asarray(y, dtype=np.float64) - score), bins)
    total = float(weights.sum())
    return float(np.abs(difference).sum() / total) if total > 0 else float("nan")


def score_bin(score: Array, bins: int) -> NDArray[np.intp]:
    """Number of the equal-width bin from 0 to 1 that each score falls into [rows]."""
    return np.clip((np.asarray(score, dtype=np.float64) * bins).astype(np.intp), 0, bins - 1)


@dataclass(frozen=True)
class Confusion:
    """Weight of rows by truth and decision."""

    tn: float
    fp: float
    fn: float
    tp: float

    @property
    def total(self) -> float:
        return self.tn + self.fp + self.fn + self.tp


def confusion(y: Array, decision: Array, weight: Array | None = None) -> Confusion:
    """Count truth against decision; ``decision`` is 1 where the row is flagged."""
    cell = 2 * np.asarray(y).astype(np.intp) + np.asarray(decision).astype(np.intp)
    counts = np.bincount(cell, weight, minlength=4)
    return Confusion(*(float(count) for count in counts))


def accuracy(c: Confusion) -> float:
    return _ratio(c.tp + c.tn, c.total, float("nan"))


def balanced_accuracy(c: Confusion) -> float:
    """Mean of the recalls of the classes that are there."""
    recalls = [_ratio(right, right + wrong, float("nan")) for right, wrong in ((c.tp, c.fn), (c.tn, c.fp))]
    there = [value for value in recalls if not np.isnan(value)]
    return float(np.mean(there)) if there else float("nan")


def precision(c: Confusion) -> float:
    """Share of flagged rows that are positive; 0 when none is flagged."""
    return _ratio(c.tp, c.tp + c.fp, 0.0)


def recall(c: Confusion) -> float:
    """Share of positive rows that are flagged; 0 when there is none."""
    return _ratio(c.tp, c.tp + c.fn, 0.0)


def f1(c: Confusion) -> float:
    """Harmonic mean of precision and recall; 0 when nothing is flagged and nothing positive."""
    return _ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn, 0.0)


def _ratio(part: float, whole: float, otherwise: float) -> float:
    return part / whole if whole > 0 else otherwise


def _mean(values: FloatArray, weight: Array | None) -> float:
    if weight is None:
        return float(values.mean()) if len(values) else float("nan")
    total = float(np.sum(weight))
    return float(np.dot(weight, values) / total) if total > 0 else float("nan")
