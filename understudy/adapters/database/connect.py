"""Opening the database's connections: what each kind of them is for, and what makes its writes durable.

Without ``durable`` a transaction does not wait for the disk: a power failure may take the newest ones along, and leaves
the database sound.
"""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

from understudy.adapters.database.schema import metadata

SQLITE_WRITER = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
    # Checkpoints happen in ``settle`` alone: SQLite before 3.51.3 can lose pages when two connections race for one.
    "PRAGMA wal_autocheckpoint = 0",
    f"PRAGMA journal_size_limit = {64 * 2**20}",
    f"PRAGMA cache_size = -{16 * 2**10}",
    # What is erased on request is not to be found in free pages either; the journal is emptied by ``erasing``.
    "PRAGMA secure_delete = ON",
)
BUSY = 10.0
"""Seconds to wait for another process's transaction."""
POSTGRESQL = {"connect_timeout": 3, "tcp_user_timeout": 10_000, "application_name": "understudy"}
DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"


def sqlite_writer(file: Path, durable: bool = True) -> Engine:
    """The one connection of this process that writes to a file; its transactions take the right to write at once."""
    file.parent.mkdir(parents=True, exist_ok=True)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            file, timeout=BUSY, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            for pragma in (*SQLITE_WRITER, f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}"):
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        return connection

    engine = _new("sqlite://", creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=0)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def sqlite_reader(file: Path, shadows: Path | None = None) -> Engine:
    """Connections that only read; they see the state at their first question, and stop nobody from writing.

    Args:
        shadows: another file whose predictions are read in the place of those in ``file``.
    """

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            _to_read(file), uri=True, timeout=BUSY, isolation_level=None, check_same_thread=False
        )
        try:
            if shadows is not None:
                connection.execute("ATTACH DATABASE ? AS shadows", [_to_read(shadows)])
                connection.execute("CREATE TEMP VIEW predictions AS SELECT * FROM shadows.predictions")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = _new("sqlite://", creator=connect, poolclass=QueuePool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def postgresql(url: URL, durable: bool = True, **more: Any) -> Engine:
    """Connections to PostgreSQL, each of which waits for the disk, or does not, whatever the server is set to."""
    engine = _new(url, connect_args=POSTGRESQL, **more)

    @event.listens_for(engine, "connect")
    def settle_waits(connection: Any, _record: Any) -> None:
        connection.execute(DURABLE if durable else "SET synchronous_commit = off")
        connection.commit()

    return engine


def nothing() -> Engine:
    """A database with every table and no row."""
    engine = _new("sqlite://")
    metadata.create_all(engine)
    return engine


def _to_read(file: Path) -> str:
    return f"file:{quote(str(file.absolute()))}?mode=ro"


def _new(url: str | URL, **more: Any) -> Engine:
    return create_engine(
        url, json_serializer=lambda value: orjson.dumps(value).decode(), json_deserializer=orjson.loads, **more
    )
