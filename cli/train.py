"""Commands that run the write path: ``train``, ``register`` and, for DVC, ``stage``."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answer import Answer, near
from cli.deployments import is_deployed
from cli.environment import prepare
from cli.moments import moment

if TYPE_CHECKING:
    from pipelines.job import Profile
    from pipelines.register import Registration
    from pipelines.running.display import Display
    from pipelines.training import Outcome
    from understudy.settings import Settings

HEADLINES = ("roc_auc", "pr_auc", "brier", "cost_per_1000")
Problem = Annotated[str, typer.Option(help="Name of the problem, as `understudy problems` lists it.")]


def train(
    problem: Problem,
    fast: Annotated[
        bool, typer.Option("--fast", help="A smaller search on fewer rows, kept apart in var/fast.")
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option(help="Only what was known at this moment, as in 2009-10-01, kept apart in var/retrain."),
    ] = None,
) -> Answer:
    """Train, judge and register a model; what is unchanged is left alone.

    With --as-of the newest rows before that moment are the test, on which the champion is scored again and must be
    beaten; `monitoring.retraining` of the problem says how far back each part goes.

    Exits with 0 when the run came to a verdict, also when the verdict is that the version is rejected:
    `decision` says which. Exits with 1 when a stage fails.
    """
    settings = prepare()
    from pipelines.training import train as run
    from understudy.adapters import open_registry

    profile: Profile = "fast" if fast else "full"
    if as_of is not None:
        return _retrained(settings, problem, as_of, profile)
    outcome = run(
        settings, problem, lambda: open_registry(settings), display(), profile, lambda: is_deployed(problem, settings)
    )
    return Answer(_value(outcome), _shown(outcome))


def register(
    problem: Problem, fast: Annotated[bool, typer.Option("--fast", help="The bundle of the last fast run.")] = False
) -> Answer:
    """Judge and register the bundle on disk, as after a registry that could not be reached."""
    settings = prepare()
    from pipelines.training import retry_registration
    from understudy.adapters import open_registry

    profile: Profile = "fast" if fast else "full"
    registration = retry_registration(
        settings, problem, lambda: open_registry(settings), profile, lambda: is_deployed(problem, settings)
    )
    return Answer({"problem": problem, **_registered(registration)}, _verdict(registration))


def stage(name: Annotated[str, typer.Argument(help="Name of the stage in dvc.yaml.")], problem: Problem) -> Answer:
    """Run one stage, whether or not it is stale: the command that dvc.yaml gives to DVC."""
    settings = prepare()
    from pipelines.running.display import clock
    from pipelines.training import run_alone

    started = time.monotonic()
    folder = run_alone(settings, problem, name)
    seconds = time.monotonic() - started
    value = {"problem": problem, "stage": name, "folder": str(folder), "seconds": round(seconds, 3)}
    return Answer(value, [f"{name} of {problem}: done in {clock(seconds)}, see {near(folder)}"])


def _retrained(settings: "Settings", problem: str, as_of: str, profile: "Profile") -> Answer:
    from cli.deployments import standing
    from pipelines.retrain import retrain
    from understudy.adapters import open_registry

    outcome = retrain(
        settings, problem, moment(as_of), lambda: open_registry(settings), display(), profile,
        lambda: standing(problem, settings),
    )  # fmt: skip
    return Answer({"as_of": outcome.as_of.isoformat(), **_value(outcome)}, _shown(outcome))


def display() -> "Display":
    from rich.console import Console

    from pipelines.running.display import Lines, Plain

    console = Console()
    return Lines(console) if console.is_terminal else Plain(console)


def _value(outcome: "Outcome") -> dict[str, Any]:
    from understudy.files import read_json

    test = read_json(outcome.registration.bundle / "metrics.json")["test"]
    return {
        "problem": outcome.problem,
        **_registered(outcome.registration),
        "profile": outcome.profile,
        "unchanged": outcome.unchanged,
        "seconds": round(outcome.seconds, 3),
        "metrics": {"test": {name: test[name] for name in HEADLINES}},
        "stages": [{"name": run.name, "state": run.state, "seconds": run.seconds} for run in outcome.stages],
    }


def _registered(registration: "Registration") -> dict[str, Any]:
    return {
        "version": registration.version.number,
        "decision": registration.decision,
        "champion": registration.champion,
        "approval": registration.version.approval.state,
        "gates": [check.model_dump() for check in registration.gates],
        "bundle": str(registration.bundle),
        "report": str(registration.report),
    }


def _shown(outcome: "Outcome") -> list[Any]:
    from pipelines.running.display import clock

    figures = _value(outcome)["metrics"]["test"]
    test = ", ".join(f"{name} {figures[name]['value']:.4g}" for name in HEADLINES)
    did = "Nothing has changed: nothing was done" if outcome.unchanged else "Done"
    return [f"{did}, in {clock(outcome.seconds)}. On the test rows: {test}.", *_verdict(outcome.registration)]


def _verdict(registration: "Registration") -> list[Any]:
    version = registration.version
    name = f"{version.problem}/{version.number}"
    standing = "champion" if registration.champion else f"not champion, approval {version.approval.state}"
    failed = [f"  {check.name}: {check.why}" for check in registration.gates if check.verdict == "fail"]
    lines = [f"Version {name} is {registration.decision} by the gate ({standing}).", *failed]
    if version.approval.state == "approved" and not registration.champion:
        lines.append(f"`understudy deploy {name} --mode shadow --why REASON` lets it rehearse beside the champion.")
    return [*lines, f"Open {near(Path(registration.report))}, or see `understudy show {name}`."]
