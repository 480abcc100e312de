"""A step of a Prefect flow that is tried again while a store is out of reach, and for nothing else."""

from collections.abc import Callable
from typing import Any, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from understudy.errors import StoreError

Result = TypeVar("Result")

PAUSES = [1.0, 5.0]
"""Seconds before each new attempt."""


def run_step(name: str, work: Callable[[], Result]) -> Result:
    """Do the work as a task of the flow that calls this. Nothing of it is stored: the work keeps its own results.

    Raises:
        StoreError: the store stayed out of reach.
    """

    def step() -> Result:
        return work()

    return task(
        name=name,
        retries=len(PAUSES),
        retry_delay_seconds=PAUSES,
        retry_condition_fn=_out_of_reach,
        cache_policy=NO_CACHE,
        persist_result=False,
    )(step)()


def _out_of_reach(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    return isinstance(state.result(raise_on_failure=False), StoreError)
