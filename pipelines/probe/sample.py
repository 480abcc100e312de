"""The rows that the probes look at: model inputs and target of the training part, column by column."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from understudy.problem import ProblemSpec

ROWS = 60_000
"""More rows than this are thinned evenly: a ROC AUC is then known to a few thousandths, and more only costs time."""

Numbers = NDArray[np.float64]
Words = NDArray[Any]


@dataclass(frozen=True)
class Sample:
    """``y`` int [rows], 1 for the positive class; NaN is a missing number and ``""`` a missing category."""

    y: NDArray[np.int64]
    numbers: Mapping[str, Numbers]
    categories: Mapping[str, Words]

    @property
    def columns(self) -> dict[str, Numbers | Words]:
        return {**self.numbers, **self.categories}


def thinned(table: pa.Table) -> pa.Table:
    """At most ``ROWS`` rows, evenly spaced."""
    if table.num_rows <= ROWS:
        return table
    return table.take(np.linspace(0, table.num_rows - 1, ROWS).astype(np.int64))


def sample_of(table: pa.Table, spec: ProblemSpec) -> Sample:
    """Take the inputs and the target from a table of features."""
    return Sample(
        y=table[spec.target].to_numpy().astype(np.int64),
        numbers={name: numbers_of(table[name]) for name in spec.numbers},
        categories={name: words_of(table[name]) for name in spec.categories},
    )


def columns_of(table: pa.Table, spec: ProblemSpec, names: Iterable[str]) -> dict[str, Numbers | Words]:
    """Raw columns of the main table by name; times are left out."""
    kinds = {name: spec.columns[name].kind for name in names if spec.columns[name].kind != "time"}
    return {name: (words_of if kind == "category" else numbers_of)(table[name]) for name, kind in kinds.items()}


def numbers_of(column: pa.ChunkedArray) -> Numbers:
    """As float64, NaN where missing."""
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def words_of(column: pa.ChunkedArray) -> Words:
    """As strings, ``""`` where missing."""
    return np.asarray(column.cast(pa.string()).fill_null("").to_numpy(), dtype=object)


def is_missing(values: Numbers | Words) -> NDArray[np.bool_]:
    return values == "" if values.dtype == object else np.isnan(values.astype(np.float64))


def bins_of(values: Numbers | Words, most: int = 50) -> NDArray[np.int64]:
    """Number each value: equal values share a bin, and missing ones have their own.

    Numbers with more than ``most`` distinct values are cut at their quantiles into ``most`` bins.
    """
    missing = is_missing(values)
    bins = np.zeros(len(values), dtype=np.int64)
    codes, distinct = pd.factorize(values[~missing], sort=True)
    if values.dtype != object and len(distinct) > most:
        edges = np.unique(np.quantile(values[~missing], np.linspace(0, 1, most + 1)[1:-1]))
        codes = np.searchsorted(edges, values[~missing], side="right")
    bins[~missing] = codes + 1
    return bins
