"""The ledger on SQLite or PostgreSQL."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import product
from operator import attrgetter, itemgetter
from typing import Any

import orjson
from sqlalchemy import and_, or_

from understudy.adapters.database import erasing, labelling, reading
from understudy.adapters.database.beside import Beside
from understudy.adapters.database.engine import Database
from understudy.adapters.database.reading import Readable, Span
from understudy.adapters.database.schema import labels, predictions
from understudy.errors import DataError, StoreError
from understudy.records import ArmReward, Label, LabelOutcome, Prediction

JSON = ("flags", "request", "inputs")
TIMES = ("at", "event_time")
PLAIN = tuple(column.name for column in predictions.columns if column.name not in (*JSON, *TIMES))
STATEMENT = 128
"""Largest number of rows in one statement of SQLite; a larger batch takes several in one transaction."""
SETTLE = 1_000
"""Rows after which a checkpoint is worth its wait for the disk."""
LATEST = 600.0
"""Seconds after which there is one all the same: other processes write too."""

_plain: Callable[[Prediction], tuple[Any, ...]] = attrgetter(*PLAIN)


def now() -> datetime:
    """The time, UTC without zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class SqlLedger:
    """Implements ``understudy.ports.Ledger``."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = now, beside: Beside | None = None) -> None:
        """
        Args:
            beside: where shadows store theirs, if that is not in ``database`` too; read and erased from here as well.
        """
        self._database, self._clock, self._beside = database, clock, beside
        self._unsettled, self._settled_at = 0, time.monotonic()

    def append(self, predictions: Sequence[Prediction]) -> None:
        if not predictions:
            return
        store = self._append_sqlite if self._database.sqlite else self._append_postgresql
        try:
            store(predictions)
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError(f"A prediction cannot be stored: {error}.", "Its fields must be plain values.") from error
        self._unsettled += len(predictions)

    def prediction(self, prediction_id: str) -> dict[str, Any] | None:
        query = predictions.select().where(predictions.c.id == prediction_id)
        for source in self._sources():
            with source.reading() as connection:
                if found := connection.execute(query).mappings().first():
                    return dict(found)
        return None

    def tail(self, problem: str, limit: int = 20) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for source in self._sources():
            with source.reading() as connection:
                rows += reading.tail(connection, problem, limit)
        return sorted(rows, key=reading.place)[-limit:]

    def label(self, labels: Sequence[Label]) -> tuple[LabelOutcome, ...]:
        if not labels:
            return ()
        labelling.refuse_unaddressed(labels)
        with self._database.writing() as connection:
            outcomes = labelling.store(connection, labels, self._clock())
        self._unsettled += len(labels)
        return outcomes

    def rewards(self, problem: str, since_revision: int, costs: Mapping[str, float]) -> tuple[ArmReward, ...]:
        with self._database.reading() as connection:
            return labelling.rewards(connection, problem, since_revision, costs)

    def read(
        self, problem: str, since: datetime | None = None, until: datetime | None = None, chunk: int = 10_000
    ) -> Iterator[list[dict[str, Any]]]:
        span = Span(problem, since, until)
        return reading.merged([reading.pages(source, span, chunk) for source in self._sources()], chunk)

    def answers(
        self,
        problem: str,
        since: datetime,
        revision: int,
        request: Sequence[str] = (),
        inputs: Sequence[str] = (),
        chunk: int = 10_000,
    ) -> Iterator[list[dict[str, Any]]]:
        span = Span(problem, since, only=(predictions.c.standing == "live", predictions.c.revision >= revision))
        for rows in reading.pages(self._database, span, chunk, reading.slim(request, inputs)):
            yield [reading.folded(row, request, inputs) for row in rows]

    def window(
        self, problem: str, since: datetime, until: datetime, as_of: datetime, chunk: int = 10_000
    ) -> Iterator[list[dict[str, Any]]]:
        dated = Span(problem, since, until, by=predictions.c.event_time)
        undated = Span(problem, since, until, only=(predictions.c.event_time.is_(None),))
        for source, span in product(self._sources(), (dated, undated)):
            for rows in reading.pages(source, span, chunk):
                yield [_as_known(row, as_of) for row in rows]

    def clock(self, problem: str) -> datetime | None:
        with self._database.reading() as connection:
            return reading.newest_moment(connection, problem)

    def counts(self, problem: str, since: datetime | None = None) -> list[dict[str, Any]]:
        counted: list[dict[str, Any]] = []
        for source in self._sources():
            with source.reading() as connection:
                counted += reading.counts(connection, problem, since)
        return sorted(counted, key=itemgetter("version", "arm", "standing"))

    def erase_unit(self, problem: str, unit: str) -> int:
        if self._database.absent or not unit:
            return 0
        c = predictions.c
        mine = or_(c.unit == unit, and_(c.unit == "", c.key == unit))
        gone = sum(erasing.erase(database, c.problem == problem, mine) for database in self._stores())
        erasing.erase_strays(self._database, labels.c.problem == problem, labels.c.key == unit)
        return gone

    def retain(self, problem: str, before: datetime) -> int:
        if self._database.absent:
            return 0
        old = predictions.c.problem == problem, predictions.c.at < before
        gone = sum(erasing.erase(database, *old) for database in self._stores())
        erasing.erase_strays(self._database, labels.c.problem == problem, labels.c.received_at < before)
        return gone

    def settle(self) -> None:
        moment = time.monotonic()
        if not self._database.sqlite or (self._unsettled < SETTLE and moment < self._settled_at + LATEST):
            return
        with self._database.appending() as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self._unsettled, self._settled_at = 0, moment

    def close(self) -> None:
        self._database.close()
        if self._beside is not None:
            self._beside.close()

    def _sources(self) -> tuple[Readable, ...]:
        if self._beside is None or self._beside.absent:
            return (self._database,)
        return (self._database, self._beside)

    def _stores(self) -> tuple[Database, ...]:
        if self._beside is None or self._beside.absent:
            return (self._database,)
        return (self._database, self._beside.database)

    def _append_sqlite(self, predictions: Sequence[Prediction]) -> None:
        """One statement, one transaction: the interpreter's lock is let go of once, until the disk has it."""
        rows = [_values(prediction) for prediction in predictions]
        with self._database.appending() as connection:
            if len(rows) <= STATEMENT:
                connection.execute(_insert(len(rows)), [value for row in rows for value in row])
                return
            connection.execute("BEGIN IMMEDIATE")
            for start in range(0, len(rows), STATEMENT):
                part = rows[start : start + STATEMENT]
                connection.execute(_insert(len(part)), [value for row in part for value in row])
            connection.execute("COMMIT")

    def _append_postgresql(self, predictions: Sequence[Prediction]) -> None:
        """One statement with one JSON document. A connection that broke since the last one is replaced, once."""
        import psycopg

        document = orjson.dumps(predictions, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        try:
            self._send(document)
        except StoreError as error:
            if not isinstance(error.__cause__, psycopg.OperationalError):
                raise
            self._send(document)

    def _send(self, document: str) -> None:
        with self._database.appending() as connection:
            connection.execute(_insert_document(), [document])


def _as_known(row: dict[str, Any], as_of: datetime) -> dict[str, Any]:
    """The row without a label that landed later."""
    if row["labelled_at"] is not None and row["labelled_at"] > as_of:
        row.update(label=None, labelled_at=None)
    return row


def _values(prediction: Prediction) -> list[Any]:
    """In the order of ``_insert``."""
    event_time = prediction.event_time
    return [
        *_plain(prediction),
        _json(prediction.flags),
        _json(prediction.request),
        _json(prediction.inputs),
        prediction.at.isoformat(),
        None if event_time is None else event_time.isoformat(),
    ]


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


@lru_cache(maxsize=STATEMENT)
def _insert(rows: int) -> str:
    columns = (*PLAIN, *JSON, *TIMES)
    row = f"({', '.join('?' * len(columns))})"
    return (
        f"INSERT INTO predictions ({_quoted(columns)}) VALUES {', '.join([row] * rows)} "  # noqa: S608
        "ON CONFLICT (id) DO NOTHING"
    )


@lru_cache(maxsize=1)
def _insert_document() -> str:
    from sqlalchemy.dialects import postgresql

    names = tuple(column.name for column in predictions.columns)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    kinds = [column.type.compile(dialect) for column in predictions.columns]
    shape = ", ".join(f'"{name}" {kind}' for name, kind in zip(names, kinds, strict=True))
    return (
        f"INSERT INTO predictions ({_quoted(names)}) SELECT {_quoted(names)} "  # noqa: S608
        f"FROM json_to_recordset(%s::json) AS given({shape}) ON CONFLICT (id) DO NOTHING"
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
