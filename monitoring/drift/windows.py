"""Windows of the reference rows: what calm looks like at the length and the size of the window that is judged."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.intp]

DRAWS = 200
"""Windows drawn from an undated reference."""
MOST_WINDOWS = 400
"""Dated windows, spaced more widely than a day where there would be more."""
FEWEST_ROWS = 30
"""Rows below which a window of the reference says nothing."""
FEWEST_BLOCKS = 4
"""Windows that must fit into the reference one after another; else they are made shorter."""
DAY = np.timedelta64(1, "D")
TICK = np.timedelta64(1, "us")


@dataclass(frozen=True)
class CalmWindows:
    """Sets of reference rows.

    Attributes:
        rows: positions in the reference, one array for each window.
        apart: [windows, windows], whether two windows share no stretch of time.
        independent: how many windows fit into the reference one after another.
        how: ``moving blocks`` of consecutive time, or ``random rows``.
        note: what a reader of the limits must know about them; empty when nothing.
    """

    rows: tuple[Index, ...]
    apart: NDArray[np.bool_]
    independent: int
    how: str
    note: str = ""

    def __len__(self) -> int:
        return len(self.rows)


def calm_windows(times: NDArray[np.datetime64] | None, size: int, span: timedelta, rows: int, seed: int) -> CalmWindows:
    """Windows to compare with the rest of the reference.

    Rows of a day resemble each other, and days resemble their neighbours: a week of weather differs from the year
    for a reason that is no drift. Blocks of consecutive time keep that (Künsch 1989, "The jackknife and the bootstrap
    for general stationary observations"); rows or days drawn one by one do not, and their limits alarm in every week.

    Args:
        times: datetime64 of each reference row [size]; none for an undated reference.
        size: rows of the reference.
        span: length of the window that is judged.
        rows: rows of that window; larger windows of the reference are thinned to as many, so that a small window is
            allowed the noise of a small sample.
        seed: seed of what is drawn.
    """
    draw = np.random.default_rng(seed)
    if times is None:
        return _random_rows(size, rows, draw)
    blocks = _moving_blocks(times, span, rows, draw)
    if blocks is not None:
        return blocks
    found = _random_rows(size, rows, draw)
    note = "The reference is too short, or too thin, for windows in time: limits know the noise of sampling alone."
    return CalmWindows(found.rows, found.apart, found.independent, found.how, note)


def _random_rows(size: int, rows: int, draw: np.random.Generator) -> CalmWindows:
    count = max(1, min(rows, size // 2))
    drawn = tuple(np.sort(draw.choice(size, count, replace=False)) for _ in range(DRAWS))
    return CalmWindows(drawn, ~np.eye(DRAWS, dtype=bool), DRAWS, "random rows")


def _moving_blocks(
    times: NDArray[np.datetime64], span: timedelta, rows: int, draw: np.random.Generator
) -> CalmWindows | None:
    order = np.argsort(times, kind="stable")
    moments = times[order].astype("datetime64[us]")
    origin, end = moments[0], moments[-1] + TICK
    if span >= timedelta(days=1):
        origin = origin.astype("datetime64[D]").astype(moments.dtype)
        end = (moments[-1].astype("datetime64[D]") + DAY).astype(moments.dtype)
    whole = end - origin
    length, note = np.timedelta64(span, "us"), ""
    if whole < FEWEST_BLOCKS * length:
        length = whole // FEWEST_BLOCKS
        note = f"The reference spans {whole / DAY:.1f} days: limits come from blocks of {length / DAY:.1f} days."
    step = min(DAY, length).astype("timedelta64[us]")
    starts = origin + np.arange(max(1, (whole - length) // step + 1)) * step
    if len(starts) > MOST_WINDOWS:
        starts = starts[np.linspace(0, len(starts) - 1, MOST_WINDOWS).astype(np.intp)]
    first, last = np.searchsorted(moments, starts), np.searchsorted(moments, starts + length)
    enough = last - first >= FEWEST_ROWS
    if 2 * enough.sum() < len(starts) or enough.sum() < FEWEST_BLOCKS:
        return None
    starts, first, last = starts[enough], first[enough], last[enough]
    found = tuple(_thinned(order[a:b], rows, draw) for a, b in zip(first, last, strict=True))
    apart = np.abs(starts[:, None] - starts[None, :]) >= length
    return CalmWindows(found, apart, int(whole // length), "moving blocks", note)


def _thinned(index: Index, rows: int, draw: np.random.Generator) -> Index:
    return index if len(index) <= rows else np.sort(draw.choice(index, rows, replace=False))
