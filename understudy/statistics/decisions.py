"""What decisions cost, and the threshold at which they cost least. A row is flagged where score >= threshold."""

from dataclasses import dataclass

import numpy as np

from understudy.problem.decision import Costs
from understudy.statistics.metrics import Array, FloatArray, operating_points


@dataclass(frozen=True)
class Threshold:
    """A threshold on the score, and what it costs on the rows that it was chosen on."""

    value: float
    cost_per_1000: float


def decision_costs(y: Array, decision: Array, costs: Costs) -> FloatArray:
    """Cost of each row's decision, in the unit of ``costs`` [rows]."""
    outcome = [costs.true_negative, costs.false_positive, costs.false_negative, costs.true_positive]
    cell = 2 * np.asarray(y).astype(np.intp) + np.asarray(decision).astype(np.intp)
    paid: FloatArray = np.asarray(outcome, dtype=np.float64)[cell]
    return paid


def cost_per_1000(y: Array, decision: Array, costs: Costs, weight: Array | None = None) -> float:
    """Mean cost of 1,000 decisions; ``decision`` is 1 where the row is flagged. NaN when no row has weight."""
    weights = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    total = float(weights.sum())
    return 1000.0 * float(np.dot(weights, decision_costs(y, decision, costs))) / total if total > 0 else float("nan")


def best_threshold(y: Array, score: Array, costs: Costs) -> Threshold:
    """The threshold of least cost among all that these rows can tell apart (Elkan 2001, found empirically).

    It lies halfway between two neighbouring scores, so that rounding a score does not flip its decision. Of equally
    cheap thresholds the highest is taken: it flags fewest rows.
    """
    thresholds, hits, alarms = operating_points(y, score)
    paid = _costs_of_points(hits, alarms, costs)
    best = int(np.argmin(paid))
    return Threshold(_between(thresholds, best), float(paid[best]))


def cost_curve(y: Array, score: Array, costs: Costs, points: int = 201) -> FloatArray:
    """Cost per 1,000 at evenly spaced thresholds from 0 to 1: [points, 2] of threshold and cost."""
    thresholds, hits, alarms = operating_points(y, score)
    grid = np.linspace(0.0, 1.0, points)
    reached = np.searchsorted(-thresholds, -grid, side="right") - 1
    return np.column_stack([grid, _costs_of_points(hits, alarms, costs)[reached]])


def _costs_of_points(hits: FloatArray, alarms: FloatArray, costs: Costs) -> FloatArray:
    positives, negatives = hits[-1:], alarms[-1:]
    paid = (
        costs.true_positive * hits
        + costs.false_negative * (positives - hits)
        + costs.false_positive * alarms
        + costs.true_negative * (negatives - alarms)
    )
    result: FloatArray = 1000.0 * paid / (positives + negatives)
    return result


def _between(thresholds: FloatArray, index: int) -> float:
    lowest_flagged = float(thresholds[index])
    if index == len(thresholds) - 1:
        return min(0.0, lowest_flagged)
    below = float(thresholds[index + 1])
    if index == 0:
        return (below + 1.0) / 2 if below < 1.0 and (below + 1.0) / 2 > below else float(np.nextafter(below, np.inf))
    middle = below + (lowest_flagged - below) / 2
    return middle if middle > below else lowest_flagged
