"""Every test of a store runs on SQLite and on a real PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres_server import postgres_server

from understudy.adapters.database.engine import Database, database_at


@pytest.fixture(scope="session")
def new_postgres() -> Iterator[Callable[[], str]]:
    """A function that gives the URL of a new database."""
    with postgres_server() as fresh:
        yield fresh


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database that does not yet have tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'a home' / 'understudy.db'}"
    fresh: Callable[[], str] = request.getfixturevalue("new_postgres")
    return fresh()


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    database = database_at(address)
    yield database
    database.close()
