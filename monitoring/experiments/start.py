"""Starting an experiment: its arms are deployed as planned, with a salt of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from monitoring.experiments.plan import Plan, plan_of
from understudy.deploying import Deployer, Placement
from understudy.errors import ConflictError, DeploymentError
from understudy.ports import DeploymentLog, WatchLog
from understudy.records import CHAMPION, Deployment, Experiment, Version

TOLERANCE = 1e-6
"""Of weights that went through percentages."""


@dataclass(frozen=True)
class Starting:
    """What a start is made with."""

    watch: WatchLog
    deployments: DeploymentLog
    deployer: Deployer
    version: Callable[[int], Version]
    """A version of the problem by its number."""
    clock: Callable[[], datetime]


def start(experiment: Experiment, means: Starting, who: str) -> Experiment:
    """Deploy the arms and record the revision. Killed half-way, the next call finishes.

    Raises:
        ConflictError: another experiment runs, this one ran already, or another change of the deployment came first.
        DeploymentError: what serves is not what was planned on, or a version may not serve.
        DataError: the plan is not the one that was written down.
    """
    plan = plan_of(experiment)
    _require_planned(experiment, means.watch)
    standing = means.deployments.newest(plan.problem)
    if standing is None or not is_as_planned(standing, plan):
        standing = _deployed(plan, _require_free(standing, plan), means, who, experiment.why)
    return means.watch.advance_experiment(
        experiment.model_copy(update={"state": "running", "started_at": means.clock(), "revision": standing.revision})
    )


def is_as_planned(deployment: Deployment, plan: Plan) -> bool:
    """Whether a revision serves this experiment, with the arms, thresholds and shares of its plan."""
    if deployment.experiment != plan.name or deployment.mode != plan.mode or deployment.ramp is not None:
        return False
    if len(deployment.arms) != len(plan.arms):
        return False
    return all(
        (arm.name, arm.digest, arm.threshold) == (planned.name, planned.digest, planned.threshold)
        and abs(arm.weight - planned.weight) < TOLERANCE
        for arm, planned in zip(deployment.arms, plan.arms, strict=True)
    )


def _deployed(plan: Plan, standing: Deployment, means: Starting, who: str, why: str) -> Deployment:
    for place, arm in enumerate(plan.challengers):
        if any(one.digest == arm.digest for one in standing.arms):
            continue
        # Those that join later scale this one down to what was planned.
        later = sum(other.weight for other in plan.challengers[place + 1 :])
        placement = Placement(plan.mode, weight=100 * arm.weight / (1 - later), experiment=plan.name)
        version = means.version(arm.version)
        if version.digest != arm.digest:
            raise DeploymentError(
                f"{plan.problem}/{arm.version} is not the bundle that was planned with.", "Plan a new experiment."
            )
        standing = means.deployer.deploy(version, placement, who, why, based_on=standing.revision).deployment
    if not is_as_planned(standing, plan):
        raise DeploymentError(
            f"Revision {standing.revision} does not serve what {plan.name} planned: a version has another threshold.",
            f"`understudy route --drop` takes the arms out again; plan anew on revision {standing.revision}.",
        )
    return standing


def _require_planned(experiment: Experiment, watch: WatchLog) -> None:
    if experiment.state != "planned":
        raise ConflictError(
            f"The experiment {experiment.name} is {experiment.state} already.",
            "Plan another under a new name: a plan is used once.",
        )
    running = [one for one in watch.experiments(experiment.problem) if one.state == "running"]
    if running:
        raise ConflictError(
            f"The experiment {running[0].name} of {experiment.problem} is running.",
            f"Wait for its verdict, or end it with `understudy experiment stop {running[0].name}`.",
        )


def _require_free(standing: Deployment | None, plan: Plan) -> Deployment:
    if standing is None:
        raise DeploymentError(f"Nothing of {plan.problem} is deployed.", "`understudy deploy VERSION` puts a champion.")
    champion = plan.arms[0]
    if (standing.champion.digest, standing.champion.threshold) != (champion.digest, champion.threshold):
        raise DeploymentError(
            f"{plan.problem}/{standing.champion.version} is champion by revision {standing.revision}, and the plan was "
            f"made for {plan.problem}/{champion.version} with its threshold of then.",
            "Plan a new experiment for what serves now.",
        )
    if len(standing.arms) > 1 and standing.experiment != plan.name:
        names = ", ".join(arm.name for arm in standing.arms if arm.name != CHAMPION)
        raise DeploymentError(
            f"Revision {standing.revision} of {plan.problem} gives a share to {names} already.",
            "`understudy route --drop ARM` takes it out; then start.",
        )
    if standing.killed:
        raise DeploymentError(f"The kill switch of {plan.problem} is on.", "`understudy route --resume` ends that.")
    return standing
