"""How far two samples lie apart, from counts of the same bins.

The figures are those of Evidently 0.7.23 for the same method, bins and filling of empty bins included: what is shown
and what decides are one number.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from understudy.errors import SpecError

Counts = NDArray[np.float64]
"""[..., bins]: rows of a sample in each bin; leading axes hold several samples."""
Measure = Callable[[Counts, Counts], NDArray[np.float64]]

SCARCE = 1e-4
"""An empty bin stands for this share, or for a millionth of the smallest share when that is not larger."""


def psi(reference: Counts, current: Counts) -> NDArray[np.float64]:
    """Population stability index: the sum of (r - c) log(r / c) over shares r and c of the bins.

    It is Jeffreys' divergence, 0 for equal shares and never negative; sampling alone gives about (bins - 1)(1/n + 1/m)
    for samples of n and m rows (Yurdakul 2018, "Statistical properties of the population stability index").

    Args:
        reference, current: counts [..., bins], which broadcast against each other.

    Returns:
        [...], NaN where a sample is empty.
    """
    r, c = _filled(_shares(reference)), _filled(_shares(current))
    return np.asarray(((r - c) * np.log(r / c)).sum(axis=-1))


def jensen_shannon(reference: Counts, current: Counts) -> NDArray[np.float64]:
    """Jensen-Shannon distance: root of the mean divergence of both from their mixture, in nats; 0 to .8326."""
    r, c = _shares(reference), _shares(current)
    middle = (r + c) / 2
    return np.asarray(np.sqrt(np.maximum(_divergence(r, middle) + _divergence(c, middle), 0) / 2))


MEASURES: dict[str, Measure] = {"psi": psi, "jensenshannon": jensen_shannon}
"""By the name that Evidently has for them."""


def measure_named(name: str) -> Measure:
    """Look a measure up.

    Raises:
        SpecError: there is none of that name.
    """
    if name not in MEASURES:
        raise SpecError(f"monitoring.drift names the measure {name!r}.", f"Known: {', '.join(MEASURES)}.")
    return MEASURES[name]


def _shares(counts: Counts) -> Counts:
    total = counts.sum(axis=-1, keepdims=True).astype(np.float64)
    empty = np.full(counts.shape, np.nan)
    return np.asarray(np.divide(counts, total, out=empty, where=total > 0))


def _filled(shares: Counts) -> Counts:
    smallest = np.where(shares > 0, shares, np.inf).min(axis=-1, keepdims=True, initial=np.inf)
    stand_in = np.where(smallest <= SCARCE, smallest / 1e6, SCARCE)
    return np.where(shares == 0, stand_in, shares)


def _divergence(shares: Counts, middle: Counts) -> NDArray[np.float64]:
    ratio = np.divide(shares, middle, out=np.ones(middle.shape), where=(shares > 0) | np.isnan(shares))
    return np.asarray((shares * np.log(ratio)).sum(axis=-1))
