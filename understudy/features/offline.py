"""Features of many rows at once: each joined to the newest tick of each view, then computed."""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from understudy.features.clock import Times, tick_before
from understudy.features.coded import coded
from understudy.features.lookup import ReadView, look_up_all
from understudy.features.plan import Array, Plan
from understudy.features.views import Views
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
        yield plan.compute(columns_of(spec, plan, views.between, requests.slice(start, CHUNK)))


def columns_of(spec: ProblemSpec, plan: Plan, read: ReadView, requests: pa.Table) -> Mapping[str, Array]:
    """What ``Plan.compute`` takes, for requests in any order.

    Args:
        read: gives the rows of a computed view.
        requests: at least the fields that the plan reads, and the event time where there are views.

    Returns:
        Request fields and looked-up values, each of shape (n,), in the order of the requests.
    """
    keys = {key for view in spec.features.views for key in view.keys}
    kinds = {name: spec.columns[name].kind for name in plan.fields}
    texts = {
        name: coded(requests.column(name), kind == "category")
        for name, kind in kinds.items()
        if kind == "category" or name in keys
    }
    columns = {
        name: texts[name].objects() if kind == "category" else as_column(requests.column(name), kind)
        for name, kind in kinds.items()
    }
    if spec.event_time is None or not spec.features.views:
        return columns
    return columns | look_up_all(spec, read, as_column(requests.column(spec.event_time), "time"), texts)


def as_column(values: pa.ChunkedArray, kind: str) -> Array:
    """A column as feature functions take it: see ``Plan.compute``."""
    if kind == "category":
        return coded(values).objects()
    if kind == "time":
        return np.asarray(values.cast(pa.timestamp("us"), safe=False).to_numpy())
    return np.asarray(values.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _tick(every: str) -> str:
    return f"tick {every}"
