"""What the views say at each tick of a span, computed a day at a time: one pass over the tables each."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import numpy as np

from understudy.features.clock import tick_before
from understudy.features.snapshot import Result
from understudy.features.views import Views, quoted
from understudy.problem import ProblemSpec, View, parse_span

DAY = timedelta(days=1)
Results = Mapping[str, Result]
"""Results by view."""


def results_by_tick(
    spec: ProblemSpec, views: Views, start: datetime, end: datetime
) -> Iterator[tuple[datetime, Results]]:
    """What becomes known at each clock time from ``start`` on, in order; first what is newest at ``start``.

    Recomputing each tick with the future blanked gives the same values (``understudy.features.recompute``), so
    that a day can be computed at once.
    """
    first = {view.name: tick_before(np.array([start], "datetime64[us]"), view.every)[0].item() for view in _views(spec)}
    yield (
        min(first.values(), default=start),
        {view.name: _at(view, views, [first[view.name]])[first[view.name]] for view in _views(spec)},
    )
    day = start
    while day < end:
        upto = min(day + DAY, end)
        found: dict[datetime, dict[str, Result]] = {}
        for view in _views(spec):
            ticks = _ticks(view, max(day, first[view.name] + parse_span(view.every)), upto)
            for at, result in (_at(view, views, ticks) if ticks else {}).items():
                found.setdefault(at, {})[view.name] = result
        yield from sorted(found.items())
        day = upto


def _views(spec: ProblemSpec) -> tuple[View, ...]:
    return spec.features.views


def _ticks(view: View, start: datetime, end: datetime) -> list[datetime]:
    """Clock times of a view in [start, end)."""
    span = parse_span(view.every)
    at: datetime = tick_before(np.array([start], "datetime64[us]"), view.every)[0].item()
    ticks = []
    while at < end:
        if at >= start:
            ticks.append(at)
        at += span
    return ticks


def _at(view: View, views: Views, ticks: list[datetime]) -> dict[datetime, Result]:
    """A view at each of some clock times; empty results where it has no rows."""
    views.compute(view, np.array(ticks, "datetime64[us]"))
    columns = ", ".join(map(quoted, ["at", *view.keys, *view.columns]))
    keys = len(view.keys) + 1
    found: dict[datetime, dict[tuple[str, ...], tuple[float, ...]]] = {at: {} for at in ticks}
    for row in views.database.execute(f"SELECT {columns} FROM {quoted(views.table(view))}").fetchall():  # noqa: S608
        found[row[0]][row[1:keys]] = tuple(np.nan if value is None else value for value in row[keys:])
    return {at: Result(at, values) for at, values in found.items()}
