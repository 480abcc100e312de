"""Whether live rows keep what training rows had to keep: kinds, ranges, values, missing shares, order in time."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring.window.figures import Finding, a_reading, share
from monitoring.window.read import Rows, Window
from monitoring.window.usual import Lags, Usual, known_values, missing, usual_nulls
from understudy.problem import Column, ProblemSpec
from understudy.records import Reading
from understudy.statistics.metrics import Array

MOST_UNSEEN = 0.01
"""Share of rows with a category that training did not see, beyond which it is no longer a new town now and then."""
LATE = np.timedelta64(1, "h")
"""How far behind an earlier answer's moment a request may lie: clients are not in step."""


def data_quality(window: Window, spec: ProblemSpec, usual: Usual) -> Finding:
    """Hold the live rows to the schema of training.

    ``data.failed`` is the share of requests that validation would have set aside, against the share that it accepts.
    """
    rows, table = window.live, spec.tables[spec.main]
    checks = list(_checks(rows, spec))
    failed = np.zeros(len(rows), bool)
    for _, _, mask in checks:
        failed |= mask
    readings = [
        a_reading("data.rows", len(rows), len(rows)),
        a_reading("data.failed", share(failed.sum(), len(rows)), len(rows), table.quarantine),
        a_reading("data.duplicates", share(_twice(rows), len(rows)), len(rows), table.quarantine),
        a_reading("data.disorder", share(_late(rows), len(rows)), len(rows), table.quarantine),
        *_nulls(rows, spec, usual, window.until - window.since),
        *_unseen(rows, spec, usual),
        *_lags(rows, spec, usual.lags),
    ]
    found = [
        {"field": field, "check": check, "rows": int(mask.sum()), "share": share(mask.sum(), len(rows))}
        for field, check, mask in checks
        if mask.any()
    ]
    return Finding(tuple(readings), {"broken": found})


def _checks(rows: Rows, spec: ProblemSpec) -> Iterator[tuple[str, str, Array]]:
    """Field, check, and a mask of the rows that miss it."""
    for name, misfit in rows.misfits.items():
        column, values = spec.columns[name], rows.requests.column(name)
        yield name, "kind", misfit
        if not column.nulls:
            yield name, "missing", _mask(pc.is_null(values)) & ~misfit
        if column.kind == "number":
            numbers = values.to_numpy()
            yield name, "finite", np.isinf(numbers)
            yield name, "range", _outside(numbers, column)
        if column.categories and not column.is_open:
            fine = pc.or_kleene(pc.is_null(values), pc.is_in(values, pa.array(column.categories)))
            yield name, "category", ~_mask(fine)


def _outside(numbers: Array, column: Column) -> Array:
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    return np.asarray((numbers < low) | (numbers > high))


def _twice(rows: Rows) -> int:
    """Rows whose business key was there before."""
    keys = rows.answers.column("key")
    given = keys.filter(pc.not_equal(keys, ""))
    return len(given) - int(pc.count_distinct(given).as_py())


def _late(rows: Rows) -> int:
    """Rows that were asked more than an hour of the problem's clock behind one that was answered before."""
    if not len(rows):
        return 0
    moments = rows.column("moment")[np.argsort(rows.column("at"), kind="stable")]
    return int((moments < np.maximum.accumulate(moments) - LATE).sum())


def _nulls(rows: Rows, spec: ProblemSpec, usual: Usual, span: timedelta) -> Iterator[Reading]:
    accepted = spec.tables[spec.main].quarantine
    for name in rows.requests.column_names:
        value = share(rows.requests.column(name).null_count, len(rows))
        limit = max(spec.columns[name].nulls, accepted)
        yield a_reading(f"data.null.{name}", value, len(rows), limit, "of the request")
    usually = usual_nulls(usual.reference, spec, span, len(rows))
    for name in rows.inputs.column_names:
        if name not in rows.requests.column_names:
            value = share(missing(rows.inputs, name).sum(), len(rows))
            yield a_reading(f"data.null.{name}", value, len(rows), usually.get(name), "of the input")


def _unseen(rows: Rows, spec: ProblemSpec, usual: Usual) -> Iterator[Reading]:
    for name in spec.categories:
        seen = known_values(name, usual.known, usual.reference)
        if seen is None:
            about = "It has too many values for the bundle to list."
            yield a_reading(f"data.unseen.{name}", None, len(rows), MOST_UNSEEN, about)
            continue
        new = ~_mask(pc.is_in(rows.inputs.column(name), pa.array([*seen, ""], pa.string())))
        examples = pc.unique(rows.inputs.column(name).filter(pa.array(new))).to_pylist()
        yield a_reading(f"data.unseen.{name}", share(new.sum(), len(rows)), len(rows), MOST_UNSEEN, _named(examples))


def _named(values: list[str], most: int = 5) -> str:
    return ", ".join(values[:most]) + (", …" if len(values) > most else "")


def _lags(rows: Rows, spec: ProblemSpec, lags: Lags) -> Iterator[Reading]:
    """Share of rows whose other times stand otherwise to the event time than in training: a clock that was shifted."""
    if spec.event_time is None:
        return
    moments = rows.requests.column(spec.event_time).to_numpy()
    for name, (least, largest) in lags.items():
        lag = rows.requests.column(name).to_numpy() - moments
        off = (lag < np.timedelta64(least)) | (lag > np.timedelta64(largest))
        limit = spec.tables[spec.main].quarantine
        about = f"{name} comes {_span(least)} to {_span(largest)} after {spec.event_time}"
        yield a_reading(f"data.lag.{name}", share(off.sum(), len(rows)), len(rows), limit, about)


def _span(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:g} h"


def _mask(values: Any) -> Array:
    return np.asarray(values.to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else values.to_numpy())
