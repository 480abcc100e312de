"""The figure by which candidates are compared, by its name in the problem's YAML."""

from collections.abc import Callable

import numpy as np

from pipelines.models.frame import Floats, Labels
from understudy.problem.decision import Costs
from understudy.statistics import metrics

METRICS: dict[str, Callable[[Labels, Floats], float]] = {
    "roc_auc": metrics.roc_auc,
    "pr_auc": metrics.average_precision,
    "brier": metrics.brier,
    "log_loss": metrics.log_loss,
}
RISING = ("roc_auc", "pr_auc")
"""Metrics of which more is better."""


def sign(metric: str) -> int:
    """1 where more of the metric is better, else -1."""
    return 1 if metric in RISING else -1


def implied_threshold(costs: Costs) -> float:
    """Probability from which flagging a row costs less than not, if probabilities are true (Elkan 2001, eq. 2)."""
    alarm = costs.false_positive - costs.true_negative
    miss = costs.false_negative - costs.true_positive
    return alarm / (alarm + miss)


def all_metrics(y: Labels, score: Floats, threshold: float) -> dict[str, float]:
    """Every figure of a scored part that needs no cost matrix; undefined ones are left out."""
    found = metrics.confusion(y, score >= threshold)
    figures = {name: metric(y, score) for name, metric in METRICS.items()}
    figures["calibration_error"] = metrics.calibration_error(y, score)
    for decided in (metrics.accuracy, metrics.balanced_accuracy, metrics.precision, metrics.recall, metrics.f1):
        figures[decided.__name__] = decided(found)
    return {name: float(value) for name, value in figures.items() if not np.isnan(value)}
