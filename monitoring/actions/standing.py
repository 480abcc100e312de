"""What an action finds in the deployment log: its own earlier work, and whether the evidence still speaks of today."""

from understudy.errors import ConflictError
from understudy.ports import DeploymentLog
from understudy.records import Alert, Deployment, Placed

SIGNED = "alert "
REACH = 1000
"""Revisions back to which an action looks for its own."""


def who(alert: Alert) -> str:
    """How a change says that an alert made it."""
    return f"{SIGNED}{alert.id}"


def made_by(alert: Alert, log: DeploymentLog) -> Deployment | None:
    """The revision that an earlier, interrupted attempt at this alert has made."""
    return next((past for past in log.history(alert.problem, REACH) if past.who == who(alert)), None)


def spoken_of(alert: Alert, log: DeploymentLog) -> tuple[Deployment, Placed]:
    """The newest revision, and the arm or shadow in it that the evidence is about: the champion unless it names one.

    Raises:
        ConflictError: what the evidence speaks of serves no longer; what is known of it says nothing of today.
    """
    newest, digest, name = log.newest(alert.problem), alert.evidence.get("digest"), alert.evidence.get("arm")
    places = (*newest.arms, *newest.shadows) if newest and name else newest.arms[:1] if newest else ()
    for placed in places:
        if placed.digest == digest and name in (None, placed.name):
            assert newest is not None  # noqa: S101
            return newest, placed
    version = f"{alert.problem}/{alert.evidence.get('version', '?')}"
    raise ConflictError(
        f"The evidence is about {version} as {name or 'champion'}, and "
        + (
            f"revision {newest.revision} ({newest.change} by {newest.who}) changed that."
            if newest
            else "nothing serves."
        ),
        "The next window judges what serves now.",
    )
