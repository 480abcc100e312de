"""Materialising a problem's views: what the front door asks for."""

from collections.abc import Callable
from datetime import UTC, datetime

from pipelines.job import Job
from pipelines.materialise.newest import Materialised
from understudy.ports import FeatureStore
from understudy.problem import load_problem
from understudy.settings import Settings
from understudy.turn import turn


def materialise(
    settings: Settings, problem: str, open_store: Callable[[], FeatureStore], at: datetime | None = None
) -> Materialised:
    """Publish the newest values of every view, as of a moment (UTC without zone; default: now).

    Raises:
        DataError: the problem's tables were not validated yet.
        StoreError: the feature store cannot be reached, also not after a few seconds.
        MachineError: the same problem is being materialised already.
    """
    job = Job(spec=load_problem(settings.problems, problem), settings=settings)
    moment = at or datetime.now(UTC).replace(tzinfo=None)
    if not job.spec.features.views:
        return Materialised(problem, moment, {}, {})
    with turn(settings.home, f"{problem}-materialise"):
        # Where there is nothing to compute, nobody pays the seconds that importing Prefect takes.
        from pipelines.materialise.flow import under_prefect

        return under_prefect(job, moment, open_store)
