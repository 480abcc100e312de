"""A bandit over time: shares, rewards, and what its learning has cost so far."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.bandits.draws import Draws
from monitoring.experiments.statistics.bandit import regret
from understudy.statistics.best_arm import posterior
from understudy.statistics.metrics import Array, FloatArray

HOURLY = np.timedelta64(3, "D")
"""Longest stretch that is told hour by hour; longer ones are by day."""
DRAWS = 1000


def periods(draws: Draws) -> tuple[Array, NDArray[np.intp]]:
    """Beginning of each hour or day that has decisions [periods], and the number of each decision's one [rows]."""
    unit = "h" if draws.moment[-1] - draws.moment[0] <= HOURLY else "D"
    begins, place = np.unique(draws.moment.astype(f"datetime64[{unit}]"), return_inverse=True)
    return begins, place.reshape(-1)


def over_time(draws: Draws) -> list[dict[str, Any]]:
    """For each period the arms' decisions, mean probabilities, and rewards as far as labels are in."""
    begins, place = periods(draws)
    odds = draws.odds()
    return [
        {"since": begin.astype("datetime64[s]").item().isoformat(), **_told(draws, odds, place == number)}
        for number, begin in enumerate(begins)
    ]


def by_revision(draws: Draws) -> list[dict[str, Any]]:
    """The same for each revision of the deployment log."""
    odds = draws.odds()
    return [
        {"revision": int(revision), **_told(draws, odds, draws.revision == revision)}
        for revision in np.unique(draws.revision)
    ]


def regrets(draws: Draws, seed: int) -> dict[str, Any]:
    """Reward missed so far by not always using the best arm, with a 95 % band, beside that of an even split.

    Which arm is best, and by how much, is known as well as the labels tell: the band comes from means drawn from the
    arms' posteriors, of which each draw has its own best arm.
    """
    counts = _counts(draws)
    even = np.repeat(counts.sum(axis=1, keepdims=True) / counts.shape[1], counts.shape[1], axis=1)
    alpha, beta = posterior(draws.rewards())
    drawn = np.random.default_rng(seed).beta(alpha, beta, (DRAWS, len(alpha)))
    missed = np.array([regret(counts, means) for means in drawn])
    evenly = np.array([regret(even, means) for means in drawn])
    low, high = np.quantile(missed, [0.025, 0.975], axis=0)
    return {
        "value": missed.mean(axis=0).tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "even": evenly.mean(axis=0).tolist(),
    }


def _counts(draws: Draws) -> FloatArray:
    """Decisions by period and arm."""
    begins, place = periods(draws)
    cells = np.bincount(place * len(draws.arms) + draws.chosen, minlength=len(begins) * len(draws.arms))
    return cells.reshape(len(begins), len(draws.arms)).astype(np.float64)


def _told(draws: Draws, odds: FloatArray, mine: NDArray[np.bool_]) -> dict[str, Any]:
    known = mine & draws.known
    return {
        "decisions": np.bincount(draws.chosen[mine], minlength=len(draws.arms)).tolist(),
        "odds": odds[mine].mean(axis=0).tolist(),
        "labelled": int(known.sum()),
        "reward": float(draws.reward[known].mean()) if known.any() else None,
    }
