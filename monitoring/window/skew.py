"""Whether training would have seen the inputs that were served: they are made again, and every value is compared.

What follows from the request alone is made again for all rows. What views say is made again for a sample of rows,
from the first of these that can: the validated tables, where they reach that far; the feature store, where it still
has what was read. Where neither does, the readings say so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from monitoring.window.figures import Finding, a_reading, share
from monitoring.window.history import covered_until
from monitoring.window.read import Rows
from understudy.features.clock import tick_before
from understudy.features.offline import as_column, columns_of, ticks_of
from understudy.features.plan import Plan, make_plan
from understudy.features.snapshot import Result, compute_one
from understudy.features.views import open_views
from understudy.problem import ProblemSpec
from understudy.statistics.metrics import Array

SAMPLE = 400
"""Rows whose views are made again; each clock time costs a look at the history."""
SHOWN = 5
Tables = Mapping[str, pa.Table]
Columns = Mapping[str, Array]
STALE = "stale views"


@dataclass(frozen=True)
class Sources:
    """Where the past can be read again."""

    root: Path
    """Folder that the views' paths are relative to."""
    tables: Callable[[], Tables]
    """The validated tables by name; empty where there are none."""
    published: Callable[[], list[tuple[str, Result]]]
    """What the feature store still has, oldest first."""
    threads: int = 2


@dataclass(frozen=True)
class Comparison:
    """Rows that were made again, and where they differ."""

    rows: int
    differs: dict[str, Array]
    """For each input that was made again, a mask of these rows."""
    examples: list[dict[str, Any]]

    @property
    def any_row(self) -> int:
        return int(np.any(list(self.differs.values()), axis=0).sum()) if self.differs and self.rows else 0

    @property
    def values(self) -> int:
        return int(sum(mask.sum() for mask in self.differs.values()))


def skew(rows: Rows, spec: ProblemSpec, sources: Sources) -> Finding:
    """Make the inputs again and compare them to the last bit.

    ``skew.rows`` is the share of rows with any difference, of those that were made again; ``skew.values`` is the number
    of values that differ. Rows that were flagged for stale views are left out, since they are counted elsewhere.
    """
    plan = make_plan(spec)
    alone = _from_requests(rows, spec, plan)
    if not spec.features.views:
        return _finding(alone, None, "Every input follows from the request.", spec)
    fresh = rows.where(~_flagged_stale(rows))
    again, words = _through_views(fresh, spec, plan, sources)
    return _finding(alone, again, words, spec)


def _finding(alone: Comparison, again: Comparison | None, words: str, spec: ProblemSpec) -> Finding:
    parts = [part for part in (again, alone) if part is not None and part.rows and part.differs]
    about = words if parts else f"Nothing could be made again. {words}"
    worst = max(parts, key=lambda part: share(part.any_row, part.rows), default=None)
    rows = worst.rows if worst else 0
    readings = (
        a_reading("skew.rows", share(worst.any_row, rows) if worst else None, rows, 0.0, about),
        a_reading("skew.values", sum(part.values for part in parts) if parts else None, rows, 0.0, about),
    )
    table = [
        {"input": name, "rows": part.rows, "differ": int(mask.sum()), "how": how}
        for how, part in (("request", alone), ("views", again))
        if part is not None
        for name, mask in part.differs.items()
    ]
    examples = [example for part in parts for example in part.examples][:SHOWN]
    left = sorted({*spec.numbers, *spec.categories, *spec.watched} - {row["input"] for row in table})
    return Finding(readings, {"inputs": table, "examples": examples, "words": words, "not_made_again": left})


def _from_requests(rows: Rows, spec: ProblemSpec, plan: Plan) -> Comparison:
    known = set(plan.fields)
    for name, _, arguments in plan.steps:
        if known.issuperset(arguments):
            known.add(name)
    mine = replace(
        plan,
        numbers=tuple(name for name in plan.numbers if name in known),
        categories=tuple(name for name in plan.categories if name in known),
        watched=tuple(name for name in plan.watched if name in known),
        steps=tuple(step for step in plan.steps if step[0] in known),
    )
    if not len(rows) or not plan.fields:
        return Comparison(0, {}, [])
    columns = {name: as_column(rows.requests.column(name), spec.columns[name].kind) for name in plan.fields}
    with np.errstate(all="ignore"):
        return _compared(rows, mine.compute(columns))


def _through_views(rows: Rows, spec: ProblemSpec, plan: Plan, sources: Sources) -> tuple[Comparison | None, str]:
    tables = sources.tables()
    until = covered_until(tables, spec)
    if until is not None:
        sample = spread(rows.where(rows.column("moment") <= np.datetime64(until)))
        if len(sample):
            words = f"Made again from the validated tables, for {len(sample):,} rows spread over the window."
            return _compared(sample, _offline(sample, spec, plan, tables, sources)), words
    sample, made = _from_store(rows, spec, plan, sources.published())
    if len(sample):
        words = f"Made again from what the feature store still has, for {len(sample):,} of the newest rows."
        return _compared(sample, made), words
    reach = f"The validated tables end at {until:%Y-%m-%d %H:%M}" if until else "There are no validated tables"
    return None, f"{reach}, and the feature store no longer has what was read: inputs of views were not made again."


def _offline(rows: Rows, spec: ProblemSpec, plan: Plan, tables: Tables, sources: Sources) -> Columns:
    requests = rows.requests
    for every in dict.fromkeys(view.every for view in spec.features.views):
        ticks = tick_before(rows.column("moment"), every)
        requests = requests.append_column(f"tick {every}", pa.array(ticks))
    with open_views(spec, sources.root, tables, sources.threads) as views, np.errstate(all="ignore"):
        for view in spec.features.views:
            views.compute(view, ticks_of(view, requests))
        return plan.compute(columns_of(spec, plan, views.between, requests))


def _from_store(
    rows: Rows, spec: ProblemSpec, plan: Plan, published: list[tuple[str, Result]]
) -> tuple[Rows, dict[str, Array]]:
    """Rows for which the store still has every view at the tick that they read, and their inputs."""
    kept: dict[str, dict[datetime, Result]] = {view.name: {} for view in spec.features.views}
    for name, result in published:
        kept.setdefault(name, {})[result.at] = result
    moments = rows.column("moment")
    there = np.ones(len(rows), bool)
    for view in spec.features.views:
        ats = np.array(list(kept[view.name]), dtype="datetime64[us]")
        there &= np.isin(tick_before(moments, view.every), ats)
    sample = spread(rows.where(there))
    made = [
        compute_one(spec, plan, _snapshot(spec, kept, moment), request, moment)
        for request, moment in zip(sample.requests.to_pylist(), sample.column("moment").tolist(), strict=True)
    ]
    return sample, {name: np.array([row[name] for row in made]) for name in (made[0] if made else {})}


def _snapshot(spec: ProblemSpec, kept: Mapping[str, Mapping[datetime, Result]], moment: datetime) -> dict[str, Result]:
    at = np.array([moment], dtype="datetime64[us]")
    return {view.name: kept[view.name][tick_before(at, view.every)[0].item()] for view in spec.features.views}


def spread(rows: Rows, most: int = SAMPLE) -> Rows:
    """At most so many rows, evenly spaced over the window."""
    if len(rows) <= most:
        return rows
    kept = np.zeros(len(rows), bool)
    kept[np.linspace(0, len(rows) - 1, most).astype(np.intp)] = True
    return rows.where(kept)


def _compared(rows: Rows, made: Columns) -> Comparison:
    differs: dict[str, Array] = {}
    examples: list[dict[str, Any]] = []
    for name, value in made.items():
        logged = rows.inputs.column(name).to_numpy()
        same = logged == value
        if logged.dtype != object:
            same |= np.isnan(logged) & np.isnan(value)
        differs[name] = ~same
        examples += [_example(rows, name, int(place), logged, value) for place in np.flatnonzero(~same)[:1]]
    return Comparison(len(rows), differs, examples)


def _example(rows: Rows, name: str, place: int, logged: Array, made: Array) -> dict[str, Any]:
    row = rows.answers.slice(place, 1).to_pylist()[0]
    return {"id": row["id"], "key": row["key"], "input": name, "served": str(logged[place]), "again": str(made[place])}


def _flagged_stale(rows: Rows) -> Array:
    flags = rows.answers.column("flags").combine_chunks()
    stale = np.zeros(len(rows), bool)
    of_row = np.repeat(np.arange(len(rows)), np.diff(np.asarray(flags.offsets)))
    said = np.array([text.startswith(STALE) for text in flags.flatten().to_pylist()], dtype=bool)
    stale[of_row[said]] = True
    return stale
