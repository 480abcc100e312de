"""A null pattern that gives the answer away: the value is missing because of what happened."""

import numpy as np
from numpy.typing import NDArray

from pipelines.probe.finding import Finding
from pipelines.probe.sample import Sample, is_missing

PURE = 0.95
ODDS = 20.0
CERTAIN = 2.326
"""Standard errors of the lower bound: 99 %, one-sided."""


def missing_patterns(sample: Sample) -> list[Finding]:
    """For each feature with missing values, how pure the target is where it is missing or where it is present.

    It fails when, at the lower end of a 99 % interval, one class holds 95 % of those rows and its odds
    there are twenty times its odds over all rows.
    """
    masks = {name: is_missing(values) for name, values in sample.columns.items()}
    return [_finding(name, mask, sample.y) for name, mask in masks.items() if mask.any() and not mask.all()]


def wilson_low(successes: int, rows: int, z: float = CERTAIN) -> float:
    """Lower end of Wilson's score interval of a share (Wilson 1927)."""
    if rows == 0:
        return 0.0
    share, spread = successes / rows, z**2 / rows
    return float((share + spread / 2 - z * np.sqrt((share * (1 - share) + spread / 4) / rows)) / (1 + spread))


def _finding(name: str, missing: NDArray[np.bool_], y: NDArray[np.int64]) -> Finding:
    cases = [(where, sign, mask) for where, mask in (("missing", missing), ("present", ~missing)) for sign in (1, 0)]
    where, sign, mask = max(cases, key=lambda case: _excess(case[2], y == case[1]))
    rows, hits = int(mask.sum()), int((y[mask] == sign).sum())
    low, base = wilson_low(hits, rows), float((y == sign).mean())
    kind = "positive" if sign else "negative"
    detail = f"{hits:,} of {rows:,} rows in which {name!r} is {where} are {kind}, against {base:.1%} of all rows."
    return Finding("missing_pattern", name, low, PURE, low > PURE and _odds(low) > ODDS * _odds(base), detail)


def _excess(mask: NDArray[np.bool_], hit: NDArray[np.bool_]) -> float:
    """Odds of the class in the masked rows, at the lower bound, over its odds in all rows."""
    return _odds(wilson_low(int(hit[mask].sum()), int(mask.sum()))) / max(_odds(float(hit.mean())), 1e-12)


def _odds(share: float) -> float:
    return share / max(1e-12, 1 - share)
