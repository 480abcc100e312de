"""Did the arms get the shares that were planned? If not, who is in which arm is not left to chance.

Two answers. The chi-square test holds at one look. The sequential one holds at all: Lindon & Malek 2022, "Anytime-valid
inference for multinomial count data", the likelihood of the counts averaged over shares that are spread around the
planned ones, over their likelihood under the planned ones:
``ln M = ln Γ(k) - ln Γ(k + n) + Σ [ln Γ(k w_i + n_i) - ln Γ(k w_i) - n_i ln w_i]``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln
from scipy.stats import chi2

from monitoring.experiments.statistics.sequential import width
from understudy.statistics.metrics import FloatArray


@dataclass(frozen=True)
class SampleRatio:
    counts: tuple[int, ...]
    weights: tuple[float, ...]
    """Planned, adding up to 1."""
    chi_square_p: float
    """For this look alone."""
    p_value: float
    """Always valid."""
    limit: float

    @property
    def faulty(self) -> bool:
        """Judged by the p value that is valid at every look."""
        return self.p_value < self.limit


def sample_ratio(counts: Sequence[int], weights: Sequence[float], *, planned: int, limit: float = 0.01) -> SampleRatio:
    """Compare units for each arm with the plan.

    Args:
        counts: units for each arm as assigned, so that one which fell back to the champion counts for its own arm.
        weights: planned, in any unit, each greater than 0.
        planned: units of all arms at which the test is sharpest; fixed before the first look.
        limit: probability of an alarm over the whole experiment when the shares are right. The .001 that is usual for
            the chi-square test comes to about this much when that is looked at daily for six weeks.
    """
    shares = np.asarray(weights, dtype=np.float64) / float(np.sum(weights))
    found = np.asarray(counts, dtype=np.float64)
    evidence = float(log_evidence(found, shares, planned, limit))
    return SampleRatio(
        tuple(int(count) for count in counts),
        tuple(float(share) for share in shares),
        chi_square(found, shares),
        min(1.0, math.exp(-evidence)),
        limit,
    )


def chi_square(counts: FloatArray, weights: FloatArray) -> float:
    """p value of Pearson's test of the counts [arms] against shares [arms] that add up to 1; 1 without units."""
    expected = counts.sum() * weights
    if not expected.sum():
        return 1.0
    return float(chi2.sf(((counts - expected) ** 2 / expected).sum(), len(counts) - 1))


def log_evidence(counts: FloatArray, weights: FloatArray, planned: int, limit: float) -> FloatArray:
    """ln M for counts [..., arms]; it passes -ln(limit) with at most that probability when the shares are right.

    The concentration k is set so that the prior is as wide as the deviation that ``planned`` units can show.
    """
    spread = max(planned / width(limit), 1.0) * weights
    total = counts.sum(axis=-1)
    each = gammaln(spread + counts) - gammaln(spread) - counts * np.log(weights)
    evidence: FloatArray = gammaln(spread.sum()) - gammaln(spread.sum() + total) + each.sum(axis=-1)
    return evidence
