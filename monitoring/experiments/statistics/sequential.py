"""What the difference proves so far, however often it is looked at.

Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024 (arXiv 2103.06476, 2021), "Time-uniform central limit theory and
asymptotic confidence sequences". A fixed interval holds at one moment that was chosen beforehand; all intervals of a
confidence sequence hold at once with probability 1 - alpha, so that one may stop whenever it excludes 0.

With z = difference / standard error, and u the variance of a normal prior in squared standard errors (rho² n in the
paper), the likelihood ratio averaged over that prior is ``M = exp(z² u / (2 (u + 1))) / √(u + 1)``. It passes 1 / alpha
with probability alpha at most where there is no difference (Robbins 1970; Ville 1939).
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import lambertw

from monitoring.experiments.statistics.cuped import Difference
from understudy.statistics.metrics import FloatArray


@dataclass(frozen=True)
class ConfidenceSequence:
    """A difference and the range that holds it, at this look and at all others, with probability 1 - alpha."""

    value: float
    low: float
    high: float
    """Infinite until there is something to say."""
    p_value: float
    """Always valid; the smallest alpha at which 0 is excluded now."""
    alpha: float
    units: int
    smallest: int
    """Units of the smaller arm."""
    minimum: int
    """Units that each arm must have before anything is said."""

    @property
    def speaks(self) -> bool:
        return math.isfinite(self.low)


def confidence_sequence(
    difference: Difference, *, planned: int, alpha: float = 0.05, minimum: int = 100
) -> ConfidenceSequence:
    """Two-sided, so each side errs with about alpha / 2.

    Args:
        planned: units of both arms together at which it is tightest; fixed before the first look.
        minimum: the theory is that of large samples, so nothing is said before each arm has this many units and its
            metric has varied.
    """
    value, error = difference.value, difference.cautious_error
    smallest = min(difference.champion_units, difference.challenger_units)
    varied = min(difference.champion_variance, difference.challenger_variance) > 0
    low, high, p_value = -math.inf, math.inf, 1.0
    if smallest >= max(minimum, 2) and varied:
        radius = error * float(bound(difference.units / planned, alpha))
        low, high = value - radius, value + radius
        p_value = min(1.0, math.exp(-log_evidence(value / error, difference.units / planned, alpha)))
    return ConfidenceSequence(value, low, high, p_value, alpha, difference.units, smallest, minimum)


@cache
def width(alpha: float) -> float:
    """u of the planned sample, at which the bound is lowest: ``-W₋₁(-alpha² / e) - 1`` with Lambert's W."""
    return -float(lambertw(-(alpha**2) / math.e, -1).real) - 1.0


def bound(share: float | FloatArray, alpha: float) -> FloatArray:
    """Standard errors that a difference must pass when this share of the planned sample is in, any shape.

    ``√(2 (u + 1) / u · ln(√(u + 1) / alpha))`` with u = share · width(alpha).
    """
    u = np.asarray(share, dtype=np.float64) * width(alpha)
    passed: FloatArray = np.sqrt((u + 1) / u * np.log((u + 1) / alpha**2))
    return passed


def bound_above(share: float | FloatArray, alpha: float) -> FloatArray:
    """The same for one side only, with a prior on that side: ``√(2 (u + 1) / u · ln(1 + √(u + 1) / (2 alpha)))``."""
    u = np.asarray(share, dtype=np.float64) * width(min(2 * alpha, 0.999))
    passed: FloatArray = np.sqrt(2 * (u + 1) / u * np.log1p(np.sqrt(u + 1) / (2 * alpha)))
    return passed


def log_evidence(z: float, share: float, alpha: float) -> float:
    """ln M, the evidence against no difference; alpha only sets the width of the prior."""
    u = share * width(alpha)
    return 0.5 * (z * z * u / (u + 1) - math.log1p(u))
