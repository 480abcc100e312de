"""Predictions of shadows beside a ledger in a file: in a file of their own, since each file has one writer at a time.

The process of the shadows is the last to be given time. Were it to hold the right to write to the ledger's own file,
live answers would wait for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine

from understudy.adapters.database.connect import sqlite_reader
from understudy.adapters.database.engine import Database, database_at


def shadows_file(file: Path) -> Path:
    """Where shadows are kept beside a ledger's file."""
    return file.with_name(f"{file.stem}-shadows{file.suffix}")


class Beside:
    """The shadows' file, read as if what it holds were all predictions, with the labels of the ledger's."""

    def __init__(self, ledger: Database) -> None:
        assert ledger.file is not None  # noqa: S101
        self.ledger = ledger
        self.database = database_at(f"sqlite:///{shadows_file(ledger.file)}")
        """The shadows' file by itself, to be written to."""
        self._reader: Engine | None = None
        self._made: Any = None
        self._lock = Lock()

    @property
    def absent(self) -> bool:
        """Whether no shadow has stored anything yet."""
        return self.database.absent or self.ledger.absent

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state."""
        with self.database.reaching(), self._engine().connect() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection; the next use opens new ones."""
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.dispose()
        self.database.close()

    def _engine(self) -> Engine:
        with self._lock:
            files = (self.ledger.identity, self.database.identity)
            if self._reader is not None and self._made != files:
                self._reader.dispose()
                self._reader = None
            if self._reader is None:
                for database in (self.ledger, self.database):
                    with database.reading():  # brings its tables up to date
                        pass
                assert self.ledger.file is not None  # noqa: S101
                self._reader, self._made = sqlite_reader(self.ledger.file, self.database.file), files
            return self._reader
