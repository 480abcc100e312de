"""The same features again, from nothing but what was known at the time."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from understudy.features.materialise import materialise
from understudy.features.plan import make_plan
from understudy.features.snapshot import Snapshot, compute_one
from understudy.features.views import open_views
from understudy.problem import ProblemSpec


def recompute(
    spec: ProblemSpec, root: Path, tables: Mapping[str, pa.Table], requests: pa.Table, threads: int = 2
) -> Iterator[dict[str, float | str]]:
    """Compute the model inputs of a few requests the way a server does, with the future blanked.

    For each distinct clock time, every fact that became known later (``known_at`` of rows and columns) is
    hidden, every view runs for one clock time, its values are looked up by key, and the feature functions run on
    one row. An input that differs from the one in ``features.parquet`` has read the future. Each distinct
    clock time costs one pass over the tables, so choose requests that share some.

    Args:
        root: folder that the views' paths are relative to.
        tables: the validated tables by name.
        requests: rows of the main table.

    Yields:
        For each request, in the order of (event time, id): its id, under the spec's name, and each model input.
    """
    plan = make_plan(spec)
    order = [name for name in (spec.event_time, spec.id) if name]
    moment: datetime | None = None
    snapshot: Snapshot = {}
    with open_views(spec, root, tables, threads) as views:
        for request in requests.sort_by([(name, "ascending") for name in order]).to_pylist():
            now = request[spec.event_time] if spec.event_time else datetime.max
            if now != moment:
                moment, snapshot = now, materialise(spec, views, now, snapshot)
            yield {spec.id: request[spec.id], **compute_one(spec, plan, snapshot, request, now)}
