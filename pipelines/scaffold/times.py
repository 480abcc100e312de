"""The column with the time of the event: how it is written, and whether the rows can be parted by it."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.ingest.conform import conform
from pipelines.scaffold.dates import EPOCH, format_of, misfit
from pipelines.scaffold.inspect import trimmed
from pipelines.scaffold.request import Request
from understudy.errors import DataError
from understudy.problem import Column, Table
from understudy.problem.split import Split

FEW_AHEAD = 0.1
"""Share of rows up to which times in the future are taken for mistakes, and set aside."""
AS_TEXT = "Convert it to an ISO 8601 time such as 2024-12-31 14:05:00, name another --time, or leave --time out."


@dataclass(frozen=True)
class Times:
    """``values`` [rows] in UTC, NaT where missing; ``written`` says how, where not in ISO 8601."""

    values: NDArray[np.datetime64]
    written: str | None
    known: NDArray[np.bool_]
    """Whether the outcome of each row is known."""
    ahead: NDArray[np.bool_]
    """Rows in the future although their outcome is known."""

    @property
    def few_ahead(self) -> bool:
        """Whether so few are ahead that they are taken for mistakes, and set aside."""
        return bool(self.ahead.sum() <= FEW_AHEAD * self.known.sum())

    @property
    def used(self) -> NDArray[np.bool_]:
        """Rows that will be learned from or judged on."""
        dated = np.asarray(self.known & ~np.isnat(self.values))
        return dated & ~self.ahead if self.few_ahead else dated


def read_times(table: pa.Table, request: Request, known: NDArray[np.bool_]) -> Times | None:
    """Read the column that was named as the time; none was named: none.

    Args:
        known: bool [rows], whether the outcome of each row is known.

    Raises:
        DataError: it cannot be read as times, or not in one way only, or does not part the rows.
    """
    if request.time is None:
        return None
    words = trimmed(table[request.time])
    if words.null_count == len(words):
        raise DataError(f"The time {request.time!r} is empty in every row.", "Name another --time, or none.")
    written = _format(words, request)
    declared = Table(columns={request.time: Column(kind="time", format=written)})
    times = conform(pa.table({request.time: words}), declared, request.file.name)[request.time]
    values = np.asarray(times.to_numpy(), dtype="datetime64[us]")
    now = np.datetime64(datetime.now(UTC).replace(tzinfo=None))
    found = Times(values, written, known, known & (values >= now))
    _refuse_unordered(values[found.used], request.time, now)
    return found


def _refuse_unordered(values: NDArray[np.datetime64], name: str, now: np.datetime64) -> None:
    """Refuse times of which so many are the same that a part of the split would be empty."""
    ordered = np.sort(values)
    if not ordered.size:
        raise DataError(f"No row has both an outcome and a time {name!r}.", "Fill them in, or name another --time.")
    shares = np.array(list(Split(method="ordered").shares.values()))
    cuts = np.rint(np.cumsum(shares)[:-1] * len(ordered)).astype(np.int64)
    if len({ordered[0], *ordered[cuts]}) == len(shares):
        return
    moments, counts = np.unique(ordered, return_counts=True)
    commonest = moments[counts.argmax()]
    moment = np.datetime_as_string(commonest, unit="s").replace("T", " ") + (
        " in the future" if commonest >= now else ""
    )
    raise DataError(
        f"The rows cannot be parted by the time {name!r}: {counts.max():,} of {len(ordered):,} are at {moment},"
        " and rows of one time stay together.",
        "Leave the time empty where that stands for an unknown one, name another --time, or leave --time out.",
    )


def _format(words: pa.ChunkedArray, request: Request) -> str | None:
    name, file = str(request.time), request.file.name
    if not pa.types.is_string(words.type):
        if not (pa.types.is_date(words.type) or pa.types.is_timestamp(words.type)):
            fix = EPOCH if pa.types.is_integer(words.type) or pa.types.is_floating(words.type) else AS_TEXT
            raise DataError(f"The column {name!r} of {file} holds {words.type}, not dates.", fix)
        return None
    if request.time_format is not None:
        return _asked(words, request.time_format, name, file)
    try:
        conform(pa.table({name: words}), Table(columns={name: Column(kind="time")}), file)
    except DataError:
        return format_of(words, name, file)
    return None


def _asked(words: pa.ChunkedArray, text: str, name: str, file: str) -> str:
    try:
        declared = Table(columns={name: Column(kind="time", format=text)})
    except ValueError as error:
        raise DataError(
            f"--time-format {text!r} is no format of dates.", "Use the codes of strptime, such as '%d.%m.%Y'."
        ) from error
    try:
        conform(pa.table({name: words}), declared, file)
    except DataError as error:
        raise misfit(words, name, file, asked=text) from error
    return text
