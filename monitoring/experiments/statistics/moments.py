"""What an arm's units say, in ten figures that can be added up.

The metric of an experiment is a ratio: the sum of costs over the number of decisions. Units (customers, aircraft) are
what was assigned, and the decisions of one unit are alike, so units are what is counted as independent and the variance
of the ratio follows by the delta method (Deng, Knoblich & Lu 2018, "Applying the delta method in metric analytics").
Means of unit means would weigh a unit that was seen once like one that was seen daily; the cost is paid by decision.
Where each unit has one decision, all of this is the plain mean and its variance.
"""

import math
from dataclasses import dataclass

import numpy as np

from understudy.statistics.metrics import Array


@dataclass(frozen=True)
class Moments:
    """Of one arm: means over units of decisions, metric and covariate, and sums of products of their deviations.

    Two parts add up exactly when they share no unit.
    """

    units: int = 0
    decisions: float = 0.0
    """Mean number of a unit's decisions."""
    metric: float = 0.0
    """Mean over units of the sum of the metric over a unit's decisions."""
    covariate: float = 0.0
    """The same of something that was known before the decision, and that no arm can move."""
    decisions_squared: float = 0.0
    metric_squared: float = 0.0
    covariate_squared: float = 0.0
    decisions_metric: float = 0.0
    decisions_covariate: float = 0.0
    metric_covariate: float = 0.0

    def __add__(self, other: "Moments") -> "Moments":
        """Both parts together (Chan, Golub & LeVeque 1983)."""
        units = self.units + other.units
        if units == 0:
            return self
        share, weight = other.units / units, self.units * other.units / units
        decisions = other.decisions - self.decisions
        metric = other.metric - self.metric
        covariate = other.covariate - self.covariate
        return Moments(
            units,
            self.decisions + share * decisions,
            self.metric + share * metric,
            self.covariate + share * covariate,
            self.decisions_squared + other.decisions_squared + weight * decisions * decisions,
            self.metric_squared + other.metric_squared + weight * metric * metric,
            self.covariate_squared + other.covariate_squared + weight * covariate * covariate,
            self.decisions_metric + other.decisions_metric + weight * decisions * metric,
            self.decisions_covariate + other.decisions_covariate + weight * decisions * covariate,
            self.metric_covariate + other.metric_covariate + weight * metric * covariate,
        )

    @property
    def ratio(self) -> float:
        """Metric for each decision; NaN without any."""
        return self.metric / self.decisions if self.decisions else float("nan")

    @property
    def covariate_ratio(self) -> float:
        """Covariate for each decision; NaN without any."""
        return self.covariate / self.decisions if self.decisions else float("nan")

    @property
    def deviation(self) -> float:
        """Standard deviation of what a unit contributes to the ratio; NaN for fewer than two units."""
        return math.sqrt(self.variances()[0])

    @property
    def explained(self) -> float:
        """Share of that variance that the covariate explains: the square of their correlation, 0 to 1."""
        metric, covariate, both = self.variances()
        return min(both * both / (metric * covariate), 1.0) if metric * covariate > 0 else 0.0

    def variances(self) -> tuple[float, float, float]:
        """What a unit contributes to the ratios' variance: of metric, of covariate, and covariance of the two.

        ``Var(M / D) ≈ (Var(m) - 2 R Cov(d, m) + R² Var(d)) / (n D²)`` with R = M / D and M, D the means over units;
        given here without the division by n. NaN for fewer than two units.
        """
        if self.units < 2 or not self.decisions:
            return float("nan"), float("nan"), float("nan")
        scale = (self.units - 1) * self.decisions**2
        ours, theirs = self.ratio, self.covariate_ratio
        metric = self.metric_squared - 2 * ours * self.decisions_metric + ours**2 * self.decisions_squared
        covariate = self.covariate_squared - 2 * theirs * self.decisions_covariate + theirs**2 * self.decisions_squared
        both = (
            self.metric_covariate
            - theirs * self.decisions_metric
            - ours * self.decisions_covariate
            + ours * theirs * self.decisions_squared
        )
        return max(metric, 0.0) / scale, max(covariate, 0.0) / scale, both / scale


def of_decisions(units: Array, metric: Array, covariate: Array | None = None) -> Moments:
    """Moments of an arm from its decisions.

    Args:
        units: what each decision belongs to, of any type that sorts [decisions].
        metric: such as the cost of each decision [decisions].
        covariate: known before the decision and the same whatever the arm [decisions]; none means no adjustment.
    """
    names, place = np.unique(np.asarray(units), return_inverse=True)
    place, size = place.reshape(-1), len(names)
    known = np.zeros(len(place)) if covariate is None else np.asarray(covariate, dtype=np.float64)
    return of_units(
        np.bincount(place, minlength=size),
        np.bincount(place, np.asarray(metric, dtype=np.float64), size),
        np.bincount(place, known, size),
    )


def of_units(decisions: Array, metric: Array, covariate: Array | None = None) -> Moments:
    """Moments of an arm from each unit's number of decisions and sums of metric and covariate, each [units]."""
    count = len(metric)
    if count == 0:
        return Moments()
    known = np.zeros(count) if covariate is None else covariate
    table = np.array([decisions, metric, known], dtype=np.float64)
    mean = table.mean(axis=1)
    product = (table - mean[:, None]) @ (table - mean[:, None]).T
    return Moments(
        count,
        *mean.tolist(),
        *product.diagonal().tolist(),
        *product[[0, 0, 1], [1, 2, 2]].tolist(),
    )
