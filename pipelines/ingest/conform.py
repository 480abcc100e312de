"""Bringing a table to what its problem declares: these columns, in this order, of these kinds."""

import difflib
from collections.abc import Callable
from functools import partial

import pyarrow as pa
from pyarrow import compute as pc

from pipelines.ingest.dates import TIME, conform_dates
from understudy.errors import DataError
from understudy.problem import Column, Table
from understudy.problem.columns import Kind

Cast = Callable[[pa.ChunkedArray], pa.ChunkedArray]

TRUE, FALSE = ("true", "yes", "y", "t", "1"), ("false", "no", "n", "f", "0")
SHOWN = 3
LOOKS = {
    "number": "a number such as 12 or 0.5",
    "time": "an ISO time such as 2024-03-31 or 2024-03-31 14:05:00",
    "flag": "yes or no, true or false, 1 or 0",
    "category": "text",
}


def conform(table: pa.Table, declared: Table, name: str) -> pa.Table:
    """Keep the declared columns of ``table`` and cast each to its kind.

    Returns:
        Numbers as int64 or float64 (NaN becomes null), categories as trimmed strings ("" becomes null),
        times as timestamps in microseconds without a zone (others are converted to UTC), flags as booleans.

    Raises:
        DataError: a declared column is missing, the table has no rows, or a value is not of its column's kind.
    """
    if missing := [column for column in declared.columns if column not in table.column_names]:
        raise DataError(
            f"The table {name} lacks {_these(missing)}; it has {', '.join(table.column_names)}.",
            _did_you_mean(missing, sorted(set(table.column_names) - set(declared.columns))),
        )
    if table.num_rows == 0:
        raise DataError(f"The table {name} has no rows.", "Export it again.")
    return pa.table(
        {
            column: _cast(table[column], about, f"{name}.{column}").combine_chunks()
            for column, about in declared.columns.items()
        }
    )


def undeclared(table: pa.Table, declared: Table) -> list[str]:
    """Columns that the source has and the problem does not use."""
    return [column for column in table.column_names if column not in declared.columns]


def _cast(values: pa.ChunkedArray, about: Column, name: str) -> pa.ChunkedArray:
    if pa.types.is_dictionary(values.type) or pa.types.is_large_string(values.type):
        values = values.cast(pa.string())
    if pa.types.is_null(values.type):
        values = values.cast(pa.string())
    if pa.types.is_string(values.type):
        trimmed = pc.utf8_trim_whitespace(values)
        values = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    is_written = about.format is not None and pa.types.is_string(values.type)
    cast = partial(conform_dates, written=str(about.format)) if is_written else CASTS[about.kind]
    try:
        return cast(values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(_misfits(values, about.kind, cast, name), _fix(about)) from error


def _number(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_temporal(values.type) or pa.types.is_boolean(values.type):
        raise pa.ArrowInvalid("not a number")
    if pa.types.is_integer(values.type):
        return values.cast(pa.int64())
    try:
        if pa.types.is_string(values.type):
            return values.cast(pa.int64())
    except pa.ArrowInvalid:
        pass
    numbers = values.cast(pa.float64())
    return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)


def _category(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    return values.cast(pa.string())


def _time(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_string(values.type):
        try:
            return values.cast(TIME)
        except pa.ArrowInvalid:
            return values.cast(pa.timestamp("us", "UTC")).cast(TIME)
    if not pa.types.is_temporal(values.type):
        raise pa.ArrowInvalid("not a time")
    return values.cast(TIME, safe=False)


def _flag(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_boolean(values.type):
        return values
    words = pc.utf8_lower(values.cast(pa.string()))
    true = pc.is_in(words, pa.array(TRUE))
    known = pc.or_(true, pc.is_in(words, pa.array(FALSE)))
    if pc.all(pc.or_(known, pc.is_null(words))).as_py() is False:
        raise pa.ArrowInvalid("not a flag")
    return pc.if_else(known, true, pa.scalar(None, pa.bool_()))


CASTS: dict[Kind, Cast] = {
    "number": _number,
    "category": _category,
    "time": _time,
    "flag": _flag,
}


def _misfits(values: pa.ChunkedArray, kind: Kind, cast: Cast, name: str) -> str:
    """Say which values are not of the kind, with the first rows (from 1) that hold them."""
    if not pa.types.is_string(values.type):
        return f"{name} is declared as {kind} but holds {values.type}."
    wrong = [value for value in values.unique().to_pylist() if value is not None and not _fits(value, cast)]
    rows = pc.indices_nonzero(pc.fill_null(pc.is_in(values, pa.array(wrong, pa.string())), False)).to_pylist()
    shown = ", ".join(f"row {row + 1}: {values[row].as_py()!r}" for row in rows[:SHOWN])
    return f"{name} is declared as {kind} but {len(rows)} of {len(values)} values are not ({shown})."


def _fits(value: str, cast: Cast) -> bool:
    try:
        cast(pa.chunked_array([[value]]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _fix(about: Column) -> str:
    if about.format:
        return f"Write it as {about.format}, leave missing values empty, or correct its format in the problem's YAML."
    other = "its kind, or add its format," if about.kind == "time" else "the column's kind"
    return f"Write {LOOKS[about.kind]}, leave missing values empty, or correct {other} in the problem's YAML."


def _these(names: list[str]) -> str:
    return f"the column{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _did_you_mean(missing: list[str], spare: list[str]) -> str:
    close = {name: difflib.get_close_matches(name, spare, n=1, cutoff=0.5) for name in missing}
    hints = [f"{match[0]} may be {name}" for name, match in close.items() if match]
    return f"Add or rename the column, or take it out of the problem's YAML{'; ' + ', '.join(hints) if hints else ''}."
