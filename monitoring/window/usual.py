"""What is usual, taken from training rows: how often an input is missing, which values it has, how times relate."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitoring.drift.limits import family_limits
from monitoring.drift.windows import calm_windows
from understudy.problem import ProblemSpec
from understudy.statistics.metrics import Array

LEAST_NULLS = 0.02
"""Smallest limit of a share of missing values: a few are no fault."""
Lags = Mapping[str, tuple[timedelta, timedelta]]


@dataclass(frozen=True)
class Usual:
    """What live rows are held against, beside the problem's YAML."""

    reference: pa.Table
    """Training rows with the model's inputs, and the event time under its name where the bundle has it."""
    known: Mapping[str, Sequence[str]]
    """Values of the category inputs in training, of those that have not too many."""
    lags: Lags
    """Least and largest time from the event time to each other time field in training; empty where nobody knows."""


def usual_nulls(reference: pa.Table, spec: ProblemSpec, span: timedelta, rows: int) -> dict[str, float]:
    """Largest share of missing values that is still usual, for each input and watched number that the reference has.

    Missing values come in spells, so limits come from the same calm windows of training as those of drift: in
    ``alpha`` of them some column, whichever, is missing more often. A column that is nearly always missing in some
    window keeps a quarter of what is left to 1, so that one that is gone altogether is still found.
    """
    names = [name for name in (*spec.numbers, *spec.categories, *spec.watched) if name in reference.column_names]
    if not names or not reference.num_rows:
        return {}
    times = reference[spec.event_time].to_numpy() if spec.event_time in reference.column_names else None
    calm = calm_windows(times, reference.num_rows, span, max(rows, 1), spec.seed)
    gone = np.column_stack([missing(reference, name) for name in names])
    shares = np.array([gone[some].mean(axis=0) for some in calm.rows])
    limits = family_limits(shares, calm.apart, spec.monitoring.drift.alpha, LEAST_NULLS).each
    most = 1 - (1 - shares.max(axis=0)) / 4
    return dict(zip(names, np.minimum(limits, most).tolist(), strict=True))


def known_values(name: str, known: Mapping[str, Sequence[str]], reference: pa.Table) -> Sequence[str] | None:
    """Values of a category in training: as the manifest lists them, else the sample's if these can be all there are."""
    if name in known:
        return known[name]
    if name not in reference.column_names:
        return None
    sampled = pc.unique(pc.drop_null(reference.column(name).cast(pa.string()))).to_pylist()
    return sampled if len(sampled) < math.sqrt(max(reference.num_rows, 1)) else None


def usual_lags(table: Path, spec: ProblemSpec) -> dict[str, tuple[timedelta, timedelta]]:
    """Least and largest time from the event time to each other time field, in the validated main table."""
    others = [n for n, c in spec.columns.items() if c.kind == "time" and not c.late and n != spec.event_time]
    if spec.event_time is None or not others or not table.is_file():
        return {}
    times = pq.read_table(table, columns=[spec.event_time, *others])
    moments = times.column(spec.event_time).cast(pa.timestamp("us")).to_numpy()
    lags = {name: times.column(name).cast(pa.timestamp("us")).to_numpy() - moments for name in others}
    there = {name: lag[~np.isnat(lag)] for name, lag in lags.items()}
    return {name: (lag.min().item(), lag.max().item()) for name, lag in there.items() if len(lag)}


def missing(table: pa.Table, name: str) -> Array:
    """Where an input is missing [rows]: NaN for numbers, "" for categories."""
    values = table.column(name)
    if pa.types.is_floating(values.type):
        return np.asarray(np.isnan(values.to_numpy()))
    return np.asarray(pc.equal(pc.fill_null(values.cast(pa.string()), ""), "").to_numpy())
