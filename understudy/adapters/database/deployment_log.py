"""The deployment log on SQLite or PostgreSQL."""

from pydantic import ValidationError
from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite

from understudy.adapters.database.engine import Database
from understudy.adapters.database.schema import deployments
from understudy.errors import ConflictError, DeploymentError, StoreError
from understudy.records import Deployment

d = deployments.c


class SqlDeploymentLog:
    """Implements ``understudy.ports.DeploymentLog``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, problem: str) -> Deployment | None:
        return next(iter(self.history(problem, 1)), None)

    def history(self, problem: str, limit: int = 100) -> tuple[Deployment, ...]:
        return self._read(_of(problem).order_by(d.revision.desc()).limit(limit))

    def revision(self, problem: str, number: int) -> Deployment:
        found = self._read(_of(problem).where(d.revision == number))
        if not found:
            raise DeploymentError(
                f"{problem} has no revision {number}.", f"`understudy deployments --problem {problem}` lists them."
            )
        return found[0]

    def append(self, deployment: Deployment) -> Deployment:
        dialect = sqlite if self._database.sqlite else postgresql
        row = _row(deployment)
        with self._database.writing() as connection:
            newest = connection.scalar(
                select(d.revision).where(d.problem == deployment.problem).order_by(d.revision.desc()).limit(1)
            )
            if deployment.revision > (newest or 0) + 1:
                raise DeploymentError(
                    f"Revision {deployment.revision} of {deployment.problem} has no revision before it.",
                    f"The newest one is {newest or 'none'}: base the change on that.",
                )
            insert = dialect.insert(deployments).values(row).on_conflict_do_nothing().returning(d.revision)
            taken = connection.execute(insert).first() is None
        if taken:
            raise _conflict(self.revision(deployment.problem, deployment.revision))
        return deployment

    def close(self) -> None:
        """Let go of the database; the next call reaches for it again."""
        self._database.close()

    def _read(self, query: Select[tuple[object]]) -> tuple[Deployment, ...]:
        with self._database.reading() as connection:
            documents = connection.scalars(query).all()
        try:
            return tuple(Deployment.model_validate(document) for document in documents)
        except ValidationError as error:
            raise StoreError(
                f"The deployment log holds a revision that this version cannot read: {error.errors()[0]['msg']}.",
                "A newer version of Understudy wrote it: use that one.",
            ) from error


def _of(problem: str) -> Select[tuple[object]]:
    return select(d.document).where(d.problem == problem)


def _row(deployment: Deployment) -> dict[str, object]:
    champion = deployment.champion
    return {
        **{name: getattr(deployment, name) for name in ("problem", "revision", "mode", "change", "who", "why", "at")},
        "champion": champion.version,
        "digest": champion.digest,
        "document": deployment.model_dump(mode="json"),
    }


def _conflict(first: Deployment) -> ConflictError:
    return ConflictError(
        f"Revision {first.revision} of {first.problem} was taken by {first.who} ({first.change}): {first.why}",
        "Look at what serves now, and make the change again if it still holds.",
    )
