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
