"""Names of the group that each row falls into by one column: its value, or its bin for a column of many numbers."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from pipelines.evaluate.style import plain
from understudy.statistics.metrics import Array

MOST = 12
"""Values that are named; rarer ones form one group."""
BINS = 5
MISSING, OTHER = "(missing)", "(other)"


def group_rows(table: pa.Table, column: str) -> tuple[list[str], Array]:
    """Groups in the order to show them, and the name of each row's group [rows]."""
    values = table[column]
    if kinds.is_floating(values.type) or kinds.is_integer(values.type):
        return _group_numbers(values.to_numpy().astype(np.float64))
    names = [MISSING if text in (None, "") else str(text) for text in values.to_pylist()]
    return _group_names(names)


def _group_names(names: list[str]) -> tuple[list[str], Array]:
    counts = Counter(names)
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    kept = ranked if len(ranked) <= MOST else ranked[: MOST - 1]
    if all(name[0].isdigit() for name in kept if name != MISSING):
        kept = sorted(kept)
    known = set(kept)
    grouped = np.array([name if name in known else OTHER for name in names], dtype=object)
    return [*kept, *([OTHER] if len(kept) < len(ranked) else [])], grouped


def _group_numbers(values: Array) -> tuple[list[str], Array]:
    there = values[~np.isnan(values)]
    distinct = np.unique(there)
    if len(distinct) <= BINS + 2:
        labels, bucket = [plain(value) for value in distinct], np.searchsorted(distinct, values)
    else:
        edges = np.unique(np.quantile(there, np.linspace(0, 1, BINS + 1)))
        labels = [f"{plain(low)} to {plain(high)}" for low, high in pairwise(edges)]
        bucket = np.searchsorted(edges[1:-1], values, side="right")
    named = np.array([*labels, MISSING], dtype=object)
    grouped = named[np.where(np.isnan(values), len(labels), np.minimum(bucket, len(labels) - 1 if labels else 0))]
    shown = list(dict.fromkeys(label for label in labels if (grouped == label).any()))
    return [*shown, *([MISSING] if np.isnan(values).any() else [])], grouped
