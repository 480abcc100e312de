"""Going back: to the last revision with another champion, or without the arm that does harm."""

from typing import Any

from monitoring.actions.standing import made_by, spoken_of, who
from understudy.deploying import Deployer
from understudy.ports import DeploymentLog
from understudy.records import CHAMPION, Alert, Deployment


class Rollback:
    """Takes back what the evidence speaks of, and only that."""

    def __init__(self, deployments: DeploymentLog, deployer: Deployer) -> None:
        self._deployments, self._deployer = deployments, deployer

    def act(self, alert: Alert) -> dict[str, Any]:
        """
        Raises:
            ConflictError: what the evidence speaks of serves no longer, or another change came first.
            DeploymentError: there is nothing to go back to.
        """
        made = made_by(alert, self._deployments)
        if made is None:
            newest, placed = spoken_of(alert, self._deployments)
            signed = (who(alert), alert.why or f"{alert.subject} is beyond its limit.")
            if placed.name == CHAMPION:
                made = self._deployer.rollback(alert.problem, *signed, based_on=newest.revision).deployment
            else:
                made = self._deployer.drop(alert.problem, placed.name, *signed, based_on=newest.revision).deployment
        return {"what": _said(made), "revision": made.revision, "restores": made.restores}


def _said(made: Deployment) -> str:
    back = f"restores revision {made.restores}" if made.restores else "takes the arm out"
    return f"Revision {made.revision} {back}: {made.problem}/{made.champion.version} is champion."
