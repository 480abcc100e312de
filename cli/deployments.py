"""Commands on what serves, each a new revision of the deployment log; and its history, ``deployments``."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.answer import Answer
from cli.deployed import changed_answer, history_table
from cli.environment import prepare
from cli.moments import seconds
from cli.naming import find

if TYPE_CHECKING:
    from understudy.deploying import Deployer
    from understudy.ports import DeploymentLog, ModelRegistry
    from understudy.records import Deployment
    from understudy.settings import Settings

MODES = ("single", "canary", "ab", "bandit", "shadow")
Name = Annotated[str, typer.Argument(metavar="VERSION", help="problem/number, problem@alias, or a number.")]
Of = Annotated[str | None, typer.Option("--problem", help="The problem; default: the only one that is deployed.")]
Why = Annotated[str, typer.Option(help="The reason, kept in the history.")]
By = Annotated[str | None, typer.Option(help="Who decides; default: the user of this machine.")]
BasedOn = Annotated[int | None, typer.Option(help="Refuse unless this revision is the newest.")]


def deploy(
    version: Name,
    why: Why,
    mode: Annotated[str, typer.Option(help="single (alone), canary, ab, bandit or shadow.")] = "single",
    weight: Annotated[float | None, typer.Option(help="Percent of the traffic; canary: 5, others: 50.")] = None,
    ramp: Annotated[str | None, typer.Option(help="A canary's percentages in turn, as in 5,25,50.")] = None,
    hold: Annotated[str, typer.Option(help="How long each of them is held, as in 30s, 15m or 1h.")] = "1h",
    experiment: Annotated[str, typer.Option(help="Name of the experiment that this belongs to.")] = "",
    first: Annotated[bool, typer.Option("--first", help="Only if nothing of the problem is deployed yet.")] = False,
    problem: Of = None,
    by: By = None,
    based_on: BasedOn = None,
) -> Answer:
    """Serve a version: alone, to a share of the traffic, or as a shadow that answers nobody.

    Its bundle is published first, then the deployment log names it; running servers pick it up within a second.
    """
    settings = prepare()
    from understudy.deploying import Placement
    from understudy.errors import DeploymentError

    if mode not in MODES:
        raise DeploymentError(f"There is no mode {mode!r}.", f"The modes: {', '.join(MODES)}.")
    placement = Placement(mode, weight, _steps(ramp), seconds(hold), experiment)  # type: ignore[arg-type]
    found = find(_registry(settings), version, problem)
    if first and (standing := _log(settings).newest(found.problem)):
        said = f"{found.problem} is deployed already, by revision {standing.revision}: nothing was changed."
        return Answer({**standing.model_dump(mode="json"), "unmirrored": None}, [said])
    return changed_answer(_deployer(settings).deploy(found, placement, _who(by), why, based_on))


def promote(
    why: Why,
    arm: Annotated[str | None, typer.Argument(metavar="ARM", help="Arm or shadow; default: the only one.")] = None,
    problem: Of = None,
    by: By = None,
    based_on: BasedOn = None,
) -> Answer:
    """Make the challenger the single champion."""
    settings = prepare()
    of = _problem(problem, settings)
    return changed_answer(_deployer(settings).promote(of, _who(by), why, arm, based_on))


def rollback(
    why: Why,
    to: Annotated[
        int | None, typer.Option(help="Revision to restore; default: the last with another champion.")
    ] = None,
    problem: Of = None,
    by: By = None,
    based_on: BasedOn = None,
) -> Answer:
    """Restore an old revision, as a new one. A second rollback goes further back."""
    settings = prepare()
    of = _problem(problem, settings)
    return changed_answer(_deployer(settings).rollback(of, _who(by), why, to, based_on))


def route(
    why: Why,
    weights: Annotated[str | None, typer.Option(help="Percent by arm, as in champion=90,challenger=10.")] = None,
    kill: Annotated[bool, typer.Option("--kill", help="Send everything to the champion.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="End that.")] = False,
    drop: Annotated[str | None, typer.Option(help="Take this arm or shadow out.")] = None,
    problem: Of = None,
    by: By = None,
    based_on: BasedOn = None,
) -> Answer:
    """Change the weights, throw the kill switch, resume, or take an arm or a shadow out."""
    settings = prepare()
    from understudy.errors import DeploymentError

    if [weights is not None, kill, resume, drop is not None].count(True) != 1:
        raise DeploymentError("One change at a time.", "Give one of --weights, --kill, --resume and --drop.")
    of, deployer, who = _problem(problem, settings), _deployer(settings), _who(by)
    if weights is not None:
        return changed_answer(deployer.route(of, _weights(weights), who, why, based_on))
    if drop is not None:
        return changed_answer(deployer.drop(of, drop, who, why, based_on))
    return changed_answer(deployer.kill(of, kill, who, why, based_on))


def threshold(
    value: Annotated[
        str, typer.Argument(metavar="VALUE|bundle", help="From 0 to 1, or `bundle` for the bundle's own.")
    ],
    why: Why,
    arm: Annotated[str, typer.Option(help="Arm or shadow that decides at it.")] = "champion",
    problem: Of = None,
    by: By = None,
    based_on: BasedOn = None,
) -> Answer:
    """Let a version decide at another threshold, as long as it has a place; scores stay what they are."""
    settings = prepare()
    of, at = _problem(problem, settings), None if value == "bundle" else _number(value)
    return changed_answer(_deployer(settings).threshold(of, arm, at, _who(by), why, based_on))


def deployments(
    problem: Of = None, limit: Annotated[int, typer.Option(min=1, help="Revisions that are listed.")] = 20
) -> Answer:
    """Show the history of what served, newest first: who changed it, when and why."""
    settings = prepare()
    if problem is None and not (deployed := deployed_problems(settings)):
        return Answer([], ["Nothing is deployed yet: `understudy deploy VERSION --why REASON` starts."])
    of = problem or (deployed[0] if len(deployed) == 1 else _problem(None, settings))
    history = _log(settings).history(of, limit)
    shown = [history_table(history)] if history else [f"Nothing of {of} is deployed yet."]
    return Answer([revision.model_dump(mode="json") for revision in history], shown)


def is_deployed(problem: str, settings: "Settings") -> bool:
    """Whether the deployment log knows the problem: then it says who is champion, and the registry follows."""
    return standing(problem, settings) is not None


def standing(problem: str, settings: "Settings") -> "Deployment | None":
    """What serves now."""
    return _log(settings).newest(problem)


def _problem(given: str | None, settings: "Settings") -> str:
    """
    Raises:
        DeploymentError: none was given, and none or several are deployed.
    """
    from understudy.errors import DeploymentError

    if given:
        return given
    deployed = deployed_problems(settings)
    if len(deployed) == 1:
        return deployed[0]
    if not deployed:
        raise DeploymentError("Nothing is deployed yet.", "`understudy deploy VERSION --why REASON` starts.")
    raise DeploymentError(f"{', '.join(deployed)} are deployed.", f"Say which is meant, as in --problem {deployed[0]}.")


def deployed_problems(settings: "Settings") -> list[str]:
    from cli.problems import known_problems

    log = _log(settings)
    return [name for name in known_problems(settings) if log.newest(name)]


def _log(settings: "Settings") -> "DeploymentLog":
    from understudy.adapters import open_deployment_log

    return open_deployment_log(settings)


def _registry(settings: "Settings") -> "ModelRegistry":
    from understudy.adapters import open_registry

    return open_registry(settings)


def _deployer(settings: "Settings") -> "Deployer":
    from understudy.adapters import open_bundle_store
    from understudy.deploying import Deployer

    return Deployer(_log(settings), _registry(settings), open_bundle_store(settings))


def _who(given: str | None) -> str:
    return given or getpass.getuser()


def _steps(text: str | None) -> tuple[float, ...]:
    return tuple(_percent(step) for step in text.split(",")) if text else ()


def _weights(text: str) -> dict[str, float]:
    from understudy.errors import DeploymentError

    pairs = [part.partition("=") for part in text.split(",")]
    if any(not name.strip() or not mark for name, mark, _ in pairs):
        raise DeploymentError(f"{text!r} does not name weights.", "Write them as in champion=90,challenger=10.")
    return {name.strip(): _percent(percent) for name, _, percent in pairs}


def _percent(text: str) -> float:
    return _number(text.strip().removesuffix("%"), "a percentage", "Write numbers, as in 5 or 12.5.")


def _number(text: str, what: str = "a threshold", fix: str = "Write a number from 0 to 1, or `bundle`.") -> float:
    from understudy.errors import DeploymentError

    try:
        return float(text)
    except ValueError as error:
        raise DeploymentError(f"{text!r} is not {what}.", fix) from error
