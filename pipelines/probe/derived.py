"""A column that is the target in disguise: its value leaves nothing to predict."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipelines.probe.finding import Finding
from pipelines.probe.sample import Numbers, Sample, Words, bins_of, is_missing

LIMIT = 0.75
SAME = 0.98
FEWEST_VALUES = 10
"""Columns with fewer distinct values than this are equal too easily to call one a copy."""
HINTS = ("after", "outcome", "result", "label", "target", "reason", "resolved", "closed", "cancel", "actual", "final")
BIN_ROWS = 5
"""Bins with fewer rows than this say nothing: on average, many categories would each look pure."""


def target_derived(sample: Sample, target: str) -> list[Finding]:
    """Share of the target's uncertainty that each feature's value removes, most first.

    Theil's U = 1 - H(y | x) / H(y), with numbers in 50 quantile bins and thin bins counted as telling nothing.
    """
    shares = {name: uncertainty_removed(bins_of(values), sample.y) for name, values in sample.columns.items()}
    findings = [_finding(name, share, target) for name, share in shares.items()]
    return sorted(findings, key=lambda finding: (-finding.figure, finding.feature))


def copied_leaks(columns: Mapping[str, Numbers | Words], late: Mapping[str, Numbers | Words]) -> list[Finding]:
    """Features that repeat, row by row, a column that is known only after prediction time."""
    return [
        _copy(name, other, share)
        for name, values in columns.items()
        for other, facts in late.items()
        if (share := _equal_share(values, facts)) > SAME / 2
    ]


def uncertainty_removed(bins: NDArray[np.int64], y: NDArray[np.int64]) -> float:
    """Theil's uncertainty coefficient of ``y`` given ``bins``, from 0 to 1."""
    rows = np.bincount(bins)
    positives = np.bincount(bins, weights=y)
    rate = y.mean() if len(y) else 0.0
    whole = _entropy(np.asarray([rate]))[0]
    if whole == 0:
        return 0.0
    rates = np.where(rows >= BIN_ROWS, positives / np.maximum(rows, 1), rate)
    return float(max(0.0, 1 - (_entropy(rates) * rows).sum() / len(y) / whole))


def hint(name: str, target: str) -> str:
    """Words on what the column's name gives away, if anything; never a verdict by itself."""
    lowered, wanted = name.lower(), target.lower()
    if len(wanted) > 2 and wanted in lowered:
        return f"Its name contains the target's, {target!r}."
    word = next((word for word in HINTS if word in lowered), None)
    return f"Its name says {word!r}." if word else ""


def _finding(name: str, share: float, target: str) -> Finding:
    detail = f"The value of {name!r} removes {share:.1%} of the uncertainty about {target!r}. {hint(name, target)}"
    return Finding("target_derived", name, share, LIMIT, share > LIMIT, detail.strip())


def _copy(name: str, other: str, share: float) -> Finding:
    detail = f"{name!r} equals {other!r}, which is known only after prediction time, in {share:.1%} of the rows."
    return Finding("copied_leak", name, share, SAME, share > SAME, detail)


def _equal_share(values: Numbers | Words, facts: Numbers | Words) -> float:
    """Share of rows, among those where both are present, with equal values; 0 when too few differ to tell."""
    if (values.dtype == object) != (facts.dtype == object):
        return 0.0
    both = ~(is_missing(values) | is_missing(facts))
    if len(np.unique(facts[both])) < FEWEST_VALUES:
        return 0.0
    return float((values[both] == facts[both]).mean())


def _entropy(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy in bits of a binary variable with each of these rates."""
    inner = np.clip(rates, 1e-15, 1 - 1e-15)
    return np.where((rates <= 0) | (rates >= 1), 0.0, -inner * np.log2(inner) - (1 - inner) * np.log2(1 - inner))
