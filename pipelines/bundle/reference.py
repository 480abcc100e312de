"""The sample of training rows that later traffic is compared with."""

import math

import numpy as np
import pyarrow as pa

from pipelines.bundle.parity import score_frame
from pipelines.models.frame import model_frame, sample_index
from understudy.bundle import Scorer
from understudy.bundle.manifest import Reference
from understudy.problem import ProblemSpec

ROWS = 40_000
"""Enough that each week of a year keeps hundreds of rows: limits of drift come from weeks of the reference."""
SCORE = "score"
BACKGROUND = 64
MOST_KNOWN = 2_000
"""Values of one category input that the manifest lists."""


def reference_sample(train: pa.Table, scorer: Scorer, spec: ProblemSpec) -> pa.Table:
    """At most ``ROWS`` training rows in their order.

    Returns:
        The event time (of dated problems), the model's inputs, the watched numbers, ``score``, and the target (0 or 1).
    """
    rows = train.take(sample_index(train.num_rows, ROWS, spec.seed))
    frame = model_frame(rows, spec)
    columns = {spec.event_time: rows[spec.event_time]} if spec.event_time else {}
    columns |= {name: pa.array(frame[name].to_numpy()) for name in spec.numbers}
    columns |= {name: pa.array(frame[name], pa.string()) for name in spec.categories}
    columns |= {name: rows[name].cast(pa.float32()) for name in spec.watched}
    columns[SCORE] = pa.array(score_frame(scorer, frame, spec))
    columns[spec.target] = pa.array(rows[spec.target].to_numpy().astype(np.int8))
    return pa.table(columns)


def in_brief(train: pa.Table, sample: pa.Table, spec: ProblemSpec) -> Reference:
    """What the manifest says of the training rows: their categories, and a few evenly spaced rows of the sample."""
    seen = {name: sorted(set(train[name].unique().to_pylist()) - {None, ""}) for name in spec.categories}
    spaced = np.linspace(0, sample.num_rows - 1, min(BACKGROUND, sample.num_rows)).astype(np.int64)
    rows = sample.take(pa.array(spaced)).to_pylist()
    return Reference(
        known={name: tuple(values) for name, values in seen.items() if len(values) <= MOST_KNOWN},
        numbers=tuple(tuple(_number(row[name]) for name in spec.numbers) for row in rows),
        categories=tuple(tuple(row[name] for name in spec.categories) for row in rows),
    )


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
