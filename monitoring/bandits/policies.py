"""What other policies would have earned, estimated from what a bandit's own probabilities drew."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitoring.bandits.draws import Draws
from monitoring.experiments.statistics.bandit import PolicyValue, doubly_robust, ips, self_normalised
from understudy.statistics.metrics import Array, FloatArray

FOLDS = 5
PENALTY = 10.0
"""Of the ridge regression, in rows."""
COMMONEST = 12
"""Values of a context column that have an effect of their own."""
FIFTHS = 5
WIDE = 1.959964


def policies(draws: Draws) -> list[dict[str, Any]]:
    """Mean reward of each arm alone, of an even split, and of the shares as they are now; of labelled decisions.

    ``effective`` is how many decisions of its own a policy's estimate is worth (Kish 1965); the doubly robust estimate
    predicts rewards from the segment columns by ridge regression, fitted on other stretches of time.
    """
    known = draws.known
    reward, chosen, propensity = draws.reward[known], draws.chosen[known], draws.propensity[known]
    predicted = expected_rewards(draws)
    found = []
    for name, shares in _targets(draws).items():
        target = np.broadcast_to(shares, (len(reward), len(draws.arms)))
        mine = shares[chosen]
        weight = mine / propensity
        if not weight.any():
            continue
        ways = {
            "ips": ips(reward, propensity, mine),
            "self_normalised": self_normalised(reward, propensity, mine),
            "doubly_robust": doubly_robust(reward, chosen, propensity, target, predicted),
        }
        found.append(
            {
                "policy": name,
                "shares": shares.tolist(),
                **{way: interval_of(value) for way, value in ways.items()},
                "effective": float(weight.sum() ** 2 / (weight**2).sum()),
                "largest_weight": float(weight.max()),
            }
        )
    return found


def interval_of(value: PolicyValue) -> dict[str, float]:
    """The estimate with its 95 % interval."""
    return {"value": value.value, "low": value.value - WIDE * value.error, "high": value.value + WIDE * value.error}


def expected_rewards(draws: Draws) -> FloatArray:
    """Reward that is expected of each arm at each labelled decision, from others than it [labelled, arms]."""
    known = draws.known
    reward, chosen = draws.reward[known], draws.chosen[known]
    design = _design(draws.context, known)
    fold = np.arange(len(reward)) * FOLDS // max(len(reward), 1)
    expected = np.zeros((len(reward), len(draws.arms)))
    for number in range(FOLDS):
        inside = fold == number
        for place in range(len(draws.arms)):
            mine = ~inside & (chosen == place)
            expected[inside, place] = design[inside] @ _ridge(design[mine], reward[mine])
    clipped: FloatArray = np.clip(expected, 0.0, 1.0)
    return clipped


def _targets(draws: Draws) -> dict[str, FloatArray]:
    count = len(draws.arms)
    alone = {f"{arm} alone": np.eye(count)[place] for place, arm in enumerate(draws.arms)}
    return alone | {"even split": np.full(count, 1 / count), "shares of now": draws.odds()[-1]}


def _ridge(design: FloatArray, reward: FloatArray) -> FloatArray:
    """Coefficients; the first column, the mean, is not held back."""
    if not len(reward):
        return np.zeros(design.shape[1])
    penalty = PENALTY * np.eye(design.shape[1])
    penalty[0, 0] = 1e-9
    return np.asarray(np.linalg.solve(design.T @ design + penalty, design.T @ reward), dtype=np.float64)


def _design(context: Mapping[str, Sequence[Any]], known: Array) -> FloatArray:
    """A column of ones, then one for each value (or fifth) of each context column."""
    columns = [np.ones((int(known.sum()), 1))]
    for values in context.values():
        some = [value for value, kept in zip(values, known, strict=True) if kept]
        columns.append(_coded(some))
    return np.hstack(columns)


def _coded(values: Sequence[Any]) -> FloatArray:
    if any(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        there = numbers[~np.isnan(numbers)]
        edges = np.unique(np.quantile(there, np.linspace(0, 1, FIFTHS + 1)[1:-1]))
        texts = np.where(np.isnan(numbers), "", np.searchsorted(edges, numbers, side="right").astype(str))
    else:
        texts = np.array(["" if value is None else str(value) for value in values])
    names, counts = np.unique(texts, return_counts=True)
    commonest = names[np.argsort(-counts, kind="stable")[:COMMONEST]]
    coded: FloatArray = (texts[:, None] == commonest[None, :]).astype(np.float64)
    return coded
