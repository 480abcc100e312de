"""Materialising as a Prefect flow: compute, then publish, which is tried again while the store is out of reach."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from pipelines.job import Job
from pipelines.materialise.newest import Materialised, compute, publish
from understudy.adapters.prefect_server import prefect_api
from understudy.errors import StoreError
from understudy.ports import FeatureStore

Result = TypeVar("Result")

PAUSES = [1.0, 5.0]
"""Seconds before each new attempt to publish."""


def under_prefect(job: Job, at: datetime, open_store: Callable[[], FeatureStore]) -> Materialised:
    """Run the flow. It closes over the job, because Prefect would store a parameter as JSON."""

    @flow(name="materialise", flow_run_name=f"{job.spec.name} at {at:%Y-%m-%d %H:%M}", persist_result=False)
    def materialise() -> Materialised:
        snapshot, until = _step("compute", lambda: compute(job, at))()
        return _step("publish", lambda: publish(open_store(), job.spec, at, snapshot, until))()

    with prefect_api(job.settings.home):
        return materialise()


def _step(name: str, work: Callable[[], Result]) -> Task[[], Result]:
    def out_of_reach(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
        return isinstance(state.result(raise_on_failure=False), StoreError)

    def step() -> Result:
        return work()

    return task(
        name=name,
        retries=len(PAUSES),
        retry_delay_seconds=PAUSES,
        retry_condition_fn=out_of_reach,
        cache_policy=NO_CACHE,
        persist_result=False,
    )(step)
