"""Columns as bin numbers, so that any number of windows can be counted at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

FEW_VALUES = 20
"""A number with at most so many different values in the reference is compared value by value, as Evidently does."""
ROWS_PER_VALUE = 20
"""Rows that stand behind each value of a column on a grid, on average."""


@dataclass(frozen=True)
class Coded:
    """One column of reference and current rows as numbers of bins.

    Attributes:
        reference, current: bin of each row [rows]; ``bins`` where there is no value to be compared.
        bins: how many there are.
        missing: the bin of missing values; ``bins`` for numbers, which leave them out of the comparison, and the bin of
            the empty text for categories, where Evidently counts it as a value.
        exact: whether bins are values rather than ranges.
    """

    reference: Codes
    current: Codes
    bins: int
    missing: int
    exact: bool


def coded_numbers(reference: Floats, current: Floats) -> Coded:
    """Bins as Evidently draws them: one for each value where the reference has few, else equal widths.

    Widths follow Sturges' rule over both samples together. Infinite values count as missing.
    """
    known, new = _present(reference), _present(current)
    values = np.unique(known)
    if exact := len(values) <= FEW_VALUES:
        values = np.union1d(values, new)
        bins = len(values)
    else:
        edges = np.histogram_bin_edges(np.concatenate([known, new]), bins="sturges")
        bins = len(edges) - 1

    def codes(column: Floats) -> Codes:
        found = np.searchsorted(values, column) if exact else np.searchsorted(edges, column, side="right") - 1
        return np.where(np.isfinite(column), np.clip(found, 0, bins - 1), bins)

    return Coded(codes(reference), codes(current), bins, bins, exact)


def coded_texts(reference: pa.ChunkedArray, current: pa.ChunkedArray) -> Coded:
    """One bin for each value in either sample; null and the empty text are one value."""
    texts = [pc.fill_null(column.cast(pa.string()), "") for column in (reference, current)]
    values = pc.unique(pa.chunked_array([chunk for column in texts for chunk in column.chunks], pa.string())).sort()
    codes = [pc.index_in(column, value_set=values).to_numpy().astype(np.int64) for column in texts]
    empty = values.index("").as_py()
    return Coded(codes[0], codes[1], len(values), empty if empty >= 0 else len(values), exact=True)


def coded_grid(reference: Floats, current: Floats) -> Coded | None:
    """The values themselves as bins, where the reference has few of them for its rows; else None.

    Measured quantities come in steps: knots, tenths of a degree, minutes. A column that was multiplied, or converted to
    another unit, leaves the steps even where its distribution stays within what is natural. The last bin is for values
    of ``current`` that the reference does not have. Values are compared as float32, the type that models read.
    """
    known, new = reference.astype(np.float32), current.astype(np.float32)
    values = np.unique(_present(known))
    if not 0 < len(values) * ROWS_PER_VALUE <= len(known):
        return None
    bins = len(values) + 1

    def codes(column: NDArray[np.float32]) -> Codes:
        found = np.minimum(np.searchsorted(values, column), len(values) - 1)
        seen = np.where(values[found] == column, found, bins - 1)
        return np.where(np.isfinite(column), seen, bins).astype(np.int64)

    return Coded(codes(known), codes(new), bins, bins, exact=True)


def within(reference: Floats, current: Floats) -> Floats:
    """``current`` with what lies outside of the reference's range moved to its ends.

    One absurd value would otherwise stretch the bins until all others fall into one, and drift into nothing.
    """
    known = _present(reference)
    return np.clip(np.where(np.isfinite(current), current, np.nan), known.min(), known.max()) if len(known) else current


def _present(column: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(column[np.isfinite(column)])
