"""The validated tables of a problem, as far as they are there, and how far they reach."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from understudy.problem import ProblemSpec


def validated_tables(folder: Path, spec: ProblemSpec) -> dict[str, pa.Table]:
    """Read every table by name from ``folder``; none at all unless each is there."""
    paths = {name: folder / f"{name}.parquet" for name in spec.tables}
    if not all(path.is_file() for path in paths.values()):
        return {}
    return {name: pq.read_table(path) for name, path in paths.items()}


def covered_until(tables: Mapping[str, pa.Table], spec: ProblemSpec) -> datetime | None:
    """The moment up to which each dated table has rows; None where a table is missing."""
    if set(tables) != set(spec.tables):
        return None
    newest = [
        pc.max(tables[name].column(time).cast(pa.timestamp("us"))).as_py()
        for name, table in spec.tables.items()
        if (time := table.known_at or table.time or (spec.event_time if name == spec.main else None))
    ]
    return min((moment for moment in newest if moment is not None), default=None)
