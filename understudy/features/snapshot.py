"""What the views said at one moment, looked up by key for one request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from understudy.features.plan import Array, Plan
from understudy.problem import ProblemSpec, View, parse_span

Key = tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """One view at one clock time: its values by key, in the order of the view's columns."""

    at: datetime
    values: Mapping[Key, tuple[float, ...]]


Snapshot = Mapping[str, Result]
"""Newest result of each view by its name."""


def look_up(spec: ProblemSpec, snapshot: Snapshot, request: Mapping[str, Any], now: datetime) -> dict[str, float]:
    """The values of every view's columns for one request; NaN where a key is unknown or the result too old."""
    found: dict[str, float] = {}
    for view in spec.features.views:
        found.update(zip(view.columns, _values(view, snapshot.get(view.name), request, now), strict=True))
    return found


def _values(view: View, result: Result | None, request: Mapping[str, Any], now: datetime) -> tuple[float, ...]:
    missing = (float("nan"),) * len(view.columns)
    if result is None or now - result.at > parse_span(view.max_age):
        return missing
    key = as_key([request[name] for name in view.keys])
    return missing if key is None else result.values.get(key, missing)


def as_key(values: Iterable[Any]) -> Key | None:
    """Request values as views write their keys; none where one is missing, which matches nothing."""
    given = tuple(values)
    if None in given:
        return None
    return tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in given)


def compute_one(
    spec: ProblemSpec, plan: Plan, snapshot: Snapshot, request: Mapping[str, Any], now: datetime
) -> dict[str, float | str]:
    """Model inputs of one request, with the code that makes a million rows.

    Args:
        request: the fields of ``plan.fields``; ``None`` for missing.
        now: prediction time, UTC without zone.
    """
    columns = {name: as_array([request[name]], spec.columns[name].kind) for name in plan.fields}
    looked_up = {name: np.array([value]) for name, value in look_up(spec, snapshot, request, now).items()}
    return {name: values[0] for name, values in plan.compute(columns | looked_up).items()}


def as_array(values: list[Any], kind: str) -> Array:
    """Request values as feature functions take them: see ``Plan.compute``."""
    if kind == "category":
        return np.array(["" if value is None else str(value) for value in values], dtype=object)
    if kind == "time":
        return np.array(values, dtype="datetime64[us]")
    return np.array(values, dtype=np.float64)
