"""What someone asks for, and whether their file can give it."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import compute as pc

from pipelines.ingest import ROW_NUMBER
from understudy.errors import DataError, SpecError

NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
FEWEST_ROWS = 50


@dataclass(frozen=True)
class Request:
    """What someone asks for: a file, its target, and whatever they know about it."""

    file: Path
    target: str
    time: str | None = None
    id: str | None = None
    name: str | None = None
    positive: str | None = None
    force: bool = False
    time_format: str | None = None
    """How the time is written, as for ``strptime``; none to find out."""


def name_of(request: Request) -> str:
    given = request.name or re.sub(r"[^a-z0-9]+", "_", request.file.name.split(".")[0].lower()).strip("_")
    name = given if request.name or given[:1].isalpha() else f"data_{given}".rstrip("_")
    if not NAME.match(name):
        raise SpecError(
            f"{name!r} cannot name a problem.",
            "Use --name with lower-case letters, digits and _, a letter first, at most 63.",
        )
    return name


def refuse_no_file(file: Path) -> None:
    if file.is_dir():
        raise DataError(f"{file} is a folder.", "Name one CSV or Parquet file in it.")
    if not file.is_file():
        raise DataError(f"The file {file} does not exist.", "Correct the path; it is read from the current folder.")


def refuse_unfit(table: pa.Table, request: Request) -> None:
    file = request.file.name
    if twice := sorted({column for column in table.column_names if table.column_names.count(column) > 1}):
        raise DataError(f"{file} names these columns twice: {', '.join(twice)}.", "Rename one of each pair.")
    for option, column in (("target", request.target), ("time", request.time), ("id", request.id)):
        if column is not None and column not in table.column_names:
            raise DataError(
                f"{file} has no column {column!r} for --{option}.", _did_you_mean(column, table.column_names)
            )
    if request.time_format is not None and request.time is None:
        raise DataError("--time-format says how --time is written, but there is no --time.", "Name the column: --time.")
    named = [column for column in (request.target, request.time, request.id) if column is not None]
    if len(set(named)) < len(named):
        raise DataError(f"Two options name the same column: {', '.join(named)}.", "Give each option its own column.")
    if table.num_rows == 0:
        raise DataError(f"{file} has a header but no rows.", "Export it again, with rows.")
    if table.num_rows < FEWEST_ROWS:
        raise DataError(f"{file} has {table.num_rows} rows; {FEWEST_ROWS} are the least to learn from.", "Gather more.")
    if request.id is not None:
        _refuse_id(table[request.id], request.id)
    elif ROW_NUMBER in table.column_names and pc.count_distinct(table[ROW_NUMBER]).as_py() < table.num_rows:
        raise DataError(f"{file} has a column {ROW_NUMBER!r} that repeats.", "Rename it, or name another --id.")


def _refuse_id(values: pa.ChunkedArray, name: str) -> None:
    if values.null_count:
        raise DataError(
            f"The id {name!r} is missing in {values.null_count} rows.", "Leave --id out to number the rows."
        )
    repeated = len(values) - pc.count_distinct(values).as_py()
    if repeated:
        raise DataError(
            f"The id {name!r} is not unique: {repeated:,} of {len(values):,} rows repeat one.",
            "Leave --id out to number the rows; rows of one id are then kept on one side of the split.",
        )


def _did_you_mean(column: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(column.lower(), [name.lower() for name in names], n=3, cutoff=0.5)
    matches = [name for name in names if name.lower() in close]
    return f"Did you mean {' or '.join(map(repr, matches))}?" if matches else f"It has {', '.join(names[:20])}."
