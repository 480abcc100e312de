"""A deployment log in memory."""

from understudy.errors import ConflictError, DeploymentError
from understudy.records import Deployment


class FakeDeploymentLog:
    """Implements ``understudy.ports.DeploymentLog``."""

    def __init__(self, *deployments: Deployment) -> None:
        self.kept: dict[tuple[str, int], Deployment] = {(one.problem, one.revision): one for one in deployments}

    def newest(self, problem: str) -> Deployment | None:
        return next(iter(self.history(problem, 1)), None)

    def history(self, problem: str, limit: int = 100) -> tuple[Deployment, ...]:
        mine = [one for one in self.kept.values() if one.problem == problem]
        return tuple(sorted(mine, key=lambda one: -one.revision)[:limit])

    def revision(self, problem: str, number: int) -> Deployment:
        if (problem, number) not in self.kept:
            raise DeploymentError(f"{problem} has no revision {number}.", "List them.")
        return self.kept[problem, number]

    def append(self, deployment: Deployment) -> Deployment:
        newest = self.newest(deployment.problem)
        if deployment.revision > (newest.revision if newest else 0) + 1:
            raise DeploymentError(
                f"Revision {deployment.revision} has no revision before it.", "Base it on the newest."
            )
        first = self.kept.setdefault((deployment.problem, deployment.revision), deployment)
        if first is not deployment:
            raise ConflictError(
                f"Revision {first.revision} was taken by {first.who} ({first.change}): {first.why}", "Look again."
            )
        return deployment

    def close(self) -> None:
        pass
