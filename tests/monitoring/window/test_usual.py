"""What training rows make usual."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from orders_problem import MakeSpec, make_spec  # noqa: F401
from small_traffic import SINCE, SPEC

from monitoring.window.usual import LEAST_NULLS, known_values, missing, usual_lags, usual_nulls

pytestmark = pytest.mark.unit

WEEK = timedelta(days=7)


def reference(spell: tuple[int, int] = (0, 0), days: int = 100, a_day: int = 20) -> pa.Table:
    """A size each hour or so, missing throughout a spell of days."""
    day = np.repeat(np.arange(days), a_day)
    size = np.where((day >= spell[0]) & (day < spell[1]), np.nan, 1.0).astype(np.float32)
    at = (
        np.datetime64(SINCE, "us")
        + day * np.timedelta64(1, "D")
        + np.tile(np.arange(a_day), days) * np.timedelta64(1, "h")
    )
    return pa.table({"asked_at": at, "size": size, "town": pa.array([""] * 10 + ["ash"] * (len(day) - 10))})


def limit(table: pa.Table, span: timedelta = WEEK, rows: int = 10**6) -> float:
    return usual_nulls(table, SPEC, span, rows)["size"]


def test_what_never_misses_is_allowed_a_little() -> None:
    assert limit(reference()) == pytest.approx(LEAST_NULLS)
    assert usual_nulls(reference().drop_columns(["size", "town"]), SPEC, WEEK, 100) == {}
    assert usual_nulls(reference().slice(0, 0), SPEC, WEEK, 100) == {}


def test_spells_that_training_knew_are_usual() -> None:
    assert limit(reference((10, 40))) == pytest.approx(1.0)
    assert 1 / 7 < limit(reference((50, 51))) < 0.8


def test_a_column_that_is_gone_altogether_is_beyond_its_limit_unless_training_knew_it() -> None:
    table = reference((0, 100))
    size = table.column("size").to_numpy().copy()
    size[::25] = 1.0
    often = limit(table.set_column(1, "size", pa.array(size)))
    assert 0.96 < often < 1.0


def test_few_rows_are_allowed_their_chance() -> None:
    day = np.arange(2000) % 10 == 0
    size = np.where(day, np.nan, 1.0).astype(np.float32)
    table = reference().set_column(1, "size", pa.array(size))
    assert limit(table, rows=40) > limit(table) >= 0.1


def test_an_undated_reference_is_cut_at_random() -> None:
    undated = reference((0, 10)).drop_columns(["asked_at"])
    assert limit(undated, rows=500) == pytest.approx(0.13, abs=0.03)


def test_missing_is_nan_or_empty() -> None:
    table = pa.table({"size": pa.array([1.0, np.nan]), "town": pa.array(["", "ash"])})
    assert missing(table, "size").tolist() == [False, True]
    assert missing(table, "town").tolist() == [True, False]


def test_values_are_known_from_the_manifest_else_from_a_sample_of_few() -> None:
    assert known_values("town", {"town": ("oak",)}, reference()) == ("oak",)
    assert set(known_values("town", {}, reference()) or ()) == {"", "ash"}
    assert known_values("street", {}, reference()) is None
    many = pa.table({"town": [f"town {number}" for number in range(100)]})
    assert known_values("town", {}, many) is None


def test_lags_are_those_of_the_validated_table(make_spec: MakeSpec, tmp_path: Path) -> None:  # noqa: F811
    columns = {
        "order": {"kind": "category", "role": "id"},
        "placed_at": {"kind": "time", "role": "event_time"},
        "due_at": {"kind": "time", "role": "context", "nulls": 0.5},
        "size": {"kind": "number"},
        "late": {"kind": "flag", "role": "target"},
    }
    spec = make_spec(columns=columns, inputs=[{"name": "size"}], features={})
    placed = [datetime(2024, 3, 1, hour) for hour in range(4)]
    due = [placed[0] + timedelta(hours=1), None, placed[2] + timedelta(hours=5), placed[3]]
    path = tmp_path / "orders.parquet"
    assert usual_lags(path, spec) == {}
    pq.write_table(pa.table({"placed_at": placed, "due_at": due}), path)
    assert usual_lags(path, spec) == {"due_at": (timedelta(), timedelta(hours=5))}
