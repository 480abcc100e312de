"""The file of requests: what it must hold, and its rows from any place on."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from understudy.errors import DataError
from understudy.features.plan import Plan
from understudy.problem import Column, ProblemSpec
from understudy.problem.columns import Kind

BATCH = 16_384
"""Rows that are decoded at a time."""
BUFFER = 2**20
"""Bytes that are read at a time of each column: a row group need not fit in memory."""
is_type = pa.types
SUITS: dict[Kind, Callable[[pa.DataType], bool]] = {
    "number": lambda kind: is_type.is_integer(kind) or is_type.is_floating(kind) or is_type.is_decimal(kind),
    "category": lambda kind: is_text(kind),
    "time": lambda kind: is_type.is_timestamp(kind) or is_type.is_date(kind),
    "flag": lambda kind: is_type.is_boolean(kind) or is_type.is_integer(kind),
}
FIXES: dict[Kind, str] = {
    "number": "Write it as integers or floating-point numbers.",
    "category": "Write it as text.",
    "time": "Write it as timestamps, in UTC.",
    "flag": "Write it as booleans.",
}


@dataclass(frozen=True)
class Source:
    """A Parquet file with one request in each row."""

    path: Path
    rows: int
    id: str
    event_time: str | None
    columns: tuple[str, ...]
    """Those that are read: id, event time, and the fields that features are made of."""
    texts: tuple[str, ...]
    """Of the fields, those that are text, which is read as codes."""
    stamp: tuple[int, int]
    """By which a change of the file shows."""


def open_source(path: Path, spec: ProblemSpec, plan: Plan) -> Source:
    """Look at the file's header alone.

    Raises:
        DataError: it is missing, no Parquet, without rows, or lacks a column or has one of another kind.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}.", "Name a Parquet file with one request in each row.")
    found = stamp(path)
    with reading(path), pq.ParquetFile(path) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
    if rows == 0:
        raise DataError(f"{path.name} has no rows.", "Export it again, with one request in each row.")
    columns = tuple(dict.fromkeys(name for name in (spec.id, spec.event_time, *plan.fields) if name))
    if missing := [name for name in columns if name not in schema.names]:
        raise DataError(
            f"{path.name} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}.",
            f"{spec.name} needs {', '.join(columns)}; other columns are left aside.",
        )
    for name in columns:
        if name != spec.id or name in plan.fields:
            _require(path, name, schema.field(name).type, spec.columns[name])
    texts = tuple(name for name in plan.fields if is_type.is_string(schema.field(name).type) and name != spec.id)
    return Source(path, rows, spec.id, spec.event_time, columns, texts, found)


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of the last change, in nanoseconds."""
    about = path.stat()
    return about.st_size, about.st_mtime_ns


class Cursor:
    """For one thread. Reads on from where it stands: parts asked for in rising order decode each row once."""

    def __init__(self, source: Source, columns: tuple[str, ...] | None = None) -> None:
        self._source, self._columns = source, list(columns or source.columns)
        texts = [name for name in source.texts if name in self._columns]
        with reading(source.path):
            self._file = pq.ParquetFile(source.path, read_dictionary=texts, buffer_size=BUFFER)
        sizes = [self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups)]
        self._groups = list(accumulate(sizes, initial=0))
        self._at = 0
        self._rest: pa.RecordBatch | None = None
        self._ahead: Iterator[pa.RecordBatch] = iter(())
        self._go_to(0)

    def read(self, start: int, rows: int) -> pa.Table:
        """The rows from ``start`` on.

        Raises:
            DataError: the file is damaged there.
        """
        pieces: list[pa.RecordBatch] = []
        with reading(self._source.path, start):
            group = bisect_right(self._groups, start) - 1
            if start < self._at or self._groups[group] > self._at:
                self._go_to(group)
            while rows:
                piece = self._next(start, rows)
                start, rows = start + piece.num_rows, rows - piece.num_rows
                pieces += [piece] if piece.num_rows else []
        return pa.Table.from_batches(pieces)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Every row, from the first on."""
        with reading(self._source.path):
            self._go_to(0)
            yield from self._ahead

    def _next(self, start: int, rows: int) -> pa.RecordBatch:
        """The next batch, or what ``start`` and ``rows`` leave of it; its rest is kept for the next call."""
        batch = self._rest if self._rest is not None else next(self._ahead)
        skipped = min(start - self._at, batch.num_rows)
        piece = batch.slice(skipped, rows)
        used = skipped + piece.num_rows
        self._rest = batch.slice(used) if used < batch.num_rows else None
        self._at += used
        return piece

    def _go_to(self, group: int) -> None:
        groups = range(group, self._file.num_row_groups)
        self._at, self._rest = self._groups[group], None
        self._ahead = self._file.iter_batches(BATCH, row_groups=groups, columns=self._columns, use_threads=False)


@contextmanager
def reading(path: Path, row: int = 0) -> Iterator[None]:
    """Name a damaged file for what it is."""
    try:
        yield
    except (pa.ArrowException, OSError, StopIteration) as error:
        where = f" from row {row + 1:,} on" if row else ""
        why = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "it ends too early"
        fix = "It is no whole Parquet file: export it as Parquet again, or copy it again."
        if isinstance(error, OSError) and error.errno is not None:
            fix = "Look at its permissions, and at the disk."
        raise DataError(f"{path.name} cannot be read{where}: {why}.", fix) from error


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text, as it is or dictionary-encoded."""
    if is_type.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(is_type.is_string(kind) or is_type.is_large_string(kind))


def _require(path: Path, name: str, found: pa.DataType, declared: Column) -> None:
    if SUITS[declared.kind](found) or is_type.is_null(found) or (declared.codes and is_type.is_integer(found)):
        return
    raise DataError(
        f"The column {name} of {path.name} holds {found}, and is declared as {declared.kind}.", FIXES[declared.kind]
    )
