"""From measured figures to readings: what is undefined is None, and says why."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from understudy.records import Reading
from understudy.statistics.bootstrap import Interval


@dataclass(frozen=True)
class Finding:
    """What one side of a window says."""

    readings: tuple[Reading, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    """Tables behind the readings, for pages; JSON."""

    def value(self, name: str) -> float | None:
        return next((reading.value for reading in self.readings if reading.name == name), None)


def a_reading(
    name: str, value: float | Interval | None, rows: int, limit: float | None = None, about: str = ""
) -> Reading:
    """A reading of a number or of an interval; NaN counts as not measured."""
    if isinstance(value, Interval):
        low, high = known(value.low), known(value.high)
        return Reading(name=name, value=known(value.value), low=low, high=high, limit=limit, rows=rows, about=about)
    return Reading(name=name, value=known(value), limit=limit, rows=rows, about=about)


def known(value: float | None) -> float | None:
    """The number, or None where there is none."""
    return None if value is None or not math.isfinite(value) else float(value)


def share(part: float, whole: float) -> float:
    """``part / whole``; NaN of nothing."""
    return float(part / whole) if whole else math.nan


def difference(ours: Interval, theirs: Interval) -> Interval:
    """``ours - theirs`` of two figures that were measured apart, with its interval.

    The two intervals' arms are squared and added, each on its own side. Source: Zou & Donner 2008, the method of
    variance estimates recovery (MOVER), for independent estimates.
    """
    below = np.hypot(ours.value - ours.low, theirs.high - theirs.value)
    above = np.hypot(ours.high - ours.value, theirs.value - theirs.low)
    value = ours.value - theirs.value
    return Interval(value, value - float(below), value + float(above))
