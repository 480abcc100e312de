"""Materialising as a Prefect flow: compute, then publish, which is tried again while the store is out of reach."""

from collections.abc import Callable
from datetime import datetime

from prefect import flow

from pipelines.job import Job
from pipelines.materialise.newest import Materialised, compute, publish
from understudy.adapters.prefect_server import prefect_api
from understudy.adapters.prefect_step import run_step
from understudy.ports import FeatureStore


def under_prefect(job: Job, at: datetime, open_store: Callable[[], FeatureStore]) -> Materialised:
    """Run the flow. It closes over the job, because Prefect would store a parameter as JSON."""

    @flow(name="materialise", flow_run_name=f"{job.spec.name} at {at:%Y-%m-%d %H:%M}", persist_result=False)
    def materialise() -> Materialised:
        snapshot, until = run_step("compute", lambda: compute(job, at))
        return run_step("publish", lambda: publish(open_store(), job.spec, at, snapshot, until))

    with prefect_api(job.settings.home):
        return materialise()
