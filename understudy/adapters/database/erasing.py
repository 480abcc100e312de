"""Deleting what is stored of predictions: a little at a time, so that new ones need not wait."""

import time
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, select

from understudy.adapters.database.engine import Database
from understudy.adapters.database.schema import labels, predictions

SLICE = 500
"""Predictions that go in one transaction."""
PAUSE = 0.005
"""Seconds between two transactions, in which others get their turn."""
ATTEMPTS, PATIENCE, APART = 10, 0.05, 0.2
"""To empty a journal: how often, for how many seconds writers may wait for it, and seconds in between."""


def erase(database: Database, *chosen: ColumnElement[bool]) -> int:
    """Delete the chosen predictions with their labels; a key's labels go with the last prediction of that key."""
    gone = 0
    while True:
        with database.writing() as connection:
            c = predictions.c
            rows = connection.execute(select(c.problem, c.id, c.key).where(*chosen).limit(SLICE)).all()
            if rows:
                _delete(connection, rows)
        gone += len(rows)
        if len(rows) < SLICE:
            return gone
        time.sleep(PAUSE)


def empty_journal(database: Database) -> bool:
    """Whether what was erased has left SQLite's journal too, where it would lie until new rows are written over it.

    Not while someone goes on reading a state from before; the journal is then emptied by a later call, or at the end of
    the last process that has the file open.
    """
    if not database.sqlite:
        return True
    for _ in range(ATTEMPTS):
        with database.appending() as connection:
            (usual,) = connection.execute("PRAGMA busy_timeout").fetchone()
            connection.execute(f"PRAGMA busy_timeout = {round(PATIENCE * 1000)}")
            try:
                busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                connection.execute(f"PRAGMA busy_timeout = {usual}")
        if not busy:
            return True
        time.sleep(APART)
    return False


def erase_strays(database: Database, *chosen: ColumnElement[bool]) -> None:
    """Delete the chosen labels that name no stored prediction."""
    p, c = predictions.c, labels.c
    named = exists().where(p.problem == c.problem, p.id == c.prediction)
    keyed = exists().where(p.problem == c.problem, p.key == c.key, c.key != "")
    with database.writing() as connection:
        connection.execute(delete(labels).where(*chosen, ~named, ~keyed))


def _delete(connection: Connection, rows: Any) -> None:
    p, c = predictions.c, labels.c
    ids, keys = [row.id for row in rows], sorted({row.key for row in rows if row.key})
    connection.execute(delete(predictions).where(p.id.in_(ids)))
    mine = c.problem == rows[0].problem
    connection.execute(delete(labels).where(mine, c.prediction.in_(ids)))
    still = exists().where(p.problem == c.problem, p.key == c.key)
    connection.execute(delete(labels).where(and_(mine, c.prediction == "", c.key.in_(keys), ~still)))
