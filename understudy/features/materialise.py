"""Computing every view for one moment, as a store of looked-up values needs it."""

from datetime import datetime

import numpy as np

from understudy.features.clock import tick_before
from understudy.features.snapshot import Result, Snapshot
from understudy.features.views import Views, quoted
from understudy.problem import ProblemSpec, View


def materialise(spec: ProblemSpec, views: Views, now: datetime, newest: Snapshot | None = None) -> Snapshot:
    """Compute every view at its newest tick, from nothing but what was known at that tick.

    Args:
        newest: what was computed before; a view whose tick has not moved on since is taken from it.
    """
    moment = np.array([now], dtype="datetime64[us]")
    snapshot: dict[str, Result] = {}
    for view in spec.features.views:
        at: datetime = tick_before(moment, view.every)[0].item()
        before = (newest or {}).get(view.name)
        snapshot[view.name] = before if before and before.at == at else _result(view, views, at)
    return snapshot


def _result(view: View, views: Views, at: datetime) -> Result:
    views.show(at)
    views.compute(view, np.array([at], dtype="datetime64[us]"))
    columns = ", ".join(map(quoted, [*view.keys, *view.columns]))
    rows = views.database.execute(f"SELECT {columns} FROM {quoted(views.table(view))}").fetchall()
    keys = len(view.keys)
    return Result(at, {row[:keys]: tuple(np.nan if value is None else value for value in row[keys:]) for row in rows})
