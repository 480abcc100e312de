"""What serves, which versions may, and how."""

from collections.abc import Iterable

from understudy.errors import DeploymentError
from understudy.records import Deployment, Version


def require_live(version: Version) -> None:
    """Only an approved version answers anybody.

    Raises:
        DeploymentError: it is rejected, or nobody has approved it yet.
    """
    name, state = f"{version.problem}/{version.number}", version.approval.state
    if state == "approved":
        return
    if state == "rejected":
        raise _rejected(version)
    raise DeploymentError(
        f"{name} is {state}, and only an approved version answers requests.",
        f"`{_approve(version)}` approves it, or serve it with --mode shadow.",
    )


def require_shadow(version: Version) -> None:
    """A shadow answers nobody: any version does that the gate accepted or a person approved.

    Raises:
        DeploymentError: it is rejected, or the gate refused it and nobody has approved it all the same.
    """
    if version.approval.state == "rejected":
        raise _rejected(version)
    if version.approval.state == "pending" and version.verdict.decision == "rejected":
        names = ", ".join(check.name for check in version.verdict.failed)
        raise DeploymentError(
            f"The gate refused {version.problem}/{version.number}: {names}.",
            f"`{_approve(version)}` approves it all the same.",
        )


def require_deployed(current: Deployment | None, problem: str) -> Deployment:
    """What serves.

    Raises:
        DeploymentError: nothing does.
    """
    if current is None:
        raise DeploymentError(
            f"Nothing of {problem} is deployed yet.",
            f"`understudy deploy {problem}@champion` starts with the champion.",
        )
    return current


def unknown(standing: Deployment, name: str, known: Iterable[str]) -> DeploymentError:
    """The refusal of a name that is none of those that are known."""
    names = ", ".join(known) or "none"
    return DeploymentError(f"Revision {standing.revision} of {standing.problem} has no {name!r} to name here.",
                           f"Those there are: {names}.")  # fmt: skip


def _rejected(version: Version) -> DeploymentError:
    name, approval = f"{version.problem}/{version.number}", version.approval
    return DeploymentError(
        f"{name} was rejected by {approval.by}: {approval.why}",
        f"Deploy another version, or `{_approve(version)}` if that was wrong.",
    )


def _approve(version: Version) -> str:
    """The command; against the gate's verdict it says so."""
    override = " --override" if version.verdict.decision == "rejected" else ""
    return f"understudy approve {version.problem}/{version.number}{override} --why REASON"
