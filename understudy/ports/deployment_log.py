"""The deployment log: what serves, and everything that ever did."""

from typing import Protocol

from understudy.records import Deployment


class DeploymentLog(Protocol):
    """Append-only revisions by problem; the newest serves.

    Every method raises ``StoreError`` when the database cannot be reached.
    """

    def newest(self, problem: str) -> Deployment | None: ...

    def history(self, problem: str, limit: int = 100) -> tuple[Deployment, ...]:
        """Newest first."""
        ...

    def revision(self, problem: str, number: int) -> Deployment:
        """
        Raises:
            DeploymentError: there is no such revision.
        """
        ...

    def append(self, deployment: Deployment) -> Deployment:
        """Add revision n, which was based on revision n - 1.

        Raises:
            ConflictError: another change took that number first; the error names it, who made it and why.
        """
        ...

    def close(self) -> None:
        """Let go of the database; the next call reaches for it again."""
        ...
