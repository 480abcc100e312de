"""Following a running experiment: look, remember the look, and carry the verdict out once there is one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitoring.experiments.guard import GUARD
from monitoring.experiments.plan import AlteredPlanError, Plan, plan_of
from monitoring.experiments.status import Status, status_of
from understudy.deploying import Deployer
from understudy.errors import ConflictError
from understudy.ports import DeploymentLog, Ledger, WatchLog
from understudy.problem import ProblemSpec
from understudy.records import Deployment, Experiment

REACH = 1000
STEP = 200
"""A look is remembered once a part of so many of the planned units is new, or the verdict is."""


@dataclass(frozen=True)
class Means:
    """What an experiment is followed with."""

    spec: ProblemSpec
    ledger: Ledger
    watch: WatchLog
    deployments: DeploymentLog
    deployer: Deployer
    clock: Callable[[], datetime]


def signed(experiment: Experiment) -> str:
    """Who a change of the deployment says made it."""
    return f"experiment {experiment.name}"


def look(experiment: Experiment, means: Means) -> tuple[Experiment, Status]:
    """The status, and the experiment with this look in it. Sample shares that went wrong end it for good."""
    plan = plan_of(experiment)
    status = status_of(plan, _revisions(experiment, means), means.ledger, means.spec, means.clock())
    if experiment.state != "running":
        return experiment, status
    if status.verdict.outcome == "invalid":
        return _ended(experiment, status, {"what": "The experiment says nothing about the versions."}, means), status
    return _remembered(experiment, status, means), status


def follow(experiment: Experiment, means: Means) -> tuple[Experiment, Status | None]:
    """Look, and end the experiment where it is over. Killed anywhere, the next call finishes.

    Returns:
        The experiment as it stands, and the status where it was looked at.

    Raises:
        ConflictError: somebody else changed deployment or experiment in between: the next look sees what stands.
    """
    made = _made(experiment, means)
    if made is None and (elsewhere := _ended_elsewhere(experiment, means)):
        verdict, outcome = elsewhere
        return _close(experiment, verdict, outcome, means), None
    if made is not None:
        return _close(experiment, *_resumed(experiment, made), means), None
    try:
        plan = plan_of(experiment)
    except AlteredPlanError as error:
        return _spoilt(experiment, error, means), None
    experiment, status = look(experiment, means)
    if status.verdict.outcome == "continue":
        return experiment, status
    if status.verdict.outcome == "invalid" and experiment.state == "ended":
        done = _carried_out(experiment, plan, status, means)
        return means.watch.advance_experiment(_with(experiment, done=done)), status
    return _ended(experiment, status, _carried_out(experiment, plan, status, means), means), status


def stop(experiment: Experiment, means: Means, who: str, why: str) -> Experiment:
    """End an experiment by hand: its challengers are taken out, and the last look is kept.

    Raises:
        ConflictError: it does not run.
    """
    if experiment.state == "ended":
        raise ConflictError(
            f"The experiment {experiment.name} ended already: {experiment.verdict}.",
            f"`understudy experiment status {experiment.name}` shows how.",
        )
    done: dict[str, Any] = {"what": "It never started."}
    if experiment.state == "running":
        done = _dropped(experiment, means, who, why)
    return _close(experiment, "stopped", {"done": {**done, "who": who, "why": why}}, means)


def _carried_out(experiment: Experiment, plan: Plan, status: Status, means: Means) -> dict[str, Any]:
    """What the verdict does to the deployment: all of it if the plan acts, else only what keeps harm away."""
    outcome, who = status.verdict.outcome, signed(experiment)
    why = " ".join(status.verdict.reasons[:2])
    breached = any(rail.harmed for one in status.comparisons for rail in one.rails)
    if not plan.act and not (outcome == "stop_harm" and breached):
        return {"what": "The plan leaves it to people: the arms serve on.", "acted": False}
    if means.spec.monitoring.dry_run:
        return {"what": "Dry run: the arms serve on.", "acted": False}
    if outcome != "promote":
        return _dropped(experiment, means, who, why)
    standing = means.deployments.newest(plan.problem)
    revision = standing.revision if standing else None
    made = means.deployer.promote(plan.problem, who, why, status.chosen, based_on=revision).deployment
    return {
        "what": f"{plan.problem}/{made.champion.version} is champion, by revision {made.revision}.",
        "acted": True,
        "revision": made.revision,
    }


def _spoilt(experiment: Experiment, error: AlteredPlanError, means: Means) -> Experiment:
    """End an experiment of which nothing can be concluded any more, so that its arms do not serve on for nothing."""
    done: dict[str, Any] = {"what": "Dry run: the arms serve on.", "acted": False}
    if not means.spec.monitoring.dry_run:
        done = _dropped(experiment, means, signed(experiment), error.what)
    return _close(experiment, "invalid", {"done": done, "reasons": [error.what]}, means)


def _dropped(experiment: Experiment, means: Means, who: str, why: str) -> dict[str, Any]:
    """Take out every challenger that is still there."""
    standing, acted = means.deployments.newest(experiment.problem), False
    while standing is not None and standing.experiment == experiment.name and len(standing.arms) > 1:
        arm, problem = standing.arms[1].name, experiment.problem
        standing = means.deployer.drop(problem, arm, who, why, based_on=standing.revision).deployment
        acted = True
    revision = standing.revision if standing else None
    what = f"The champion answers alone, by revision {revision}." if acted else "The challengers were gone already."
    return {"what": what, "acted": acted, "revision": revision}


def _revisions(experiment: Experiment, means: Means) -> list[Deployment]:
    history = means.deployments.history(experiment.problem, REACH)
    return [
        one
        for one in reversed(history)
        if one.experiment == experiment.name
        and one.revision >= (experiment.revision or 1)
        and one.who != signed(experiment)
        and not _by_guard(one, means)
    ]


def _by_guard(deployment: Deployment, means: Means) -> bool:
    """Whether the guard took an arm out, by which an experiment of several goes on only to its end."""
    alert = means.watch.alert(deployment.who.removeprefix("alert ")) if deployment.who.startswith("alert ") else None
    return alert is not None and alert.rule == GUARD


def _made(experiment: Experiment, means: Means) -> Deployment | None:
    """The revision by which an earlier, interrupted call has carried the verdict out."""
    newest = means.deployments.newest(experiment.problem)
    mine = newest is not None and newest.who == signed(experiment) and newest.experiment != experiment.name
    return newest if mine else None


def _resumed(experiment: Experiment, made: Deployment) -> tuple[str, dict[str, Any]]:
    looks = experiment.outcome.get("looks") or [{"verdict": "stopped"}]
    verdict = "promote" if made.change == "promote" else str(looks[-1]["verdict"])
    return verdict, {"done": {"what": made.why, "acted": True, "revision": made.revision}}


def _ended_elsewhere(experiment: Experiment, means: Means) -> tuple[str, dict[str, Any]] | None:
    """How it ended where something else than its verdict took the arms out: the guard, or a person."""
    alerts = means.watch.alerts(experiment.problem, REACH, ("done", "acting", "decided", "failed"))
    for alert in alerts:
        if alert.rule == GUARD and alert.evidence.get("experiment") == experiment.name and alert.state == "done":
            if alert.outcome.get("dry_run"):
                continue
            done = _dropped(experiment, means, signed(experiment), alert.why)
            what = f"{alert.why} {alert.outcome.get('what', '')}".strip()
            return "stop_harm", {"done": {**done, "what": what, "acted": True, "alert": alert.id}}
    newest = means.deployments.newest(experiment.problem)
    if newest is None or newest.experiment == experiment.name:
        return None
    what = f"Revision {newest.revision} ({newest.change} by {newest.who}) ended it: {newest.why}"
    return "stopped", {"done": {"what": what, "acted": False, "revision": newest.revision}}


def _remembered(experiment: Experiment, status: Status, means: Means) -> Experiment:
    looks = experiment.outcome.get("looks", [])
    if looks:
        grown = status.labelled - looks[-1]["labelled"] >= max(status.plan.units // STEP, 1)
        if not grown and looks[-1]["verdict"] == status.verdict.outcome:
            return experiment
    try:
        return means.watch.advance_experiment(_with(experiment, looks=[*looks, seen(status)], last=status.json()))
    except ConflictError:
        # Somebody else remembered a look just now; one is as good as the other.
        return means.watch.experiment(experiment.problem, experiment.name) or experiment


def _ended(experiment: Experiment, status: Status, done: dict[str, Any], means: Means) -> Experiment:
    looks = [*experiment.outcome.get("looks", []), seen(status)]
    outcome = {"looks": looks, "last": status.json(), "done": done, "reasons": list(status.verdict.reasons)}
    return _close(experiment, status.verdict.outcome, outcome, means)


def _close(experiment: Experiment, verdict: str, outcome: dict[str, Any], means: Means) -> Experiment:
    ending = {"state": "ended", "verdict": verdict, "ended_at": means.clock()}
    return means.watch.advance_experiment(_with(experiment, **outcome).model_copy(update=ending))


def _with(experiment: Experiment, **more: Any) -> Experiment:
    return experiment.model_copy(update={"outcome": experiment.outcome | more})


def seen(status: Status) -> dict[str, Any]:
    """What is remembered of a look, for the picture of the confidence sequence over time."""
    full = status.json()
    return {
        "at": full["at"],
        "now": full["now"],
        "labelled": status.labelled,
        "verdict": status.verdict.outcome,
        "arms": {
            one["arm"]: {name: one["sequence"][name] for name in ("value", "low", "high", "p_value")}
            for one in full["comparisons"]
        },
    }
