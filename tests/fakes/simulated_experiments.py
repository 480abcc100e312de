"""Experiments on a cost that is mostly 0, sometimes 1 and seldom 5, with a risk known beforehand: many runs at once."""

from collections.abc import Iterator

import numpy as np

from monitoring.experiments.statistics.moments import Moments

RISKS = np.array([0.02, 0.1, 0.35])
SHARES = np.array([0.6, 0.3, 0.1])
ONE = np.array([0.03, 0.15, 0.45])
"""Probability that a decision costs 1, by risk."""
FIVE = np.array([0.01, 0.05, 0.12])
RISK = np.repeat(RISKS, 3)
COST = np.tile([0.0, 1.0, 5.0], 3)


def cells(better: float = 0.0) -> np.ndarray:
    """Probability of each pair of risk and cost, when costs are rarer by this share [9]."""
    one, five = ONE * (1 - better), FIVE * (1 - better)
    return (SHARES[:, None] * np.column_stack([1 - one - five, one, five])).reshape(-1)


MEAN = float(cells() @ COST)
DEVIATION = float(np.sqrt(cells() @ COST**2 - MEAN**2))
EXPLAINED = float((cells() @ (COST * RISK) - MEAN * (cells() @ RISK)) ** 2) / float(
    DEVIATION**2 * (cells() @ RISK**2 - (cells() @ RISK) ** 2)
)


def counts(runs: int, looks: int, each: int, *, challenger: float, better: float, seed: int) -> np.ndarray:
    """Units so far by run, look, arm and cell, ``each`` new ones a look, assigned by chance [runs, looks, 2, 9]."""
    odds = np.concatenate([(1 - challenger) * cells(), challenger * cells(better)])
    drawn = np.random.default_rng(seed).multinomial(each, odds / odds.sum(), size=(runs, looks))
    return drawn.cumsum(axis=1).reshape(runs, looks, 2, 9)


def moments(counted: np.ndarray) -> np.ndarray:
    """Arguments of ``Moments`` for each count of cells [..., 9] -> [..., 10]; each unit has one decision."""
    units = counted.sum(axis=-1)
    cost, risk = counted @ COST / np.maximum(units, 1), counted @ RISK / np.maximum(units, 1)
    squares = counted @ COST**2 - units * cost**2, counted @ RISK**2 - units * risk**2
    both = counted @ (COST * RISK) - units * cost * risk
    none = np.zeros_like(cost)
    return np.stack([units, np.ones_like(cost), cost, risk, none, *squares, none, none, both], axis=-1)


def followed(counted: np.ndarray) -> Iterator[Iterator[tuple[Moments, Moments]]]:
    """For each run its looks, for each look champion and challenger."""
    for run in moments(counted).tolist():
        yield ((arm(champion), arm(challenger)) for champion, challenger in run)


def arm(figures: list[float]) -> Moments:
    return Moments(int(figures[0]), *figures[1:])
