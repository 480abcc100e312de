"""Training a problem again, on what was known at a moment."""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.job import Job, Profile
from pipelines.retrain.run import RetrainingRun
from pipelines.retrain.terms import spec_as_of
from pipelines.running.dag import Dag
from pipelines.running.display import Display, Silent
from pipelines.running.graph import in_graph
from pipelines.training import Outcome, ordered
from pipelines.write_path import Run, StageRun
from understudy.files import read_json
from understudy.ports import ModelRegistry
from understudy.problem import load_problem
from understudy.records import Decision, Deployment, GateCheck, Version
from understudy.settings import Settings
from understudy.turn import turn

NOTHING = Silent()
KEPT = 5
"""Retrainings of a problem whose folders stay on disk."""


@dataclass(frozen=True)
class RetrainResult(Outcome):
    """What a retraining came to. The gate's refusal is a result like its acceptance."""

    as_of: datetime

    @property
    def version(self) -> Version:
        """As it is registered, with its verdict and its approval."""
        return self.registration.version

    @property
    def decision(self) -> Decision:
        return self.registration.decision

    @property
    def gates(self) -> tuple[GateCheck, ...]:
        return self.registration.gates

    @property
    def metrics(self) -> Mapping[str, Any]:
        """What evaluate found on the test rows before the moment: the contents of ``metrics.json``."""
        found: dict[str, Any] = read_json(self.registration.bundle / "metrics.json")
        return found


def retrain(
    settings: Settings,
    problem: str,
    as_of: datetime,
    open_registry: Callable[[], ModelRegistry],
    display: Display = NOTHING,
    profile: Profile = "full",
    deployment: Callable[[], Deployment | None] = lambda: None,
) -> RetrainResult:
    """Train a problem on what was known at a moment, and hold the result against the champion on the newest rows.

    The same moment and data give the same version, however often and after whatever kill it is asked for. Neither
    ``data/`` nor ``dvc.lock`` knows of it; the folders are below ``<home>/retrain/<problem>``, those of the newest few.

    Args:
        as_of: rows from then on, and outcomes and facts that came after it, are not seen. UTC without zone.
        deployment: what serves now. Where something does, an accepted version is approved and waits to be deployed,
            and the champion is judged by the threshold that it decides at.

    Raises:
        SpecError: there is no such problem, or its rows have no time.
        DataError: before the moment there are too few rows to make the parts of.
        UnderstudyError: a stage failed or refused; ``stage`` says which.
    """
    started = time.monotonic()
    spec = load_problem(settings.problems, problem)
    job = Job(spec=spec_as_of(spec, as_of), settings=settings, profile=profile, as_of=as_of)
    with turn(settings.home, problem), in_graph(settings, problem):
        run = _run(Job(spec=spec, settings=settings), job, open_registry, display, deployment)
        registration = run.standing()
        unchanged = registration is not None
        if registration is None:
            registration = ordered(run)
        stages = tuple(StageRun(step, "unchanged", 0.0) for step in run.steps) if unchanged else tuple(run.taken)
        _clear_older(job.folder("bundle").parent)
        seconds = time.monotonic() - started
        return RetrainResult(problem, profile, registration, stages, unchanged, seconds, as_of)


def _clear_older(folder: Path) -> None:
    """Leave this retraining's folder and the newest others; all that is needed of the rest is in the registry."""
    others = sorted(
        (other for other in folder.parent.iterdir() if other != folder), key=lambda other: other.stat().st_mtime
    )
    for other in others[: max(len(others) - KEPT + 1, 0)]:
        shutil.rmtree(other, ignore_errors=True)


def _run(
    whole: Job,
    job: Job,
    open_registry: Callable[[], ModelRegistry],
    display: Display,
    deployment: Callable[[], Deployment | None],
) -> RetrainingRun:
    dag = Dag(job.settings.root, job.spec.name)

    def deployed() -> bool:
        return deployment() is not None

    training = Run(whole, dag, open_registry, display, deployed)
    return RetrainingRun(job, dag, open_registry, display, deployed, training=training, deployment=deployment)
