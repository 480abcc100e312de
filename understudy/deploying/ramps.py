"""A canary's ramp: made of percentages, and what is left of it at a moment."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from understudy.deploying.shares import share_of
from understudy.errors import DeploymentError
from understudy.records import Deployment, Ramp

LONGEST = 10 * 365 * 86_400.0


def ramp_of(percents: Sequence[float], hold: float) -> Ramp | None:
    """The ramp that steps through the percentages, or none where there are none.

    Raises:
        DeploymentError: one is not between 0 and 100, they fall, or ``hold`` (seconds) makes no sense.
    """
    if not percents:
        return None
    if list(percents) != sorted(percents):
        raise DeploymentError("The steps of a ramp may not fall.", "Give percentages that rise, as in 5,25,50.")
    if not 0 < hold < LONGEST:
        raise DeploymentError(
            f"A step of a ramp cannot be held for {hold:g} seconds.", "Give a time above 0 and below ten years."
        )
    return Ramp(shares=tuple(share_of("a step of the ramp", percent) for percent in percents), hold=hold)


def rest_of(deployment: Deployment, at: datetime) -> Ramp | None:
    """The steps that are left, the present one first. While the kill switch is on, a ramp waits."""
    ramp = deployment.ramp
    if ramp is None or deployment.killed:
        return ramp
    passed = int(max(at - deployment.at, timedelta()) / timedelta(seconds=ramp.hold))
    return ramp.model_copy(update={"shares": ramp.shares[min(passed, len(ramp.shares) - 1) :]})
