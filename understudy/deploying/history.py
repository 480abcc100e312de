"""What the revisions say together: what a rollback means, who was champion before, since when the arms compete."""

from collections.abc import Collection, Iterator, Sequence

from understudy.errors import DeploymentError
from understudy.records import Deployment


def target(history: Sequence[Deployment], problem: str, rejected: Collection[int] = ()) -> Deployment:
    """The revision that a rollback restores: the last with another champion, in which today's has no share.

    What an earlier rollback left behind does not count, so that a second one goes further back rather than
    forward again.

    Args:
        history: revisions, newest first.
        rejected: numbers of the versions that were rejected: none of them comes back.

    Raises:
        DeploymentError: there is nothing to go back to.
    """
    if not history:
        raise DeploymentError(f"Nothing of {problem} is deployed yet.", "`understudy deploy VERSION` starts.")
    champion = history[0].champion.digest
    for past in _line(history):
        if champion not in {arm.digest for arm in past.arms} and not _rejected_arms(past, rejected):
            return past
    raise DeploymentError(
        f"{problem} has no revision with another champion further back.",
        "`understudy deployments` shows the history; `understudy rollback --to REVISION` restores any of it.",
    )


def require_restorable(past: Deployment, rejected: Collection[int]) -> None:
    """
    Raises:
        DeploymentError: an arm of the revision has been rejected since.
    """
    if wrong := _rejected_arms(past, rejected):
        raise DeploymentError(
            f"Revision {past.revision} serves {past.problem}/{min(wrong)}, which has been rejected since.",
            "Restore another revision: `understudy deployments` shows them.",
        )


def previous_champion(history: Sequence[Deployment]) -> int | None:
    """Number of the version that was champion before today's; none if there was no other."""
    numbers = [past.champion.version for past in history]
    return next((number for number in numbers if number != numbers[0]), None)


def competing_since(history: Sequence[Deployment]) -> int:
    """The first revision since which the same versions have competed under the same names and in the same mode.

    A version that decides at another threshold is rewarded for other decisions.
    """
    since = history[0]
    for past in history:
        if past.mode != since.mode or _places(past) != _places(since):
            break
        since = past
    return since.revision


def _line(history: Sequence[Deployment]) -> Iterator[Deployment]:
    """From today back, where what a rollback restored stands in its place."""
    known = {past.revision: past for past in history}
    number = history[0].revision
    while past := known.get(number):
        yield past
        number = past.restores or past.revision - 1


def _rejected_arms(deployment: Deployment, rejected: Collection[int]) -> set[int]:
    return {arm.version for arm in deployment.arms} & set(rejected)


def _places(deployment: Deployment) -> list[tuple[str, str, float | None]]:
    return [(arm.name, arm.digest, arm.threshold) for arm in deployment.arms]
