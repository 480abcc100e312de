"""Training a problem, from its source to a registered version: the whole run that the front door asks for."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.ingest.package import locate
from pipelines.job import Job, Profile
from pipelines.register import Registration
from pipelines.running.dag import Dag
from pipelines.running.display import Display, Silent
from pipelines.running.graph import in_graph
from pipelines.stages import run_stage
from pipelines.write_path import Run, StageRun
from understudy.errors import MachineError, StageError, UnderstudyError
from understudy.ports import ModelRegistry
from understudy.problem import load_problem
from understudy.settings import Settings
from understudy.turn import turn

NO_ROOM = 5_000_000
"""Bytes below which a disk counts as full."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    problem: str
    profile: Profile
    registration: Registration
    stages: tuple[StageRun, ...]
    unchanged: bool
    """Whether everything was there already."""
    seconds: float


def train(
    settings: Settings,
    problem: str,
    open_registry: Callable[[], ModelRegistry],
    display: Display,
    profile: Profile = "full",
    deployed: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Bring a problem from its source to a registered version; what is unchanged is left alone.

    Args:
        deployed: whether the problem is being served; then a version that passes waits to be deployed.

    Raises:
        UnderstudyError: a stage failed or refused; ``stage`` says which. What ran before it is kept.
    """
    started = time.monotonic()
    spec = load_problem(settings.problems, problem)
    if spec.source.package:
        # DVC watches the project's files; that the package is still the one that was meant, nobody else would notice.
        locate(spec.source.package)
    with turn(settings.home, problem), in_graph(settings, problem):
        job = Job(spec=spec, settings=settings, profile=profile)
        run = Run(job, Dag(settings.root, problem), open_registry, display, deployed)
        if registration := run.standing():
            stages = tuple(StageRun(step, "unchanged", 0.0) for step in run.steps)
            return Outcome(problem, profile, registration, stages, True, time.monotonic() - started)
        registration = ordered(run)
        return Outcome(problem, profile, registration, tuple(run.taken), False, time.monotonic() - started)


def retry_registration(
    settings: Settings,
    problem: str,
    open_registry: Callable[[], ModelRegistry],
    profile: Profile = "full",
    deployed: Callable[[], bool] = lambda: False,
) -> Registration:
    """Judge and register the bundle that is on disk, as after a registry that was out of reach.

    Raises:
        BundleError: there is no whole bundle on disk.
        RegistryError: the registry is still out of reach.
    """
    with turn(settings.home, problem), in_graph(settings, problem):
        job = Job(spec=load_problem(settings.problems, problem), settings=settings, profile=profile)
        run = Run(job, Dag(settings.root, problem), open_registry, Silent(), deployed)
        with _naming_the_step(run):
            return run.register(run.gate())


def run_alone(settings: Settings, problem: str, stage: str) -> Path:
    """Run one stage for DVC, which decides what is stale and records what came of it.

    Raises:
        SpecError: there is no such problem or stage.
    """
    with turn(settings.home, problem):
        return run_stage(stage, Job(spec=load_problem(settings.problems, problem), settings=settings))


def ordered(run: Run) -> Registration:
    """Take all steps of a run under Prefect, with its display open.

    Raises:
        UnderstudyError: as ``train``.
    """
    run.display.open(run.steps, frozenset(run.steps) - run.ahead(), run.timings.known())
    try:
        with _naming_the_step(run):
            # An unchanged run need not pay the seconds that importing Prefect takes.
            from pipelines.flows import under_prefect

            return under_prefect(run)
    finally:
        run.display.close()


@contextmanager
def _naming_the_step(run: Run) -> Iterator[None]:
    try:
        yield
    except UnderstudyError as error:
        error.stage = run.current
        raise
    except Exception as error:
        if shutil.disk_usage(run.job.settings.home).free < NO_ROOM:
            raise _full(run) from error
        failure = StageError(
            f"{run.current or 'The run'} stopped: {type(error).__name__}: {error}.",
            "`--debug` shows where. What was finished is kept: the same command goes on from there.",
        )
        failure.stage = run.current
        raise failure from error


def _full(run: Run) -> MachineError:
    """What a library says of a disk without room is seldom that."""
    failure = MachineError(
        f"{run.current or 'The run'} stopped: no space is left on the disk of {run.job.settings.home}.",
        "Free some space. What was finished is kept: the same command goes on from there.",
    )
    failure.stage = run.current
    return failure
