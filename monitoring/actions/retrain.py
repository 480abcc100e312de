"""Training anew. The gate decides; what it accepts rehearses in the shadow, and earns its way from there."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from monitoring.actions.standing import made_by, spoken_of, who
from understudy.deploying import Deployer, Placement
from understudy.ports import DeploymentLog
from understudy.records import Alert, Deployment, GateCheck, Version

Train = Callable[[str, datetime], Version]
"""Trains a problem as of a moment of its clock, and registers the result with the gate's verdict. The same again
gives the same version."""


class Retrain:
    """Trains with what was known when the evidence was seen, and places what passes as a shadow."""

    def __init__(self, deployments: DeploymentLog, deployer: Deployer, train: Train) -> None:
        self._deployments, self._deployer, self._train = deployments, deployer, train

    def act(self, alert: Alert) -> dict[str, Any]:
        """
        Raises:
            ConflictError: another version is champion now: it was not the one that got worse.
            UnderstudyError: the training failed; the message names the stage.
        """
        if made := made_by(alert, self._deployments):
            return _placed(made, made.shadows[-1].version)
        spoken_of(alert, self._deployments)
        version = self._train(alert.problem, datetime.fromisoformat(alert.evidence["as_of"]))
        name = f"{version.problem}/{version.number}"
        if version.verdict.decision == "rejected":
            failed = [_row(check) for check in version.verdict.failed]
            reasons = " ".join(f"{check.name}: {check.why}" for check in version.verdict.failed)
            what = f"A training gave {name}, and the gate refused it. {reasons}"
            return {"what": what, "version": version.number, "accepted": False, "failed": failed, "revision": None}
        newest, _ = spoken_of(alert, self._deployments)
        if any(version.digest == placed.digest for placed in (*newest.arms, *newest.shadows)):
            what = f"A training gave {name}, which serves already: there was nothing new to learn."
            return {"what": what, "version": version.number, "accepted": True, "revision": None}
        why = f"Trained because {alert.why or alert.subject}"
        placed = self._deployer.deploy(version, Placement("shadow"), who(alert), why, based_on=newest.revision)
        return _placed(placed.deployment, version.number)


def _placed(made: Deployment, number: int) -> dict[str, Any]:
    what = f"A training gave {made.problem}/{number}, the gate accepted it, and it rehearses in the shadow."
    return {"what": what, "version": number, "accepted": True, "revision": made.revision}


def _row(check: GateCheck) -> dict[str, Any]:
    return check.model_dump(mode="json")
