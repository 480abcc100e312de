"""From a part of the split to what a model takes: one frame of inputs, the truth, and the times."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from understudy.errors import DataError
from understudy.problem import ProblemSpec

Index = NDArray[np.intp]
Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Rows of one part, in the order of its file.

    Attributes:
        frame: model inputs [rows, inputs], see ``model_frame``.
        y: 1 for the positive class, else 0 [rows].
        ids: value of the id column [rows].
        event_time, label_time: datetime64 [rows]; none for an undated problem.
        group: value of the column that a grouped split holds together [rows]; none otherwise.
    """

    frame: pd.DataFrame
    y: Labels
    ids: NDArray[Any]
    event_time: NDArray[np.datetime64] | None = None
    label_time: NDArray[np.datetime64] | None = None
    group: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.y)

    def take(self, index: Index) -> "Rows":
        """The rows at these positions."""
        kept = {name: getattr(self, name) for name in ("y", "ids", "event_time", "label_time", "group")}
        chosen: Any = {name: None if value is None else value[index] for name, value in kept.items()}
        return Rows(frame=self.frame.iloc[index].reset_index(drop=True), **chosen)

    def sample(self, rows: int | None, seed: int) -> "Rows":
        """At most ``rows`` rows, drawn without replacement and kept in order."""
        return self.take(sample_index(len(self), rows, seed))


def sample_index(size: int, rows: int | None, seed: int) -> Index:
    """Positions of at most ``rows`` of ``size`` rows, drawn without replacement, rising."""
    if rows is None or rows >= size:
        return np.arange(size)
    return np.sort(np.random.default_rng(seed).choice(size, rows, replace=False))


def read_rows(path: Path, spec: ProblemSpec) -> Rows:
    """Read one part of the split.

    Raises:
        DataError: the part lacks one of the two classes, so that nothing can be learned or judged on it.
    """
    return rows_of(pq.read_table(path), spec, path.name)


def rows_of(table: pa.Table, spec: ProblemSpec, name: str) -> Rows:
    """As ``read_rows``, for a part that is read already; ``name`` is only for the message."""
    y = table[spec.target].to_numpy().astype(np.int64)
    if len(np.unique(y)) < 2:
        raise DataError(
            f"All {len(y)} rows of {name} have the same {spec.target}.",
            "Move the limits of the split so that each part has rows of both classes.",
        )
    return Rows(
        frame=model_frame(table, spec),
        y=y,
        ids=_values(table, spec.id),
        event_time=_times(table, spec.event_time),
        label_time=_times(table, spec.label_time),
        group=_values(table, spec.split.group) if spec.split.group in table.column_names else None,
    )


def model_frame(table: pa.Table | pd.DataFrame, spec: ProblemSpec) -> pd.DataFrame:
    """The inputs of a model: ``spec.numbers`` as float32, then ``spec.categories`` as objects.

    Missing numbers are NaN, missing categories the empty string.

    Raises:
        DataError: the table lacks an input.
    """
    whole = pa.Table.from_pandas(table, preserve_index=False) if isinstance(table, pd.DataFrame) else table
    if missing := [name for name in (*spec.numbers, *spec.categories) if name not in whole.column_names]:
        raise DataError(f"The table lacks the model inputs {missing}.", "Run featurize again for this problem.")
    columns = {name: pd.Series(_number(whole[name])) for name in spec.numbers}
    columns |= {name: pd.Series(_category(whole[name]), dtype=object) for name in spec.categories}
    return pd.DataFrame(columns, index=pd.RangeIndex(whole.num_rows))


def _number(column: pa.ChunkedArray) -> NDArray[np.float32]:
    numbers: NDArray[np.float32] = pc.cast(column, pa.float32()).to_numpy()
    return numbers.astype(np.float32)


def _category(column: pa.ChunkedArray) -> NDArray[np.object_]:
    filled: NDArray[np.object_] = pc.fill_null(pc.cast(column, pa.string()), "").to_numpy()
    return filled.astype(object)


def _values(table: pa.Table, name: str | None) -> NDArray[Any]:
    values: NDArray[Any] = table[name].to_numpy()
    return values


def _times(table: pa.Table, name: str | None) -> NDArray[np.datetime64] | None:
    if name is None or name not in table.column_names:
        return None
    times: NDArray[np.datetime64] = table[name].to_numpy().astype("datetime64[ms]")
    return times
