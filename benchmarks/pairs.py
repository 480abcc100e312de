"""How many times as large a figure is in the second of two moments: over pairs of moments that lie close together."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import trim_mean

from understudy.statistics.metrics import Array

TRIMMED, RESAMPLES = 0.2, 1_000


def ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """Of the second to the first: geometric mean, without the fifth of the pairs at either end."""
    return float(_ratios(np.array(pairs)[None])[0])


def interval(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Of the ratio: 95 %, bootstrapped over the pairs."""
    drawn = np.random.default_rng(0).integers(0, len(pairs), (RESAMPLES, len(pairs)))
    low, high = np.quantile(_ratios(np.array(pairs)[drawn]), (0.025, 0.975))
    return float(low), float(high)


def _ratios(pairs: Array) -> Array:
    """Of samples [samples, pairs, 2]."""
    apart = np.log(pairs[..., 1] / pairs[..., 0])
    means: Array = np.exp(trim_mean(apart, TRIMMED, axis=1))
    return means
