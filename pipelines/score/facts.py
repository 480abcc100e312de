"""What stands out of scored rows: counted by part, kept in the part's file, added up in the end."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from understudy.bundle.manifest import Reference
from understudy.bundle.scorer import FloatArray
from understudy.features.coded import coded
from understudy.features.plan import Array, Plan

KEY = b"understudy"
"""Name of the facts in the metadata of a part's file."""

Counts = dict[str, int]
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Facts:
    """Sums and counts of rows."""

    rows: int = 0
    positive: int = 0
    """Rows whose decision is yes."""
    total: float = 0.0
    """Sum of the scores."""
    missing: Counts = field(default_factory=dict)
    """Rows without a value, by model input."""
    unseen: Counts = field(default_factory=dict)
    """Rows with a category that training did not hold, by model input."""

    def __add__(self, other: "Facts") -> "Facts":
        return Facts(
            self.rows + other.rows,
            self.positive + other.positive,
            self.total + other.total,
            _sum(self.missing, other.missing),
            _sum(self.unseen, other.unseen),
        )

    def dump(self) -> dict[bytes, bytes]:
        """As metadata of a Parquet file."""
        return {KEY: json.dumps(vars(self)).encode()}

    @classmethod
    def read(cls, path: Path) -> "Facts":
        """From a part's file."""
        return cls(**json.loads(pq.read_schema(path).metadata[KEY]))


def missing_values(plan: Plan, numbers: FloatArray | None, categories: Array | None) -> Counts:
    """Rows without a value, by model input; inputs that are always there are left out."""
    counts: Counts = {}
    if numbers is not None:
        counts |= zip(plan.numbers, np.isnan(numbers).sum(axis=0).tolist(), strict=True)
    if categories is not None:
        counts |= zip(plan.categories, (categories == "").sum(axis=0).tolist(), strict=True)
    return {name: count for name, count in counts.items() if count}


def unseen_categories(plan: Plan, reference: Reference | None, categories: Array | None) -> dict[str, Marks]:
    """For each category input, the rows [rows] with a value that training did not hold; only inputs with some."""
    if categories is None or reference is None:
        return {}
    marks = {
        name: _outside({*reference.known[name], ""}, categories[:, place])
        for place, name in enumerate(plan.categories)
        if name in reference.known
    }
    return {name: rows for name, rows in marks.items() if rows.any()}


def _outside(known: set[str], values: Array) -> Marks:
    column = coded(pa.chunked_array([pa.array(values, pa.string())]))
    return np.array([text not in known for text in column.texts], dtype=np.bool_)[column.codes]


def _sum(one: Counts, other: Counts) -> Counts:
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}
