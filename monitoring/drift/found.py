"""What drift was found, column by column, and the readings it makes."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from understudy.records import Reading

Role = Literal["input", "watched", "score", "decision"]
OVERALL = ("score", "decision")
"""Columns that are read as ``drift.<name>``; all others as ``drift.input.<name>``."""

FAR = 100.0
"""How many limits away a column is that has lost its values."""


@dataclass(frozen=True)
class ColumnDrift:
    """One column against its reference.

    Attributes:
        name, role, measure: which column, and Evidently's name of the measure.
        value: the measure; None where it could not be taken.
        rows: rows with a value.
        limit: what ``value`` passes in a calm window with the family's small probability; None where training tells
            of none.
        mean, mean_before: of numbers, now and in the reference; None for categories.
        missing, missing_before: share of rows without a value.
        new: share of values that the reference does not have; None for columns that are not on a grid.
        new_limit: its limit, made the same way.
        gone: whether nearly all values are missing, as in no calm window.
        why: why there is no value, or no limit.
    """

    name: str
    role: Role
    measure: str
    value: float | None
    rows: int
    limit: float | None = None
    mean: float | None = None
    mean_before: float | None = None
    missing: float = 0.0
    missing_before: float = 0.0
    new: float | None = None
    new_limit: float = 1.0
    gone: bool = False
    why: str = ""

    @property
    def excess(self) -> float:
        """The larger of both figures in units of its limit: above 1 is drift. ``FAR`` for a column that is gone."""
        if self.gone:
            return FAR
        moved = (self.value or 0.0) / self.limit if self.limit else 0.0
        return max(moved, (self.new or 0.0) / self.new_limit)

    @property
    def drifted(self) -> bool:
        return self.excess > 1


@dataclass(frozen=True)
class Drift:
    """A window of predictions against the reference.

    Attributes:
        columns: inputs, watched numbers, score and decision, in that order.
        rows, reference_rows: what was compared.
        alpha: share of calm windows in which some column passes its limit for ``value``.
        windows, independent, how: calm windows behind the limits, how many of them share no time, and of which kind.
        factor: what the columns' own quantiles were multiplied by to hold together.
        span: length of the window.
        threshold: score from which a row counts as flagged; none where decisions were not compared.
        note: what a reader must know about the limits; empty when nothing.
    """

    columns: tuple[ColumnDrift, ...]
    rows: int
    reference_rows: int
    alpha: float
    windows: int
    independent: int
    how: str
    factor: float
    span: timedelta
    threshold: float | None = None
    note: str = ""

    @property
    def suspects(self) -> tuple[ColumnDrift, ...]:
        """Columns past a limit, the furthest first."""
        return tuple(sorted((c for c in self.columns if c.drifted), key=lambda c: -c.excess))

    def column(self, name: str) -> ColumnDrift | None:
        return next((column for column in self.columns if column.name == name), None)

    def readings(self) -> tuple[Reading, ...]:
        """``drift.input.<name>``, ``drift.score``, ``drift.decision``, ``drift.columns`` and ``data.grid.<name>``."""
        drifts = [_drift(column) for column in self.columns]
        grids = [_grid(column) for column in self.columns if column.new is not None]
        past = sum(column.gone or (column.value or 0.0) > (column.limit or math.inf) for column in self.columns)
        measured = any(column.gone or column.value is not None for column in self.columns)
        about = f"limits from {self.windows} calm windows ({self.how}), {self.independent} of them independent"
        count = Reading(name="drift.columns", value=past if measured else None, limit=0, rows=self.rows, about=about)
        return (*drifts, count, *grids)


def _drift(column: ColumnDrift) -> Reading:
    name = f"drift.{column.name}" if column.role in OVERALL else f"drift.input.{column.name}"
    about = column.why or column.measure
    if not column.why and column.mean is not None and column.mean_before is not None:
        about = f"{column.measure}; mean {column.mean_before:.4g} in training, now {column.mean:.4g}"
    return Reading(name=name, value=column.value, limit=column.limit, rows=column.rows, about=about)


def _grid(column: ColumnDrift) -> Reading:
    about = "share of values that training does not have"
    return Reading(
        name=f"data.grid.{column.name}", value=column.new, limit=column.new_limit, rows=column.rows, about=about
    )
