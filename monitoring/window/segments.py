"""Rows by segment: the values of a column, or its fifths where it holds many numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitoring.window.read import Rows
from understudy.problem import ProblemSpec
from understudy.statistics.metrics import Array, FloatArray

COLUMNS_UNLESS_NAMED = 3
MOST = 20
"""Values of one column that are looked at, the commonest first."""
FEW = 12
"""Distinct numbers up to which each is a segment of its own."""
FIFTHS = 5


@dataclass(frozen=True)
class Group:
    """The rows of one segment."""

    column: str
    value: str
    rows: NDArray[np.bool_]
    """Mask over all live rows."""


Groups = Sequence[Group]


def groups_of(rows: Rows, spec: ProblemSpec, reference: pa.Table) -> list[Group]:
    """Groups by each segment column of the problem, each column's commonest first.

    Args:
        reference: training rows, whose fifths part a column of many numbers.
    """
    found: list[Group] = []
    for name in segment_columns(spec):
        values = _column(rows, name)
        if values is not None:
            found += _by_number(name, values, reference) if _is_number(values) else _by_value(name, values)
    return found


def segment_columns(spec: ProblemSpec) -> tuple[str, ...]:
    """Columns that figures are broken down by: those of the YAML, else the first few categories."""
    return spec.monitoring.segments or spec.evaluation.segments or spec.categories[:COLUMNS_UNLESS_NAMED]


def _column(rows: Rows, name: str) -> pa.ChunkedArray | None:
    for table in (rows.inputs, rows.requests):
        if name in table.column_names:
            return table.column(name)
    return None


def _is_number(values: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_floating(values.type))


def _by_value(name: str, values: pa.ChunkedArray) -> list[Group]:
    coded = pc.fill_null(values.cast(pa.string()), "").combine_chunks().dictionary_encode()
    codes, texts = np.asarray(coded.indices), coded.dictionary.to_pylist()
    counts = np.bincount(codes, minlength=len(texts))
    commonest = np.argsort(-counts, kind="stable")[:MOST]
    return [Group(name, texts[code] or "(missing)", codes == code) for code in commonest]


def _by_number(name: str, values: pa.ChunkedArray, reference: pa.Table) -> list[Group]:
    numbers = values.to_numpy()
    there = numbers[~np.isnan(numbers)]
    distinct = np.unique(there)
    if len(distinct) <= FEW:
        groups = [Group(name, f"{number:g}", numbers == number) for number in distinct]
    else:
        edges = _edges(reference.column(name).to_numpy() if name in reference.column_names else there)
        groups = [
            Group(name, f"{low:.4g} to {high:.4g}", (numbers >= low) & (numbers < high))
            for low, high in pairwise(edges)
        ]
    missing = Group(name, "(missing)", np.isnan(numbers))
    return [group for group in [*groups, missing] if group.rows.any()]


def _edges(numbers: Array) -> FloatArray:
    inner = np.quantile(numbers[~np.isnan(numbers)], np.linspace(0, 1, FIFTHS + 1)[1:-1])
    return np.concatenate([[-np.inf], np.unique(inner), [np.inf]])
