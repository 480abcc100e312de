from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.models.frame import model_frame, read_rows, sample_index
from understudy.errors import DataError

pytestmark = pytest.mark.unit


def test_numbers_come_first_as_float32_then_categories_as_text(toy_spec: Callable[..., Any], toy_table: Any) -> None:
    holes = toy_table.slice(0, 3).set_column(
        toy_table.column_names.index("town"), "town", pa.array(["north", None, ""], pa.string())
    )
    frame = model_frame(holes, toy_spec())

    assert list(frame.columns) == ["size", "noise", "weight", "town", "street"]
    assert [str(dtype) for dtype in frame.dtypes] == ["float32"] * 3 + ["object"] * 2
    assert frame["town"].tolist() == ["north", "", ""]
    assert model_frame(holes.to_pandas(), toy_spec()).equals(frame)


def test_a_missing_input_is_named(toy_spec: Callable[..., Any], toy_table: Any) -> None:
    with pytest.raises(DataError, match=r"lacks the model inputs .*weight"):
        model_frame(toy_table.drop_columns(["weight"]), toy_spec())


def test_rows_carry_truth_and_times(toy_spec: Callable[..., Any], toy_table: Any, tmp_path: Path) -> None:
    pq.write_table(toy_table, tmp_path / "train.parquet")
    rows = read_rows(tmp_path / "train.parquet", toy_spec())
    few = rows.sample(100, seed=1)

    assert len(rows) == 900
    assert rows.label_time[0] - rows.event_time[0] == np.timedelta64(5, "h")
    assert len(few) == len(few.frame) == 100
    assert (np.diff(few.event_time) > np.timedelta64(0)).all()
    assert few.frame["size"].iloc[3] == rows.frame["size"][int(few.ids[3][1:])]


def test_one_class_is_refused(toy_spec: Callable[..., Any], toy_table: Any, tmp_path: Path) -> None:
    only = toy_table.filter(pa.compute.equal(toy_table["sold"], 0))
    pq.write_table(only, tmp_path / "calibration.parquet")

    with pytest.raises(DataError, match=r"rows of calibration.parquet have the same sold"):
        read_rows(tmp_path / "calibration.parquet", toy_spec())


def test_a_sample_is_drawn_once_and_in_order() -> None:
    drawn = sample_index(1000, 100, seed=5)

    assert len(np.unique(drawn)) == 100
    assert (np.diff(drawn) > 0).all()
    assert (drawn == sample_index(1000, 100, seed=5)).all()
    assert sample_index(5, None, 0).tolist() == [0, 1, 2, 3, 4]
