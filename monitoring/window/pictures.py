"""Small distributions of a column then and now, for pages."""

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from understudy.statistics.metrics import Array, FloatArray

BARS = 16
MOST_VALUES = 10
OTHER, MISSING = "(other)", "(missing)"


def picture(before: pa.ChunkedArray, now: pa.ChunkedArray) -> dict[str, Any]:
    """Share of rows in each bar, in training and in the window; a column of numbers is cut at training's 1 % ends.

    Returns:
        ``names`` of the bars, ``before`` and ``now``: shares of the rows that have a value.
    """
    if pa.types.is_floating(before.type):
        return _numbers(before.to_numpy(), now.to_numpy())
    return _texts(_filled(before), _filled(now))


def _numbers(before: Array, now: Array) -> dict[str, Any]:
    old, new = (values[np.isfinite(values)].astype(np.float64) for values in (before, now))
    if not len(old):
        return {"names": [], "before": [], "now": []}
    low, high = np.quantile(old, [0.01, 0.99])
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BARS + 1)
    names = [f"{left:.4g} to {right:.4g}" for left, right in pairwise(edges)]
    return {"names": names, "before": _bars(old, edges), "now": _bars(new, edges)}


def _bars(values: Array, edges: FloatArray) -> list[float]:
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
    return [round(float(share), 5) for share in counts / max(len(values), 1)]


def _texts(before: pa.Array, now: pa.Array) -> dict[str, Any]:
    old, new = _shares(before), _shares(now)
    ranked = sorted({*old, *new}, key=lambda name: (-max(old.get(name, 0.0), new.get(name, 0.0)), name))
    named, rest = ranked[:MOST_VALUES], ranked[MOST_VALUES:]
    bars = {"before": [old.get(name, 0.0) for name in named], "now": [new.get(name, 0.0) for name in named]}
    if rest:
        bars["before"].append(sum(old.get(name, 0.0) for name in rest))
        bars["now"].append(sum(new.get(name, 0.0) for name in rest))
    return {"names": [*named, *([OTHER] if rest else [])], **bars}


def _shares(values: pa.Array) -> dict[str, float]:
    counts = values.value_counts().to_pylist()
    return {row["values"] or MISSING: round(row["counts"] / len(values), 5) for row in counts}


def _filled(values: pa.ChunkedArray) -> pa.Array:
    return values.cast(pa.string()).fill_null("").combine_chunks()
