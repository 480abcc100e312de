"""Thompson sampling: each arm is drawn as often as it is likely to be the best.

Thompson (1933), "On the likelihood that one unknown probability exceeds another"; drawing by the probabilities of
being best is Scott (2010), "A modern Bayesian look at the multi-armed bandit". Rewards lie in 0 to 1 and update a
Beta posterior by fractions, which for rewards between the ends is wider than the truth, never narrower.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from understudy.records import ArmReward

Floats = NDArray[np.float64]

PRIOR = (1.0, 1.0)
"""Uniform: before any label, every arm is as likely to be the best."""
POINTS = 400
EDGE = 1e-9
"""How near to 0 and 1 it is integrated."""
WIDE = 10.0
"""Standard deviations around each mean that the grid is fine in."""


def odds(names: Sequence[str], rewards: Sequence[ArmReward], exploration: float = 0.05) -> tuple[float, ...]:
    """Probability with which to draw each arm.

    Args:
        names: the arms in their order.
        rewards: what is known; arms that are left out have no labels yet.
        exploration: smallest probability of any arm, at most 1 / arms.
    """
    known = {reward.arm: reward for reward in rewards}
    found = [known.get(name, ArmReward(name, 0, 0.0)) for name in names]
    alpha = np.array([PRIOR[0] + arm.reward for arm in found])
    beta = np.array([PRIOR[1] + max(arm.decisions - arm.reward, 0.0) for arm in found])
    floor = min(exploration, 1 / len(names))
    shared = floor + (1 - floor * len(names)) * best(alpha, beta)
    return tuple(float(share) for share in shared)


def best(alpha: Floats, beta: Floats) -> Floats:
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
    won: Floats = (mass * others).sum(axis=1)
    return np.asarray(won / won.sum())


def _grid(alpha: Floats, beta: Floats) -> Floats:
    mean = alpha / (alpha + beta)
    spread = np.sqrt(mean * (1 - mean) / (alpha + beta + 1))
    fine = [np.linspace(m - WIDE * s, m + WIDE * s, POINTS) for m, s in zip(mean, spread, strict=True)]
    points = np.concatenate([*fine, np.linspace(EDGE, 1 - EDGE, POINTS)])
    return np.unique(np.clip(points, EDGE, 1 - EDGE))
