"""The registry's aliases follow the deployment log, for people and for tools."""

from understudy.deploying.history import previous_champion
from understudy.errors import UnderstudyError
from understudy.ports import DeploymentLog, ModelRegistry
from understudy.records import Deployment

REACH = 1000
"""Revisions back to which the previous champion is looked for."""


def mirror(log: DeploymentLog, registry: ModelRegistry | None, problem: str) -> str:
    """Point ``champion``, ``challenger`` and ``previous`` at what the newest revision says.

    It reads the log itself, rather than being told, so that of two changes the later one shows whoever mirrors last.

    Returns:
        Why the aliases may be out of date, or nothing.
    """
    if registry is None:
        return "A server does not write to the registry."
    try:
        history = log.history(problem, REACH)
        _follow(registry, history[0], previous_champion(history))
    except UnderstudyError as error:
        return str(error)
    return ""


def challenger(deployment: Deployment) -> int | None:
    """The first arm beside the champion, else the first shadow."""
    rivals = (*deployment.arms[1:], *deployment.shadows)
    return rivals[0].version if rivals else None


def _follow(registry: ModelRegistry, newest: Deployment, previous: int | None) -> None:
    problem, champion = newest.problem, registry.champion(newest.problem)
    if champion is None or champion.number != newest.champion.version:
        registry.promote(problem, newest.champion.version)
    registry.point(problem, "challenger", challenger(newest))
    if previous is not None:
        registry.point(problem, "previous", previous)
