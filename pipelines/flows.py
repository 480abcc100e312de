"""The write path as a Prefect flow: each stage of ``dvc.yaml`` a task, then gate and register."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from pipelines.register import Registration
from pipelines.running import evidence
from pipelines.write_path import Run
from understudy.adapters.prefect_server import prefect_api
from understudy.errors import RegistryError
from understudy.records import Verdict

Result = TypeVar("Result")

RETRIED: dict[str, type[Exception]] = {"ingest": OSError, "gate": RegistryError, "register": RegistryError}
"""What a second attempt can mend: files and stores that are out of reach. The other stages compute."""
PAUSES = [1.0, 5.0]
"""Seconds before each new attempt."""


def under_prefect(run: Run) -> Registration:
    """Order the run's steps by the graph of ``dvc.yaml``, as tasks of one flow run.

    The flow closes over the run, because Prefect would store a parameter as JSON.
    """

    moment = f", as of {run.job.as_of:%Y-%m-%d %H:%M}" if run.job.as_of else ""

    @flow(name="write path", flow_run_name=f"{run.job.spec.name} ({run.job.profile}{moment})", persist_result=False)
    def write_path() -> Registration:
        states: dict[str, State[Any]] = {}
        for node in run.dag.nodes:
            ready = [states[name] for name in node.after]
            states[node.name] = _step(node.name, partial(run.stage, node))(return_state=True, wait_for=ready)
            states[node.name].result()
        verdict = _step("gate", partial(_judged, run))(return_state=True, wait_for=list(states.values()))
        return _step("register", partial(_registered, run, verdict.result()))(wait_for=[verdict])

    with prefect_api(run.job.settings.home):
        return write_path()


def _judged(run: Run) -> Verdict:
    verdict = run.gate()
    evidence.of_gate(run.job, verdict)
    return verdict


def _registered(run: Run, verdict: Verdict) -> Registration:
    registration = run.register(verdict)
    evidence.of_version(run.job, registration)
    return registration


def _step(name: str, work: Callable[[], Result]) -> Task[[], Result]:
    retried = RETRIED.get(name)

    def worth_it(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
        return retried is not None and isinstance(state.result(raise_on_failure=False), retried)

    def step() -> Result:
        return work()

    return task(
        name=name,
        retries=len(PAUSES) if retried else 0,
        retry_delay_seconds=PAUSES,
        retry_condition_fn=worth_it,
        cache_policy=NO_CACHE,
        persist_result=False,
    )(step)
