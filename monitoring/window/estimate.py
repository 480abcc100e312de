"""How good the answers will turn out to be, before anybody knows: what calibrated scores say of themselves.

Where a score is the probability that the row is positive, the expected confusion matrix, and what is made of it, follow
from scores and decisions alone. Source: Bialek, Kuberski, Perrakis & Bifet 2024, "Estimating Model Performance Under
Covariate Shift Without Labels" (confidence-based performance estimation); Guillory et al. 2021. It sees a shift of the
inputs, and is blind to a change of what they mean: then its error shows once the labels are in.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from monitoring.window.figures import Finding, a_reading
from monitoring.window.judged import Judged
from understudy.problem import ProblemSpec
from understudy.problem.decision import Costs
from understudy.records import Reading
from understudy.statistics.decisions import decision_costs
from understudy.statistics.metrics import FloatArray, roc_auc


@dataclass(frozen=True)
class Expected:
    """What is to be expected of some rows, given their scores and decisions."""

    rows: Judged
    costs: Costs

    @cached_property
    def brier(self) -> FloatArray:
        """Expected squared error of each row: p (1 - p)."""
        p = self.rows.score
        return p * (1 - p)

    @cached_property
    def cost(self) -> FloatArray:
        """Expected cost of each row's decision."""
        p, ones = self.rows.score, np.ones(len(self.rows))
        positive = decision_costs(ones, self.rows.decision, self.costs)
        return p * positive + (1 - p) * decision_costs(0 * ones, self.rows.decision, self.costs)

    @cached_property
    def roc_auc(self) -> float:
        """Each row as a positive with weight p and as a negative with weight 1 - p."""
        p = self.rows.score
        classes = np.repeat([1, 0], len(p))
        return roc_auc(classes, np.concatenate([p, p]), np.concatenate([p, 1 - p]))

    @cached_property
    def confusion(self) -> dict[str, float]:
        """Expected number of rows by truth and decision."""
        p, flagged = self.rows.score, self.rows.decision == 1
        sums = {"tp": p[flagged], "fp": 1 - p[flagged], "fn": p[~flagged], "tn": 1 - p[~flagged]}
        return {name: float(values.sum()) for name, values in sums.items()}


def estimate(rows: Judged, spec: ProblemSpec) -> Finding:
    """Expected figures of all rows; and, of the rows whose labels are in, by how much the estimate is off."""
    smallest = spec.monitoring.smallest
    if len(rows) < smallest:
        about = f"{len(rows):,} rows, and figures need {smallest:,}."
        return Finding(
            tuple(a_reading(f"estimate.{name}", None, len(rows), about=about) for name in ("brier", "roc_auc", "cost"))
        )
    expected, resample = Expected(rows, spec.costs), rows.resample(spec)
    readings = [
        a_reading("estimate.brier", resample.ratio(expected.brier), len(rows)),
        a_reading("estimate.cost", resample.ratio(1000 * expected.cost), len(rows)),
        a_reading("estimate.roc_auc", expected.roc_auc, len(rows)),
    ]
    landed = rows.labelled
    if len(landed) >= smallest:
        readings += _errors(landed, spec)
    return Finding(tuple(readings), {"expected": expected.confusion})


def _errors(rows: Judged, spec: ProblemSpec) -> list[Reading]:
    """Estimate minus truth, on the same rows."""
    expected, resample = Expected(rows, spec.costs), rows.resample(spec)
    brier = expected.brier - (rows.score - rows.y) ** 2
    cost = 1000 * (expected.cost - decision_costs(rows.y, rows.decision, spec.costs))
    return [
        a_reading("estimate.brier.error", resample.ratio(brier), len(rows)),
        a_reading("estimate.cost.error", resample.ratio(cost), len(rows)),
        a_reading("estimate.roc_auc.error", expected.roc_auc - roc_auc(rows.y, rows.score), len(rows)),
    ]
