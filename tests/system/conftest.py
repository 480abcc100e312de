"""Proofs about whole servers: each in processes of its own, over real stores."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres_server import postgres_server
from served import Project, a_project

from understudy.adapters.database.engine import database_at
from understudy.adapters.database.watch_log import SqlWatchLog
from understudy.ports import WatchLog


@pytest.fixture(scope="session")
def new_postgres() -> Iterator[Callable[[], str]]:
    """A function that gives the URL of a new database."""
    with postgres_server() as fresh:
        yield fresh


@pytest.fixture(params=["sqlite", "postgresql"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """The toy project on each kind of database, with nothing deployed."""
    made = a_project(tmp_path / "project")
    return made if request.param == "sqlite" else made.at(request.getfixturevalue("new_postgres")())


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a new database, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'understudy.db'}"
    return str(request.getfixturevalue("new_postgres")())


@pytest.fixture
def watch_log(database: str) -> Iterator[WatchLog]:
    """The watch log in that database."""
    log = SqlWatchLog(database_at(database))
    yield log
    log.close()
