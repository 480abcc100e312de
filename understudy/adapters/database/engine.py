"""Reaching the database: durable writes by one writer at a time, reads that block nobody, failures in our own words."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Lock, RLock
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from understudy.adapters.database.connect import nothing, postgresql, sqlite_reader, sqlite_writer
from understudy.adapters.database.migrations import is_current, migrate
from understudy.adapters.failure import disk_is_full, reason
from understudy.errors import DataError, StoreError, UnderstudyError

REFUSED = {"DataError", "IntegrityError"}
"""What drivers call the faults of a row rather than of the database (PEP 249)."""

_open: "WeakValueDictionary[tuple[str, bool], Database]" = WeakValueDictionary()
_opening = Lock()


def database_at(address: str, durable: bool = True) -> "Database":
    """The database at a URL; one for all its users in a process, since they take turns in writing.

    Args:
        durable: whether a transaction waits for the disk: see ``connect``.

    Raises:
        StoreError: the URL is not one of SQLite (a file) or PostgreSQL.
    """
    with _opening:
        known = _open.get((address, durable))
        if known is None:
            known = _open[address, durable] = Database(_parsed(address), durable)
        return known


class Database:
    """Connections are opened when first needed; the tables are made or brought up to date before the first write."""

    def __init__(self, url: URL, durable: bool = True) -> None:
        self.url, self.durable = url, durable
        self.sqlite = url.get_backend_name() == "sqlite"
        self.file = Path(str(url.database)) if self.sqlite else None
        self._turn = RLock() if self.sqlite else None
        self._lock = RLock()
        self._writer: Engine | None = None
        self._reader: Engine | None = None
        self._appender: Engine | None = None
        self._made: tuple[int, int] | None = None

    @property
    def absent(self) -> bool:
        """Whether it is a file that nobody has made yet, so that it holds nothing."""
        return self.file is not None and not self.file.exists()

    @property
    def identity(self) -> tuple[int, int] | None:
        """Which file it is, whatever bears its name later; none where there is none."""
        with suppress(OSError):
            if self.file is not None:
                found = self.file.stat()
                return found.st_dev, found.st_ino
        return None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction, durable once it ends if any is. On SQLite others wait for it, so keep it short."""
        with self.reaching(), self.turn(), self._engine().begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state; of a database that nobody has made yet, no rows."""
        with self.reaching(), self._reading_engine().connect() as connection:
            yield connection

    @contextmanager
    def appending(self) -> Iterator[Any]:
        """The driver's own connection, each statement a transaction of its own: for what must be quick."""
        with self.reaching(), self.turn(), self._appending_engine().connect() as connection:
            try:
                yield connection.connection.driver_connection
            except Exception:
                connection.invalidate()
                raise

    def turn(self) -> AbstractContextManager[Any]:
        """The right to write, which one thread at a time has on SQLite; PostgreSQL needs none."""
        return self._turn or nullcontext()

    def close(self) -> None:
        """Close every connection; the next use opens new ones."""
        with self._lock:
            # The writer last: only that one can bring SQLite's log into the file.
            engines = (self._reader, self._appender, self._writer)
            self._writer = self._reader = self._appender = self._made = None
        for engine in engines:
            if engine is not None:
                engine.dispose()

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Say of whatever the drivers raise what is the matter with the database, and what to do."""
        try:
            yield
        except UnderstudyError:
            raise
        except (SQLAlchemyError, OSError, sqlite3.Error) as error:
            raise self._translated(error) from error
        except Exception as error:
            if not type(error).__module__.startswith("psycopg"):
                raise
            raise self._translated(error) from error

    def _engine(self) -> Engine:
        with self._lock:
            if self._writer is not None and self._replaced():
                self.close()
            if self._writer is None:
                engine = self._new_writer()
                try:
                    migrate(engine)
                except BaseException:
                    engine.dispose()
                    raise
                self._writer, self._made = engine, self.identity
            return self._writer

    def _reading_engine(self) -> Engine:
        if self.file is None:
            return self._engine()
        with self._lock:
            if self.absent:
                return nothing()
            if self._reader is None:
                reader = sqlite_reader(self.file)
                if not is_current(reader):  # else nobody who only reads need wait for the right to write
                    self._engine()
                self._reader = reader
            return self._reader

    def _appending_engine(self) -> Engine:
        """On SQLite the one writing connection; on PostgreSQL one that is not tried out before each use."""
        engine = self._engine()
        if self.sqlite:
            return engine
        with self._lock:
            if self._appender is None:
                self._appender = postgresql(self.url, self.durable, isolation_level="AUTOCOMMIT", pool_size=1)
            return self._appender

    def _new_writer(self) -> Engine:
        if self.file is not None:
            return sqlite_writer(self.file, self.durable)
        return postgresql(self.url, self.durable, pool_pre_ping=True)

    def _replaced(self) -> bool:
        """Whether someone deleted the file that is open: what is written to it would be nowhere."""
        return self.file is not None and self.identity != self._made

    def _translated(self, error: Exception) -> UnderstudyError:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        if REFUSED & {kind.__name__ for kind in type(cause).__mro__} or "binding parameter" in str(cause):
            return DataError(
                f"A row cannot be stored: {reason(cause)}", "Mend its fields; nothing of its batch is stored."
            )
        where = self.url.render_as_string(hide_password=True)
        if disk_is_full(cause):
            return StoreError(f"No space left on the disk of the database {where}.", "Free some space.")
        return StoreError(
            f"The database {where} cannot be used: {reason(cause)}",
            "Check that it is up and that UNDERSTUDY_DATABASE names it; unset, it is a local file.",
        )


def _parsed(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise StoreError(
            "The database's URL cannot be read.", "UNDERSTUDY_DATABASE takes a URL of SQLAlchemy."
        ) from error
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        return url
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    raise StoreError(
        f"{url.render_as_string(hide_password=True)} is neither a SQLite file nor a PostgreSQL database.",
        "Let UNDERSTUDY_DATABASE be sqlite:///FILE or postgresql://USER@HOST/NAME.",
    )
