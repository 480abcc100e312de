"""Which of several arms is the best, as far as rewards in 0 to 1 can tell.

Beta posteriors from a uniform prior; rewards between the ends update them by fractions, which is wider than the truth,
never narrower. Probability of being the best: Scott (2010), "A modern Bayesian look at the multi-armed bandit".
"""

from collections.abc import Sequence

import numpy as np

from understudy.records import ArmReward
from understudy.statistics.metrics import FloatArray

PRIOR = (1.0, 1.0)
"""Uniform: before any label, every arm is as likely to be the best."""
POINTS = 400
EDGE = 1e-9
"""How near to 0 and 1 it is integrated."""
WIDE = 10.0
"""Standard deviations around each mean that the grid is fine in."""


def posterior(rewards: Sequence[ArmReward]) -> tuple[FloatArray, FloatArray]:
    """Alpha and beta of each arm's Beta posterior, each [arms]."""
    alpha = np.array([PRIOR[0] + arm.reward for arm in rewards])
    beta = np.array([PRIOR[1] + max(arm.decisions - arm.reward, 0.0) for arm in rewards])
    return alpha, beta


def best(alpha: FloatArray, beta: FloatArray) -> FloatArray:
    """Probability of each of several independent Beta variables to be the largest, shape (arms,).

    ``P(i) = ∫ f_i(x) ∏_{j≠i} F_j(x) dx`` by the trapezoid rule, on a grid that is fine where any of them has its mass.
    """
    grid = _grid(alpha, beta)
    steps = np.diff(grid)
    logs = (alpha[:, None] - 1) * np.log(grid) + (beta[:, None] - 1) * np.log1p(-grid)
    density = np.exp(logs - logs.max(axis=1, keepdims=True))
    slices = (density[:, 1:] + density[:, :-1]) / 2 * steps
    below = np.concatenate([np.zeros((len(alpha), 1)), np.cumsum(slices, axis=1)], axis=1)
    below /= below[:, -1:]
    mass = np.diff(below, axis=1)
    middle = (below[:, 1:] + below[:, :-1]) / 2
    others = np.array([np.delete(middle, place, axis=0).prod(axis=0) for place in range(len(alpha))])
    won: FloatArray = (mass * others).sum(axis=1)
    return np.asarray(won / won.sum())


def _grid(alpha: FloatArray, beta: FloatArray) -> FloatArray:
    mean = alpha / (alpha + beta)
    spread = np.sqrt(mean * (1 - mean) / (alpha + beta + 1))
    fine = [np.linspace(m - WIDE * s, m + WIDE * s, POINTS) for m, s in zip(mean, spread, strict=True)]
    points = np.concatenate([*fine, np.linspace(EDGE, 1 - EDGE, POINTS)])
    return np.unique(np.clip(points, EDGE, 1 - EDGE))
