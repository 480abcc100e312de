"""Statements that store predictions: made once, since thousands of rows come each second."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy.dialects import postgresql

from understudy.adapters.database.schema import predictions
from understudy.records import Prediction

JSON = ("flags", "request", "inputs")
TIMES = ("at", "event_time")
PLAIN = tuple(column.name for column in predictions.columns if column.name not in (*JSON, *TIMES))
STATEMENT = 128
"""Largest number of rows in one statement of SQLite; a larger batch takes several in one transaction."""

_plain: Callable[[Prediction], tuple[Any, ...]] = attrgetter(*PLAIN)


def values(prediction: Prediction) -> list[Any]:
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
def insert(rows: int) -> str:
    """SQLite's statement for so many rows of ``values``; an id that is there stays as it is."""
    columns = (*PLAIN, *JSON, *TIMES)
    row = f"({', '.join('?' * len(columns))})"
    return (
        f"INSERT INTO predictions ({_quoted(columns)}) VALUES {', '.join([row] * rows)} "  # noqa: S608
        "ON CONFLICT (id) DO NOTHING"
    )


@lru_cache(maxsize=1)
def insert_document() -> str:
    """PostgreSQL's statement for one JSON document of rows; an id that is there stays as it is."""
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
