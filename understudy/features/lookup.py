"""What views said of many rows, each at a time of its own.

The rows are at hand and few, the views long: so what the rows ask for is coded once, and the views' rows stream past
it. Memory is bounded by the rows, whatever the length of the history.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from understudy.features.clock import Times, tick_before
from understudy.features.coded import Coded, Codes, coded
from understudy.features.plan import Array
from understudy.problem import ProblemSpec, View

ReadView = Callable[[View, np.datetime64, np.datetime64], Iterable[pa.Table]]
"""Gives a computed view's rows ``at, <keys>, <columns>`` from one clock time to another, both included. The order is
free and more rows do no harm, but no two may share clock time and keys."""

ABSENT = -1
"""What a row asks for whose key is missing: no view has it."""
UNASKED = -2


def look_up_all(spec: ProblemSpec, read: ReadView, times: Times, keys: Mapping[str, Coded]) -> dict[str, Array]:
    """The values of every view's columns for many rows, each at the newest tick at or before its time.

    Args:
        times: shape (n,), prediction times, UTC; at least one, and none missing.
        keys: the request fields by which views are keyed, each of n rows.

    Returns:
        Arrays of shape (n,), float64; NaN where the view has nothing for the row's clock time and keys.
    """
    asked: dict[tuple[str, ...], _Asked] = {}
    found: dict[str, Array] = {}
    for view in spec.features.views:
        path: tuple[str, ...] = (view.every,)
        if path not in asked:
            asked[path] = _at(tick_before(times, view.every))
        for key in view.keys:
            before, path = path, (*path, key)
            if path not in asked:
                asked[path] = asked[before].by(keys[key])
        found |= asked[path].answers(view, read)
    return found


@dataclass(frozen=True)
class _Asked:
    """The distinct combinations of clock time and keys that rows ask for."""

    ticks: Codes
    """Microseconds since 1970, rising."""
    levels: tuple[tuple[Coded, Codes], ...]
    """For each key, its distinct values, and the combinations up to it: rising codes of (place in the level before,
    key)."""
    places: Codes
    """For each row, the place of what it asks for in the last level."""

    def by(self, key: Coded) -> "_Asked":
        """Told apart by one more key."""
        together = np.where(key.codes < 0, ABSENT, self.places * len(key.texts) + key.codes)
        combinations, places = np.unique(together, return_inverse=True)
        return _Asked(self.ticks, (*self.levels, (key, combinations)), places)

    def answers(self, view: View, read: ReadView) -> dict[str, Array]:
        size = len(self.levels[-1][1] if self.levels else self.ticks)
        values = {name: np.full(size, np.nan) for name in view.columns}
        first, last = self.ticks[[0, -1]].astype("datetime64[us]")
        for table in read(view, first, last):
            rows, places = self._matches(view, table)
            for name in view.columns:
                values[name][places] = table.column(name).cast(pa.float64()).to_numpy()[rows]
        return {name: value[self.places] for name, value in values.items()}

    def _matches(self, view: View, table: pa.Table) -> tuple[Codes, Codes]:
        """The rows of a view's table that are asked for, and their places in the last level."""
        at = table.column("at").cast(pa.timestamp("us")).to_numpy().astype(np.int64)
        rows, places = _among(self.ticks, at)
        for name, (key, combinations) in zip(view.keys, self.levels, strict=True):
            codes = _translated(coded(table.column(name)), key)[rows]
            kept, places = _among(combinations, np.where(codes < 0, UNASKED, places * len(key.texts) + codes))
            rows = rows[kept]
        return rows, places


def _at(ticks: Times) -> _Asked:
    distinct, places = np.unique(ticks.astype(np.int64), return_inverse=True)
    return _Asked(distinct, (), places)


def _among(rising: Codes, values: Codes) -> tuple[Codes, Codes]:
    """Which of the values are among the rising ones, and where."""
    places = np.minimum(np.searchsorted(rising, values), len(rising) - 1)
    kept = np.flatnonzero(rising[places] == values)
    return kept, places[kept]


def _translated(theirs: Coded, ours: Coded) -> Codes:
    """A column's codes in the terms of another; -1 for values that the other lacks."""
    known = {text: code for code, text in enumerate(ours.texts)}
    return np.array([*(known.get(text, -1) for text in theirs.texts), -1], dtype=np.int64)[theirs.codes]
