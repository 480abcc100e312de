"""Bringing a database up to the schema that the code knows: Alembic, without files in the project's root."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from understudy.adapters.database.schema import HEAD
from understudy.errors import StoreError

TURN = 7_355_608_414
"""Advisory lock of PostgreSQL under which one process at a time migrates."""


def migrate(engine: Engine) -> None:
    """Create the tables, or bring older ones up to date; processes that start together take turns.

    Raises:
        StoreError: a newer version of the code has been here.
    """
    if is_current(engine):
        return
    with _turn(engine) as connection:
        found = _revision(connection)
        if found != HEAD:
            _upgrade(connection, found)


def is_current(engine: Engine) -> bool:
    """Whether the tables are those that the code knows."""
    with engine.connect() as connection:
        return _revision(connection) == HEAD


@contextmanager
def _turn(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": TURN})
        yield connection


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection, found: str | None) -> None:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(Path(__file__).parent))
    if found is not None and found not in {one.revision for one in script.walk_revisions()}:
        raise StoreError(
            f"The database is at revision {found} of its schema, and this version of Understudy knows {HEAD}.",
            "A newer version has migrated it: use that one, or another database (UNDERSTUDY_DATABASE).",
        )
    context = MigrationContext.configure(
        connection,
        opts={"fn": lambda revision, _: script._upgrade_revs(HEAD, revision), "transactional_ddl": True},
    )
    with Operations.context(context):
        context.run_migrations()
