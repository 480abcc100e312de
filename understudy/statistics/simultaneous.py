"""Intervals that hold all at once, however many there are.

Each figure's distance from its resampled self is measured in its own standard errors; the largest of these distances in
each repeat says how wide all intervals together must be. Correlated figures cost less than Bonferroni would take.
Source: Romano & Wolf 2005, "Exact and approximate stepdown methods"; Montiel Olea & Plagborg-Møller 2019 (sup-t bands).
"""

import numpy as np

from understudy.statistics.bootstrap import Interval
from understudy.statistics.metrics import FloatArray


def simultaneous(values: FloatArray, replicates: FloatArray, level: float = 0.95) -> tuple[Interval, ...]:
    """Intervals of several figures of which all hold with probability ``level``.

    Args:
        values: measured [figures].
        replicates: the same figures in each repeat of one resample [repeats, figures]; NaN where undefined.

    Returns:
        One for each figure; low and high are NaN where more than half of its replicates are undefined.
    """
    defined = 2 * np.count_nonzero(~np.isnan(replicates), axis=0) > len(replicates)
    if not defined.any():
        return tuple(Interval(float(value), np.nan, np.nan) for value in values)
    error = np.full(len(values), np.nan)
    error[defined] = np.nanstd(replicates[:, defined], axis=0)
    apart = np.abs(replicates[:, defined] - values[defined])
    standard = np.divide(apart, error[defined], out=np.zeros_like(apart), where=error[defined] > 0)
    reach = float(np.quantile(np.nan_to_num(standard).max(axis=1), level))
    rows = zip(values, error, strict=True)
    return tuple(Interval(float(value), float(value - reach * one), float(value + reach * one)) for value, one in rows)
