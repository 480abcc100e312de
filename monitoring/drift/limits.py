"""Limits for many columns at once, from what the same columns do in calm windows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WILD = 3.0
"""How many scales away a statistic is in alpha of the calm windows from which on it is wild: see ``family_limits``."""


@dataclass(frozen=True)
class Limits:
    """Limits of a family of statistics.

    Attributes:
        each: limit of each statistic [statistics].
        factor: what the statistics' own quantiles were multiplied by, so that they hold together.
    """

    each: Floats
    factor: float


def family_limits(calm: Floats, apart: NDArray[np.bool_], alpha: float, floor: float) -> Limits:
    """Limits of which a calm window passes some with probability ``alpha``, and at most twice that.

    The single-step maximum of Westfall and Young 1993, "Resampling-based multiple testing": each statistic is put on
    the scale of its own 1 - alpha quantile, and the 1 - alpha quantile of the largest of them is the family's factor.
    The windows carry the columns' dependence, so that ten columns which say the same count as one. A window is put on
    scales that were made without it and its neighbours (as in cross-conformal prediction, Barber et al. 2021): measured
    on scales it has a share in, it would look calmer than the next one will.

    A statistic that some windows cannot foretell from the others has known no calm (a field that came into use in the
    last month of training). It pays with its own limit, and does not widen those of all.

    Args:
        calm: statistics of the calm windows [windows, statistics]; NaN, which counts as 0, where not measurable.
        apart: [windows, windows], whether two windows share nothing.
        alpha: accepted share of calm windows with an alarm.
        floor: smallest scale of a statistic: one that never moved in calm windows is not alarmed by a trifle.

    Returns:
        The limits. With fewer than 1 / alpha independent windows they are about the worst that calm has brought.
    """
    values = np.nan_to_num(calm, nan=0.0)
    others = [values[row] if row.any() else values for row in apart]
    scales = np.array([_quantile(seen, alpha, floor) for seen in others])
    ratios = values / scales
    wild = np.maximum(np.quantile(ratios, 1 - alpha, axis=0) / WILD, 1.0)
    worst = (ratios / wild).max(axis=1)
    factor = max(1.0, float(np.quantile(worst, 1 - alpha, method="higher")))
    return Limits(_quantile(values, alpha, floor) * wild * factor, factor)


def _quantile(values: Floats, alpha: float, floor: float) -> Floats:
    return np.maximum(np.quantile(values, 1 - alpha, axis=0), floor)
