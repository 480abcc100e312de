"""Two arms compared, with the noise taken out that was there before the decision.

CUPED: Deng, Xu, Kohavi & Walker 2013, "Improving the sensitivity of online controlled experiments by utilizing
pre-experiment data". For a covariate x that no arm can move, ``m - θ (x - x̄)`` has the mean of m, and with
``θ = Cov(m, x) / Var(x)`` the variance ``Var(m) (1 - r²)``.
"""

import math
from dataclasses import dataclass

from monitoring.experiments.statistics.moments import Moments


@dataclass(frozen=True)
class Difference:
    """Challenger minus champion, in the metric's unit for each decision."""

    champion: float
    challenger: float
    """The arms' means, adjusted."""
    champion_variance: float
    challenger_variance: float
    """What one unit contributes: the variance of the arm's mean is this by its number of units."""
    common_variance: float
    """The same over both arms together."""
    champion_units: int
    challenger_units: int
    theta: float
    explained: float
    """Share of the variance that the covariate took away (r²), 0 to 1."""

    @property
    def value(self) -> float:
        return self.challenger - self.champion

    @property
    def units(self) -> int:
        return self.champion_units + self.challenger_units

    @property
    def error(self) -> float:
        """Standard error (Welch: the arms' variances need not be equal); NaN where an arm has fewer than two units."""
        if min(self.champion_units, self.challenger_units) < 2:
            return float("nan")
        ours = self.challenger_variance / self.challenger_units
        return math.sqrt(self.champion_variance / self.champion_units + ours)

    @property
    def cautious_error(self) -> float:
        """The same with no arm's variance below the common one.

        A small arm that has not met its rare, large costs yet has a low mean and a low variance at once, and would
        look better and surer than it is.
        """
        if min(self.champion_units, self.challenger_units) < 2:
            return float("nan")
        champion = max(self.champion_variance, self.common_variance) / self.champion_units
        return math.sqrt(champion + max(self.challenger_variance, self.common_variance) / self.challenger_units)


def compare(champion: Moments, challenger: Moments) -> Difference:
    """Difference of the arms' ratios, adjusted by the covariate where there is one.

    θ is taken from both arms together, so that the adjustment is the same for both, and a covariate that says nothing
    (or is constant) changes nothing.
    """
    both = champion + challenger
    _, covariate, together = both.variances()
    theta = together / covariate if covariate > 0 else 0.0
    return Difference(
        champion=champion.ratio - _shift(theta, champion, both),
        challenger=challenger.ratio - _shift(theta, challenger, both),
        champion_variance=_adjusted(champion, theta),
        challenger_variance=_adjusted(challenger, theta),
        common_variance=_adjusted(both, theta),
        champion_units=champion.units,
        challenger_units=challenger.units,
        theta=theta,
        explained=both.explained,
    )


def _shift(theta: float, arm: Moments, both: Moments) -> float:
    return theta * (arm.covariate_ratio - both.covariate_ratio) if theta else 0.0


def _adjusted(arm: Moments, theta: float) -> float:
    metric, covariate, together = arm.variances()
    return metric if math.isnan(metric) else max(metric + theta**2 * covariate - 2 * theta * together, 0.0)
