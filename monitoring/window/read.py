"""A window of the ledger as columns: Arrow holds 300,000 rows in the room that Python needs for a tenth of them."""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa

from understudy.ports import Ledger
from understudy.problem import ProblemSpec
from understudy.problem.columns import Kind
from understudy.statistics.metrics import Array

CHUNK = 5_000
"""Rows that stand as Python objects at a time."""
MOMENT = pa.timestamp("us")
ARROW = {"number": pa.float64(), "category": pa.string(), "flag": pa.bool_(), "time": MOMENT}
PYTHON: dict[str, type | tuple[type, ...]] = {
    "number": (int, float), "category": str, "flag": bool, "time": datetime,
}  # fmt: skip
ANSWERS = pa.schema(
    {
        "id": pa.string(),
        "at": MOMENT,
        "moment": MOMENT,
        "key": pa.string(),
        "unit": pa.string(),
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
        "latency_ms": pa.float64(),
        "live": pa.string(),
        "error": pa.string(),
        "label": pa.float64(),
        "labelled_at": MOMENT,
        "contradicted": pa.bool_(),
    }
)
"""``moment`` is that of the problem's clock; the rest is named as in the ledger."""


@dataclass(frozen=True)
class Rows:
    """Predictions in the order of the problem's clock; the three tables have a row for each."""

    answers: pa.Table
    """As ``ANSWERS``."""
    requests: pa.Table
    """What was asked, by field: numbers float64, categories text, flags, times; null for missing."""
    inputs: pa.Table
    """What the model read, and what is watched: numbers float32 with NaN for missing, categories text with ""."""
    misfits: Mapping[str, Array]
    """For each request field a mask of the rows whose value is of another kind; such a value counts as missing."""

    def __len__(self) -> int:
        return int(self.answers.num_rows)

    def column(self, name: str) -> Array:
        """A column of ``answers`` [rows]; missing numbers are NaN."""
        return column_of(self.answers, name)

    def where(self, kept: Array) -> "Rows":
        """Some of the rows, by mask."""
        mask = pa.array(kept)
        misfits = {name: misfit[kept] for name, misfit in self.misfits.items()}
        return Rows(self.answers.filter(mask), self.requests.filter(mask), self.inputs.filter(mask), misfits)


@dataclass(frozen=True)
class Window:
    """What was answered from ``since`` to before ``until`` by the problem's clock, with the labels of ``as_of``."""

    problem: str
    since: datetime
    until: datetime
    as_of: datetime
    live: Rows
    shadows: pa.Table
    """What shadows made of it, as ``ANSWERS``; their requests and inputs are those of the live rows."""


def read_window(ledger: Ledger, spec: ProblemSpec, since: datetime, until: datetime, as_of: datetime) -> Window:
    """Read a window by chunks.

    Raises:
        StoreError: the ledger cannot be reached.
    """
    gathering = _Gathering(spec)
    with _no_collection():
        for rows in ledger.window(spec.name, since, until, as_of, CHUNK):
            gathering.take(rows)
    return Window(spec.name, since, until, as_of, gathering.live(), gathering.shadows())


def read_answers(ledger: Ledger, problem: str, since: datetime, until: datetime, as_of: datetime) -> pa.Table:
    """The live answers of a window alone, as ``ANSWERS``."""
    return read_sides(ledger, problem, since, until, as_of)[0]


def read_sides(
    ledger: Ledger, problem: str, since: datetime, until: datetime, as_of: datetime
) -> tuple[pa.Table, pa.Table]:
    """The live answers of a window, and what shadows made of them, both as ``ANSWERS``."""
    sides: dict[str, list[pa.Table]] = {"live": [], "shadow": []}
    for rows in ledger.window(problem, since, until, as_of, CHUNK):
        for standing, parts in sides.items():
            parts.append(_answers(row for row in rows if row["standing"] == standing))
    return _together(ANSWERS, sides["live"]), _together(ANSWERS, sides["shadow"])


def request_fields(spec: ProblemSpec) -> dict[str, Kind]:
    """Kind of each field that a request carries."""
    return {name: column.kind for name, column in spec.columns.items() if not column.late}


def column_of(table: pa.Table, name: str) -> Array:
    """A column as numpy [rows]; missing numbers are NaN, missing flags False."""
    values = table.column(name)
    if pa.types.is_boolean(values.type):
        values = values.fill_null(False)
    return np.asarray(values.to_numpy())


class _Gathering:
    def __init__(self, spec: ProblemSpec) -> None:
        self._fields = request_fields(spec)
        self._numbers, self._categories = spec.numbers + spec.watched, spec.categories
        self._requests = pa.schema({name: ARROW[kind] for name, kind in self._fields.items()})
        kinds = dict.fromkeys(self._numbers, pa.float32()) | dict.fromkeys(self._categories, pa.string())
        self._inputs = pa.schema(kinds)
        self._misfits: dict[str, list[Array]] = {name: [np.zeros(0, bool)] for name in self._fields}
        self._parts: tuple[list[pa.Table], ...] = ([], [], [], [])

    def take(self, rows: list[dict[str, Any]]) -> None:
        live = [row for row in rows if row["standing"] == "live"]
        answers, requests, inputs, shadows = self._parts
        answers.append(_answers(live))
        requests.append(self._asked([row["request"] for row in live]))
        inputs.append(self._read([row["inputs"] for row in live]))
        shadows.append(_answers(row for row in rows if row["standing"] == "shadow"))

    def live(self) -> Rows:
        answers, requests, inputs, _ = self._parts
        return Rows(
            _together(ANSWERS, answers),
            _together(self._requests, requests),
            _together(self._inputs, inputs),
            {name: np.concatenate(parts) for name, parts in self._misfits.items()},
        )

    def shadows(self) -> pa.Table:
        return _together(ANSWERS, self._parts[3])

    def _asked(self, requests: list[dict[str, Any]]) -> pa.Table:
        columns = []
        for (name, kind), values in zip(self._fields.items(), _columns(requests, tuple(self._fields)), strict=True):
            column, misfit = fitted(values, kind)
            self._misfits[name].append(misfit)
            columns.append(column)
        return pa.table(columns, schema=self._requests)

    def _read(self, inputs: list[dict[str, Any]]) -> pa.Table:
        numbers = [pa.array(np.array(values, dtype=np.float32)) for values in _columns(inputs, self._numbers)]
        texts = [
            pa.array([text or "" for text in column], pa.string()) for column in _columns(inputs, self._categories)
        ]
        return pa.table([*numbers, *texts], schema=self._inputs)


def _columns(rows: list[dict[str, Any]], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """The values of each name [rows]; None where a row lacks it."""
    if not rows or not names:
        return [() for _ in names]
    pick = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
    try:
        return list(zip(*map(pick, rows), strict=True))
    except KeyError:
        return [tuple(row.get(name) for row in rows) for name in names]


def fitted(values: Sequence[Any], kind: Kind) -> tuple[pa.Array, Array]:
    """Request values as a column of their kind, and a mask of those that are of another kind; those become null."""
    if kind == "time":
        values = [_moment(value) for value in values]
    with suppress(pa.ArrowInvalid, pa.ArrowTypeError):
        if kind != "number" or bool not in set(map(type, values)):  # Arrow takes True for 1.0
            return pa.array(values, ARROW[kind]), np.zeros(len(values), bool)
    fits = [value is None or _fits(value, kind) for value in values]
    kept = [value if there else None for value, there in zip(values, fits, strict=True)]
    return pa.array(kept, ARROW[kind]), ~np.array(fits, dtype=bool)


def _fits(value: Any, kind: Kind) -> bool:
    return isinstance(value, PYTHON[kind]) and (kind == "flag" or not isinstance(value, bool))


def _moment(value: Any) -> Any:
    """The ledger's JSON holds times as text."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return value


def _answers(rows: Iterable[dict[str, Any]]) -> pa.Table:
    some = [{**row, "moment": row["event_time"] or row["at"]} for row in rows]
    columns = zip(_columns(some, tuple(ANSWERS.names)), ANSWERS.types, strict=True)
    return pa.table([pa.array(values, kind) for values, kind in columns], ANSWERS)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Each chunk is half a million objects without a cycle among them; looking for one takes a tenth of the time."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _together(schema: pa.Schema, parts: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(parts).combine_chunks() if parts else schema.empty_table()
