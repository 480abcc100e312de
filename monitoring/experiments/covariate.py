"""Which quantity that is known beforehand explains most of the cost: looked for in the champion's past only."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from monitoring.experiments.plan import Covariate
from monitoring.experiments.statistics.moments import of_decisions
from understudy.statistics.metrics import Array, FloatArray

LEAST = 0.005
"""Share of the variance below which a covariate is not worth its words."""
SHRINK = 50.0
"""Rows of the overall mean that a category's mean is mixed with."""


def best_covariate(
    units: Array, cost: FloatArray, numbers: Mapping[str, Sequence[Any]], categories: Mapping[str, Sequence[Any]]
) -> Covariate | None:
    """The covariate that explains most, or none where nothing explains enough.

    Category means are learned on the older half of the rows, and each candidate is judged on the newer half, so that
    a column with many values does not flatter itself.

    Args:
        units: of each labelled decision, oldest first [rows].
        cost: of each [rows].
        numbers: candidates that count as they are, each [rows].
        categories: candidates that count by the mean cost of their values, each [rows].
    """
    half = len(cost) // 2
    if half < 2:
        return None
    found = list(_candidates(cost[:half], numbers, categories, half))
    judged = [(_explained(one, units[half:], cost[half:], values[half:]), one) for one, values in found]
    share, best = max(judged, key=lambda pair: pair[0], default=(0.0, None))
    return best.model_copy(update={"explained": share}) if best is not None and share >= LEAST else None


def _candidates(
    cost: FloatArray, numbers: Mapping[str, Sequence[Any]], categories: Mapping[str, Sequence[Any]], half: int
) -> Iterator[tuple[Covariate, Sequence[Any]]]:
    for name, values in numbers.items():
        known = np.array([np.nan if value is None else value for value in values[:half]], dtype=np.float64)
        if np.isfinite(known).any():
            yield Covariate(column=name, otherwise=float(known[np.isfinite(known)].mean())), values
    overall = float(cost.mean())
    for name, values in categories.items():
        yield Covariate(column=name, means=_means(values[:half], cost, overall), otherwise=overall), values


def _means(values: Sequence[Any], cost: FloatArray, overall: float) -> dict[str, float]:
    names, place = np.unique(np.array([str(value) for value in values], dtype=object), return_inverse=True)
    sums = np.bincount(place, cost) + SHRINK * overall
    means = sums / (np.bincount(place) + SHRINK)
    return {str(name): round(float(mean), 6) for name, mean in zip(names, means, strict=True)}


def _explained(covariate: Covariate, units: Array, cost: FloatArray, values: Sequence[Any]) -> float:
    return of_decisions(units, cost, covariate.of(values)).explained
