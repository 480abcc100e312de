"""One column of a window against the reference, and what the same figures are in calm windows."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from monitoring.drift.coded import Coded, Codes, Floats, coded_grid, coded_numbers, coded_texts, within
from monitoring.drift.found import ColumnDrift, Role
from monitoring.drift.measures import Counts, Measure, measure_named
from monitoring.drift.windows import CalmWindows

FEWEST_VALUES = 30
"""Values of a column below which it is not compared."""


@dataclass(frozen=True)
class Seen:
    """A column that has no limits yet.

    Attributes:
        calm: the measure in each calm window [windows]; NaN where too few values were there.
        calm_new: the share of new values in each calm window [windows].
    """

    column: ColumnDrift
    calm: Floats
    calm_new: Floats


class Counter:
    """Counts the bins of a column in every calm window at once."""

    def __init__(self, calm: CalmWindows) -> None:
        self._rows = np.concatenate(calm.rows)
        self._window = np.repeat(np.arange(len(calm)), [len(rows) for rows in calm.rows])
        self._windows = len(calm)

    def windows(self, codes: Codes, bins: int) -> Counts:
        """[windows, bins]; codes of ``bins`` and above are not counted."""
        width = int(max(codes.max(initial=0), bins - 1)) + 1
        places = self._window * width + codes[self._rows]
        counts = np.bincount(places, minlength=self._windows * width).reshape(self._windows, width)
        return counts[:, :bins].astype(np.float64)


def see_numbers(name: str, role: Role, current: Floats, reference: Floats, measure: str, counter: Counter) -> Seen:
    """Compare numbers [rows], NaN for missing."""
    coded = coded_numbers(reference, within(reference, current))
    value, calm = _figures(coded, measure_named(measure), counter)
    # A score is a sum of many parts: each is new.
    grid = coded_grid(reference, current) if role != "score" else None
    new, calm_new = _new_values(grid, counter) if grid else (None, np.zeros(len(calm)))
    rows, before = (int((codes != coded.missing).sum()) for codes in (coded.current, coded.reference))
    column = ColumnDrift(
        name=name,
        role=role,
        measure=measure,
        value=value,
        rows=rows,
        mean=float(np.nanmean(current)) if rows else None,
        mean_before=float(np.nanmean(reference)) if before else None,
        missing=1 - rows / len(current),
        missing_before=1 - before / len(reference),
        new=new,
        why=_why(value, rows),
    )
    return Seen(column, calm, calm_new)


def see_texts(
    name: str, role: Role, current: pa.ChunkedArray, reference: pa.ChunkedArray, measure: str, counter: Counter
) -> Seen:
    """Compare categories; null and "" are one value."""
    coded = coded_texts(reference, current)
    value, calm = _figures(coded, measure_named(measure), counter)
    missing, before = (float((codes == coded.missing).mean()) for codes in (coded.current, coded.reference))
    column = ColumnDrift(
        name=name,
        role=role,
        measure=measure,
        value=value,
        rows=len(current),
        missing=missing,
        missing_before=before,
        why=_why(value, len(current)),
    )
    return Seen(column, calm, np.zeros(len(calm)))


def floats(column: pa.ChunkedArray) -> Floats:
    """Numbers [rows], NaN for missing and infinite ones."""
    values = np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _figures(coded: Coded, measure: Measure, counter: Counter) -> tuple[float | None, Floats]:
    """The measure of the current rows, and of each calm window against the reference without it."""
    bins = coded.bins
    whole, current = _counts(coded.reference, bins), _counts(coded.current, bins)
    windows = counter.windows(coded.reference, bins)
    # A value that only the current rows have is no bin of the calm windows.
    kept = whole > 0 if coded.exact else np.ones(bins, bool)
    calm = measure((whole - windows)[:, kept], windows[:, kept])
    calm = np.where(windows.sum(axis=1) >= FEWEST_VALUES, calm, np.nan)
    enough = min(whole.sum(), current.sum()) >= FEWEST_VALUES
    return (float(measure(whole, current)) if enough else None), calm


def _new_values(grid: Coded, counter: Counter) -> tuple[float | None, Floats]:
    """Share of values that the reference does not have, and of values that only the calm window itself has."""
    current, whole = _counts(grid.current, grid.bins), _counts(grid.reference, grid.bins)
    windows = counter.windows(grid.reference, grid.bins)
    total = windows.sum(axis=1)
    alone = np.where(windows == whole, windows, 0).sum(axis=1)
    calm = np.divide(alone, total, out=np.zeros(len(windows)), where=total >= FEWEST_VALUES)
    return (float(current[-1] / current.sum()) if current.sum() >= FEWEST_VALUES else None), calm


def _counts(codes: Codes, bins: int) -> Counts:
    return np.bincount(codes, minlength=bins)[:bins].astype(np.float64)


def _why(value: float | None, rows: int) -> str:
    return "" if value is not None else f"only {rows} rows have a value"
