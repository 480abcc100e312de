"""Predictions as a Parquet file, however many they are."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from understudy.errors import MachineError
from understudy.files import NO_SPACE

TIME = pa.timestamp("us")
SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "problem": pa.string(),
        "at": TIME,
        "event_time": TIME,
        "key": pa.string(),
        "unit": pa.string(),
        "standing": pa.string(),
        "arm": pa.string(),
        "version": pa.int32(),
        "revision": pa.int32(),
        "experiment": pa.string(),
        "propensity": pa.float64(),
        "score": pa.float64(),
        "threshold": pa.float64(),
        "decision": pa.bool_(),
        "fallback": pa.string(),
        "flags": pa.list_(pa.string()),
        "request": pa.string(),
        "inputs": pa.string(),
        "latency_ms": pa.float64(),
        "live": pa.string(),
        "error": pa.string(),
        "label": pa.float64(),
        "labelled_at": TIME,
        "contradicted": pa.bool_(),
    }
)
"""``request`` and ``inputs`` are JSON text, since they differ between problems and versions."""
TEXTS = ("request", "inputs")


def export(chunks: Iterable[list[dict[str, Any]]], to: Path) -> int:
    """Write chunks of predictions aside, rename the file to ``to`` once it is whole, and return the number of rows.

    Raises:
        MachineError: the file cannot be written.
    """
    aside = to.with_name(f".{to.name}.{os.getpid()}.partial")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        rows = _write(chunks, aside)
        aside.replace(to)
    except OSError as error:
        if error.errno in NO_SPACE:
            raise MachineError(f"No space left on the disk while writing {to}.", "Free some space.") from error
        raise MachineError(f"{to} cannot be written: {error.strerror or error}.", "Name another file.") from error
    finally:
        with suppress(OSError):
            aside.unlink()
    return rows


def _write(chunks: Iterable[list[dict[str, Any]]], path: Path) -> int:
    count = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for rows in chunks:
            writer.write_table(pa.Table.from_pylist([_flat(row) for row in rows], SCHEMA))
            count += len(rows)
    return count


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, **{name: orjson.dumps(row[name]).decode() for name in TEXTS}}
