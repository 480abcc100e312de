"""How far the validated tables reach."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from orders_problem import MakeSpec, make_spec  # noqa: F401

from monitoring.window.history import covered_until, validated_tables

pytestmark = pytest.mark.unit


def test_tables_are_read_when_all_are_there(make_spec: MakeSpec, tmp_path: Path) -> None:  # noqa: F811
    spec = make_spec()
    assert validated_tables(tmp_path, spec) == {}
    table = pa.table({"placed_at": [datetime(2024, 3, 1), datetime(2024, 3, 5)]})
    pq.write_table(table, tmp_path / "orders.parquet")
    assert validated_tables(tmp_path, spec)["orders"].num_rows == 2


def test_the_shortest_table_says_how_far_they_reach(make_spec: MakeSpec) -> None:  # noqa: F811
    spec = make_spec()
    weather = {"columns": {"seen_at": {"kind": "time"}, "rain": {"kind": "number"}}, "known_at": "seen_at"}
    both = make_spec(tables={"orders": spec.tables["orders"].model_dump(exclude_unset=True), "weather": weather})
    orders = pa.table({"placed_at": [datetime(2024, 3, 1), datetime(2024, 3, 5)]})
    rain = pa.table({"seen_at": [datetime(2024, 3, 3)]})
    assert covered_until({"orders": orders}, spec) == datetime(2024, 3, 5)
    assert covered_until({"orders": orders, "weather": rain}, both) == datetime(2024, 3, 3)
    assert covered_until({"orders": orders}, both) is None
