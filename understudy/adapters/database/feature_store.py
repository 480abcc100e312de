"""The feature store on SQLite or PostgreSQL."""

import zlib
from collections.abc import Mapping

import numpy as np
import orjson
from sqlalchemy import Connection, delete, insert, select, text

from understudy.adapters.database.engine import Database
from understudy.adapters.database.schema import feature_results
from understudy.errors import StoreError
from understudy.features.snapshot import Result

KEPT = 8
"""Newest clock times of each view."""
LEVEL = 3
"""Of compression: most of the gain at a fifth of the time."""
TURN = 7_355_608_416
"""Advisory lock of PostgreSQL: marks become visible in their order, so that no reader passes one by."""

f = feature_results.c


class SqlFeatureStore:
    """Implements ``understudy.ports.FeatureStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def publish(self, problem: str, results: Mapping[str, Result]) -> None:
        rows = [
            {"problem": problem, "view": view, "at": result.at, "payload": pack(result)}
            for view, result in results.items()
        ]
        with self._database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": TURN})
            for row in rows:
                this_view = (f.problem == problem, f.view == row["view"])
                connection.execute(delete(feature_results).where(*this_view, f.at == row["at"]))
                connection.execute(insert(feature_results), row)
                _forget(connection, problem, str(row["view"]))

    def since(self, problem: str, mark: int) -> tuple[int, list[tuple[str, Result]]]:
        query = select(f.mark, f.view, f.at, f.payload).where(f.problem == problem, f.mark > mark).order_by(f.mark)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return max([mark, *(row.mark for row in rows)]), [(row.view, unpack(row.at, row.payload)) for row in rows]

    def close(self) -> None:
        """Let go of the database; the next call reaches for it again."""
        self._database.close()


def pack(result: Result) -> bytes:
    """A result as compressed bytes: its keys as JSON, then its values as float64, to the last bit."""
    keys = list(result.values)
    values = np.array([result.values[key] for key in keys], dtype="<f8")
    head = orjson.dumps({"keys": keys, "columns": values.shape[1] if keys else 0})
    return zlib.compress(len(head).to_bytes(8, "little") + head + values.tobytes(), LEVEL)


def unpack(at: object, payload: bytes) -> Result:
    """The result that was packed.

    Raises:
        StoreError: the payload is damaged.
    """
    try:
        raw = zlib.decompress(payload)
        end = 8 + int.from_bytes(raw[:8], "little")
        head = orjson.loads(raw[8:end])
        values = np.frombuffer(raw, "<f8", offset=end).reshape(len(head["keys"]), head["columns"])
        rows = dict(zip(map(tuple, head["keys"]), map(tuple, values.tolist()), strict=True))
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"A stored view of {at} is damaged: {error}.", "`understudy materialise` makes it anew."
        ) from error
    return Result(at, rows)  # type: ignore[arg-type]


def _forget(connection: Connection, problem: str, view: str) -> None:
    this_view = (f.problem == problem, f.view == view)
    newest = select(f.mark).where(*this_view).order_by(f.at.desc()).limit(KEPT)
    connection.execute(delete(feature_results).where(*this_view, f.mark.not_in(newest.scalar_subquery())))
