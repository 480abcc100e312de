"""Taking a step of the succession: canary, promote, withdraw."""

from collections.abc import Callable
from typing import Any

from monitoring.actions.standing import made_by, spoken_of, who
from understudy.deploying import Changed, Deployer, Placement
from understudy.ports import DeploymentLog, ModelRegistry
from understudy.problem import ProblemSpec, parse_span
from understudy.records import Alert, Deployment, Placed


class Steps:
    """Moves a version that proved itself one place further, and one that did not out of the way."""

    def __init__(
        self,
        spec: ProblemSpec,
        deployments: DeploymentLog,
        deployer: Deployer,
        registry: ModelRegistry,
    ) -> None:
        self._spec, self._deployments, self._deployer = spec, deployments, deployer
        self._registry = registry

    def canary(self, alert: Alert) -> dict[str, Any]:
        """
        Raises:
            DeploymentError: nobody has approved the version yet; the fix says how.
            ConflictError: it is in another place now, or another change came first.
        """
        terms = self._spec.monitoring.retraining
        ramp, hold = terms.canary, parse_span(terms.hold).total_seconds()
        shares = ", ".join(f"{share:g} %" for share in ramp)

        def make(newest: Deployment, placed: Placed) -> Changed:
            version = self._registry.version(alert.problem, placed.version)
            placement = Placement("canary", ramp=ramp, hold=hold)
            return self._deployer.deploy(version, placement, who(alert), alert.why, based_on=newest.revision)

        return self._once(alert, make, f"answers {shares} of the requests in turn")

    def promote(self, alert: Alert) -> dict[str, Any]:
        """Raises as ``canary`` does."""

        def make(newest: Deployment, placed: Placed) -> Changed:
            signed = (who(alert), alert.why, placed.name)
            return self._deployer.promote(alert.problem, *signed, based_on=newest.revision)

        return self._once(alert, make, "is champion")

    def withdraw(self, alert: Alert) -> dict[str, Any]:
        """Raises as ``canary`` does."""

        def make(newest: Deployment, placed: Placed) -> Changed:
            return self._deployer.drop(alert.problem, placed.name, who(alert), alert.why, based_on=newest.revision)

        return self._once(alert, make, "is withdrawn")

    def _once(self, alert: Alert, make: Callable[[Deployment, Placed], Changed], said: str) -> dict[str, Any]:
        made = made_by(alert, self._deployments)
        if made is None:
            made = make(*spoken_of(alert, self._deployments)).deployment
        version = alert.evidence["version"]
        what = f"{alert.problem}/{version} {said}, by revision {made.revision}. {alert.evidence.get('because', '')}"
        return {"what": what.strip(), "version": version, "revision": made.revision}
