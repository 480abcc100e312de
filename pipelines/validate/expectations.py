"""What a column or a table must keep as a whole, and what a row must keep beside its neighbours."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.validate.finding import Finding, bad_rows
from understudy.problem import ProblemSpec, Table
from understudy.problem.columns import Kind

HOLDS = {
    "number": lambda kind: pa.types.is_integer(kind) or pa.types.is_floating(kind),
    "category": pa.types.is_string,
    "time": pa.types.is_timestamp,
    "flag": pa.types.is_boolean,
}

UNLISTED = 0.5
"""Largest share of values outside an open list of categories."""


def kind_findings(table: pa.Table, declared: Table) -> list[Finding]:
    """Whether each declared column is there and holds its kind; nothing else can be checked before."""
    return [_kind(table, name, column.kind) for name, column in declared.columns.items()]


def _kind(table: pa.Table, name: str, kind: Kind) -> Finding:
    if name not in table.column_names:
        return Finding(name, "kind", table.num_rows, "is missing from the table", stops=True)
    found = table.schema.field(name).type
    if HOLDS[kind](found):
        return Finding(name, "kind")
    return Finding(name, "kind", table.num_rows, f"is declared as {kind} but holds {found}", stops=True)


def whole_findings(frame: pd.DataFrame, declared: Table) -> Iterator[Finding]:
    """Number of rows, share of missing values in each column, and the time column's run."""
    if declared.rows:
        yield _row_count(len(frame), *declared.rows)
    for name, column in declared.columns.items():
        yield _nulls(frame[name], column.nulls)
        if column.is_open:
            yield _unlisted(frame[name], frozenset(column.categories))
    if len(declared.key) > 1:
        twice = np.flatnonzero(frame.duplicated(list(declared.key)))
        yield bad_rows(", ".join(declared.key), "key", twice, "together have been seen before")
    if declared.time:
        yield from time_findings(frame[declared.time], declared)


def _row_count(count: int, low: int, high: int) -> Finding:
    words = f"{count} rows, expected {low} to {high}"
    return Finding("", "row count", 0 if low <= count <= high else count, words, stops=not low <= count <= high)


def _nulls(values: pd.Series, limit: float) -> Finding:
    missing = int(values.isna().sum())
    if missing == len(values) and limit < 1:
        return Finding(str(values.name), "all missing", missing, "has no values at all", limit, stops=True)
    # Without an allowance each row that lacks the value is set aside instead, by the schema.
    too_many = bool(limit) and missing > limit * len(values)
    return Finding(
        str(values.name), "missing share", missing, "is missing too often" if too_many else "", limit, too_many
    )


def _unlisted(values: pd.Series, listed: frozenset[str]) -> Finding:
    """An open list lets new values in; where most values are new, the column is another one, or means another thing."""
    present = values.dropna()
    new = present[~present.isin(listed)]
    stops = len(new) > UNLISTED * len(present)
    detail = f"is mostly none of {', '.join(sorted(listed - {'...'}))}, but such as {new.iloc[0]!r}" if stops else ""
    return Finding(str(values.name), "unlisted share", len(new), detail, UNLISTED, stops)


def time_findings(times: "pd.Series[pd.Timestamp]", declared: Table) -> Iterator[Finding]:
    """Times that lie in the future or go back, and whether the newest is fresh enough."""
    name, limit = str(times.name), _moment(declared.not_after)
    future = times >= limit
    if declared.not_after:
        rows = np.flatnonzero(future)
        yield bad_rows(name, "future", rows, f"is not before {declared.not_after}")
    past = times.where(~future)
    if declared.monotone:
        yield bad_rows(name, "monotone", np.flatnonzero(past < past.cummax()), "goes back in time")
    if declared.fresh_days is not None:
        age = (limit - past.max()) / pd.Timedelta(days=1)
        stale = not age <= declared.fresh_days
        detail = f"is newest {age:.1f} days before {declared.not_after or 'now'}, limit {declared.fresh_days:g}"
        yield Finding(name, "freshness", len(times) if stale else 0, detail, stops=stale)


def _moment(not_after: str | None) -> pd.Timestamp:
    if not_after in (None, "now"):
        return pd.Timestamp(datetime.now(UTC).replace(tzinfo=None))
    return pd.Timestamp(not_after)


def positives(frame: pd.DataFrame, spec: ProblemSpec) -> "pd.Series[bool]":
    """Whether each row of the main table is positive."""
    target = frame[spec.target]
    return target == (True if spec.positive is None else spec.positive)


def target_finding(frame: pd.DataFrame, spec: ProblemSpec) -> Finding:
    """A target must have positives and others, else there is nothing to learn."""
    count = int(positives(frame, spec).sum())
    wanted = "true" if spec.positive is None else repr(spec.positive)
    detail = f"is {wanted} in {count} of {len(frame)} rows; both classes are needed"
    alone = count in (0, len(frame))
    return Finding(spec.target, "classes", len(frame) if alone else 0, detail, stops=alone)
