"""A feature that alone separates the classes better than honest features do."""

import numpy as np
from numpy.typing import NDArray

from pipelines.probe.finding import Finding
from pipelines.probe.sample import Numbers, Sample, Words, bins_of, is_missing
from understudy.statistics.metrics import roc_auc

FOLDS = 5
PRIOR_ROWS = 10.0
QUANTILES = 20
SURE = 1.645
"""Standard errors by which the figure must exceed the limit: 95 %, one-sided."""


def single_features(sample: Sample, limit: float) -> list[Finding]:
    """ROC AUC of each feature on its own, best direction, strongest first.

    A feature fails when the lower end of its 95 % interval is above ``limit``.
    """
    findings = [_finding(name, values, sample.y, limit) for name, values in sample.columns.items()]
    return sorted(findings, key=lambda finding: (-finding.figure, finding.feature))


def separation(values: Numbers | Words, y: NDArray[np.int64]) -> float:
    """Best ROC AUC that one column reaches alone, from .5 (says nothing) to 1.

    The larger of its rank among present values (numbers), and of the out-of-fold target rate of its value
    or quantile with missing as a value of its own (which also sees what is not monotone).
    """
    figures = [0.5, _auc(y, out_of_fold_rate(bins_of(values, QUANTILES), y))]
    if values.dtype != object:
        present = ~is_missing(values)
        rank = _auc(y[present], values[present])
        figures += [rank, 1 - rank]
    return max(figures)


def out_of_fold_rate(bins: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Smoothed target rate of each row's bin, counted on the other folds."""
    fold = np.arange(len(y)) % FOLDS
    size = int(bins.max(initial=0)) + 1
    rates = np.empty(len(y))
    for k in range(FOLDS):
        learn, judge = fold != k, fold == k
        rows = np.bincount(bins[learn], minlength=size)
        positives = np.bincount(bins[learn], weights=y[learn], minlength=size)
        prior = y[learn].mean() if learn.any() else 0.5
        rates[judge] = ((positives + PRIOR_ROWS * prior) / (rows + PRIOR_ROWS))[bins[judge]]
    return rates


def auc_error(auc: float, positives: int, negatives: int) -> float:
    """Standard error of a ROC AUC (Hanley and McNeil 1982)."""
    both_positive, both_negative = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (
        auc * (1 - auc) + (positives - 1) * (both_positive - auc**2) + (negatives - 1) * (both_negative - auc**2)
    ) / max(1, positives * negatives)
    return float(np.sqrt(max(0.0, variance)))


def _finding(name: str, values: Numbers | Words, y: NDArray[np.int64], limit: float) -> Finding:
    auc = separation(values, y)
    positives = int(y.sum())
    low = auc - SURE * auc_error(auc, positives, len(y) - positives)
    detail = f"{name!r} alone reaches a ROC AUC of {auc:.3f} on {len(y):,} rows (95 % sure: above {low:.3f})."
    return Finding("single_feature", name, auc, limit, low > limit, detail)


def _auc(y: NDArray[np.int64], score: NDArray[np.float64]) -> float:
    auc = roc_auc(y, score) if len(y) else float("nan")
    return 0.5 if np.isnan(auc) else auc
