"""The ledger on SQLite or PostgreSQL."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, Connection, and_, or_

from understudy.adapters.database import erasing, labelling, reading
from understudy.adapters.database.beside import Beside
from understudy.adapters.database.engine import Database
from understudy.adapters.database.reading import Span
from understudy.adapters.database.schema import labels, predictions
from understudy.adapters.database.storing import STATEMENT, insert, insert_document, values
from understudy.errors import DataError, StoreError
from understudy.records import ArmReward, Label, LabelOutcome, Prediction

SETTLE = 1_000
"""Rows after which a checkpoint is worth its wait for the disk."""
LATEST = 600.0
"""Seconds after which there is one all the same: other processes write too."""

Answer = TypeVar("Answer")
log = logging.getLogger("understudy.ledger")


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
        # What a process before this one left is settled first.
        self._unsettled, self._settled_at = SETTLE, time.monotonic()

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
        asked = self._asked(lambda connection: connection.execute(query).mappings().first())
        return next((dict(found) for found in asked if found), None)

    def tail(self, problem: str, limit: int = 20) -> list[dict[str, Any]]:
        rows = chain.from_iterable(self._asked(lambda connection: reading.tail(connection, problem, limit)))
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
        return reading.merged(self._pages(span, chunk), chunk)

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
        for span in (dated, undated):
            for rows in chain.from_iterable(self._pages(span, chunk)):
                yield [_as_known(row, as_of) for row in rows]

    def clock(self, problem: str) -> datetime | None:
        with self._database.reading() as connection:
            return reading.newest_moment(connection, problem)

    def counts(self, problem: str, since: datetime | None = None) -> list[dict[str, Any]]:
        rows = chain.from_iterable(self._asked(lambda connection: reading.counts(connection, problem, since)))
        return sorted(rows, key=itemgetter("version", "arm", "standing"))

    def erase_unit(self, problem: str, unit: str) -> int:
        if not unit:
            return 0
        c = predictions.c
        mine = or_(c.unit == unit, and_(c.unit == "", c.key == unit))
        return self._erased((c.problem == problem, mine), (labels.c.problem == problem, labels.c.key == unit))

    def retain(self, problem: str, before: datetime) -> int:
        old = predictions.c.problem == problem, predictions.c.at < before
        return self._erased(old, (labels.c.problem == problem, labels.c.received_at < before))

    def settle(self) -> None:
        moment = time.monotonic()
        if not self._database.sqlite or (self._unsettled < SETTLE and moment < self._settled_at + LATEST):
            return
        with self._database.appending() as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self._unsettled, self._settled_at = 0, moment

    def close(self) -> None:
        if self._beside is not None:
            self._beside.close()
        self._database.close()

    @property
    def _shadows(self) -> Beside | None:
        return self._beside if self._beside is not None and not self._beside.absent else None

    def _asked(self, ask: Callable[[Connection], Answer]) -> Iterator[Answer]:
        """What the ledger says, and what the shadows' file says if it can be read."""
        with self._database.reading() as connection:
            yield ask(connection)
        if shadows := self._shadows:
            with _spared(), shadows.reading() as connection:
                yield ask(connection)

    def _pages(self, span: Span, chunk: int) -> list[Iterator[list[dict[str, Any]]]]:
        sides = [reading.pages(self._database, span, chunk)]
        if shadows := self._shadows:
            sides.append(_readable(reading.pages(shadows, span, chunk)))
        return sides

    def _erased(self, chosen: Sequence[ColumnElement[bool]], strays: Sequence[ColumnElement[bool]]) -> int:
        gone = 0
        if not self._database.absent:
            gone += erasing.erase(self._database, *chosen)
            erasing.erase_strays(self._database, *strays)
            erasing.empty_journal(self._database)
        if self._beside is not None and not self._beside.database.absent:
            gone += erasing.erase(self._beside.database, *chosen)
            erasing.empty_journal(self._beside.database)
        return gone

    def _append_sqlite(self, predictions: Sequence[Prediction]) -> None:
        """One statement, one transaction: the interpreter's lock is let go of once, until the disk has it."""
        rows = [values(prediction) for prediction in predictions]
        with self._database.appending() as connection:
            if len(rows) <= STATEMENT:
                connection.execute(insert(len(rows)), [value for row in rows for value in row])
                return
            connection.execute("BEGIN IMMEDIATE")
            for start in range(0, len(rows), STATEMENT):
                part = rows[start : start + STATEMENT]
                connection.execute(insert(len(part)), [value for row in part for value in row])
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
            connection.execute(insert_document(), [document])


@contextmanager
def _spared() -> Iterator[None]:
    """Shadows that cannot be read cost comparisons, and keep nobody from what was answered."""
    try:
        yield
    except StoreError as error:
        log.warning("predictions of shadows are left out: %s", error)


def _readable(pages: Iterator[list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
    with _spared():
        yield from pages


def _as_known(row: dict[str, Any], as_of: datetime) -> dict[str, Any]:
    """The row without a label that landed later."""
    if row["labelled_at"] is not None and row["labelled_at"] > as_of:
        row.update(label=None, labelled_at=None)
    return row
