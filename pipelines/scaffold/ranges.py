"""Limits for a column of numbers that are wide enough for what may yet come, and narrow enough to miss a neighbour."""

import math

import pyarrow as pa
from pyarrow import compute as pc

Range = tuple[float, float]


def generous_range(numbers: pa.ChunkedArray) -> Range | None:
    """The values seen and their whole span again on either side, rounded outwards; none where they never vary.

    Args:
        numbers: int64 or float64, without nulls.
    """
    finite = numbers.filter(pc.is_finite(numbers)) if pa.types.is_floating(numbers.type) else numbers
    ends = pc.min_max(finite).as_py()
    if ends["min"] is None or ends["min"] == ends["max"]:
        return None
    low, high = float(ends["min"]), float(ends["max"])
    span = high - low
    if not 0 < span < math.inf:
        return None
    step = 10.0 ** math.floor(math.log10(span))
    limits = _round(math.floor((low - span) / step), step), _round(math.ceil((high + span) / step), step)
    return limits if limits[0] <= low and high <= limits[1] and math.isfinite(limits[1] - limits[0]) else None


def _round(steps: int, step: float) -> float:
    """So many steps, free of what binary fractions add."""
    return float(f"{steps * step:.12g}")
