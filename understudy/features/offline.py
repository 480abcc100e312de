"""Features of a whole history: each request joined to the newest tick of each view, then computed."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from understudy.features.clock import Times, tick_before
from understudy.features.plan import Array, Plan
from understudy.features.views import Views, quoted
from understudy.problem import ProblemSpec, View

CHUNK = 100_000
"""Rows that are joined and computed at a time: bounds memory whatever the length of the history."""


def sorted_requests(spec: ProblemSpec, plan: Plan, main: pa.Table) -> pa.Table:
    """The request fields in the order of (event time, id), with the tick of each cadence beside them."""
    order = [name for name in (spec.event_time, spec.id) if name]
    requests = main.select(list(dict.fromkeys([*order, *plan.fields])))
    requests = requests.sort_by([(name, "ascending") for name in order])
    for every in dict.fromkeys(view.every for view in spec.features.views):
        times = requests.column(order[0]).cast(pa.timestamp("us")).to_numpy()
        requests = requests.append_column(_tick(every), pa.array(tick_before(times, every)))
    return requests


def ticks_of(view: View, requests: pa.Table) -> Times:
    """The clock times at which some request reads a view, sorted."""
    return np.unique(requests.column(_tick(view.every)).to_numpy())


def compute_all(spec: ProblemSpec, plan: Plan, views: Views, requests: pa.Table) -> Iterator[dict[str, Array]]:
    """Model inputs of ``sorted_requests``, chunk by chunk, once every view stands computed in ``views``."""
    for start in range(0, len(requests), CHUNK):
        chunk = requests.slice(start, CHUNK)
        fields = {name: as_column(chunk.column(name), spec.columns[name].kind) for name in plan.fields}
        yield plan.compute(fields | _looked_up(spec, views, chunk))


def _looked_up(spec: ProblemSpec, views: Views, chunk: pa.Table) -> dict[str, Array]:
    """Values of every view's columns for a chunk of requests, each shape (n,), NaN where missing."""
    if not spec.features.views:
        return {}
    views.database.register("chunk", chunk.append_column("row", pa.array(np.arange(len(chunk)))))
    columns, joins = [], []
    for view in spec.features.views:
        table = quoted(views.table(view))
        columns += [f"{table}.{quoted(name)}" for name in view.columns]
        matches = [f"{table}.{quoted(key)} = CAST(chunk.{quoted(key)} AS VARCHAR)" for key in view.keys]
        matches.append(f'{table}."at" = chunk.{quoted(_tick(view.every))}')
        joins.append(f"LEFT JOIN {table} ON {' AND '.join(matches)}")
    query = f"SELECT {', '.join(columns)} FROM chunk {' '.join(joins)} ORDER BY chunk.row"
    found = views.database.sql(query).to_arrow_table()
    return {name: as_column(found.column(name), "number") for name in found.column_names}


def as_column(values: pa.ChunkedArray, kind: str) -> Array:
    """A column as feature functions take it: see ``Plan.compute``."""
    if kind == "category":
        return np.array(values.cast(pa.string()).fill_null("").to_pylist(), dtype=object)
    if kind == "time":
        return np.asarray(values.cast(pa.timestamp("us")).to_numpy())
    return np.asarray(values.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _tick(every: str) -> str:
    return f"tick {every}"
