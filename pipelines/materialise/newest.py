"""What the flow does: every view at its newest tick, then into the store."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.job import Job
from understudy.errors import DataError
from understudy.features.snapshot import Snapshot
from understudy.ports import FeatureStore
from understudy.problem import ProblemSpec


@dataclass(frozen=True)
class Materialised:
    """What was published."""

    problem: str
    at: datetime
    """The moment that was asked for, UTC without zone."""
    ticks: dict[str, datetime]
    """Clock time of each view."""
    keys: dict[str, int]
    """Keys that each view has values for."""
    data_until: datetime | None = None
    """The newest event in the tables; none for problems without event times."""

    @property
    def empty(self) -> bool:
        """Whether no view knows anything at that moment, though there are views."""
        return bool(self.keys) and not any(self.keys.values())


def compute(job: Job, at: datetime) -> tuple[Snapshot, datetime | None]:
    """Every view at its newest tick at or before ``at``, and the time of the newest event.

    Raises:
        DataError: the tables were not validated yet.
    """
    # Prefect keeps a flow's globals to the very end, and DuckDB, if it were among them, complains of leaks then.
    from understudy.features.materialise import materialise
    from understudy.features.views import open_views

    spec, settings = job.spec, job.settings
    tables = {name: _table(job, name) for name in spec.tables}
    with open_views(spec, settings.root, tables, settings.threads) as views:
        return materialise(spec, views, at), _newest_event(spec, tables[spec.main])


def publish(
    store: FeatureStore, spec: ProblemSpec, at: datetime, snapshot: Snapshot, until: datetime | None
) -> Materialised:
    """Put the values into the store, all views in one transaction; the same again changes nothing.

    Raises:
        StoreError: the store cannot be reached.
    """
    store.publish(spec.name, snapshot)
    ticks = {name: result.at for name, result in snapshot.items()}
    keys = {name: len(result.values) for name, result in snapshot.items()}
    return Materialised(spec.name, at, ticks, keys, until)


def _table(job: Job, name: str) -> pa.Table:
    path = job.input("validate", f"{name}.parquet")
    if not path.is_file():
        raise DataError(
            f"The table {name} of {job.spec.name} has not been read and validated yet.",
            f"`understudy train --problem {job.spec.name}` does that, or `dvc repro validate@{job.spec.name}`.",
        )
    return pq.read_table(path)


def _newest_event(spec: ProblemSpec, main: pa.Table) -> datetime | None:
    newest: datetime | None = pc.max(main.column(spec.event_time)).as_py() if spec.event_time else None
    return newest
