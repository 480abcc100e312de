"""Served features made again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fake_ledger import FakeLedger
from orders_problem import MakeSpec, make_spec, orders  # noqa: F401
from small_predictions import a_prediction

from monitoring.window import Rows, read_window
from monitoring.window.skew import SAMPLE, Sources, skew, spread
from understudy.features.materialise import materialise
from understudy.features.recompute import recompute
from understudy.features.snapshot import Result
from understudy.features.views import open_views
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.integration

NEWEST = datetime(2024, 3, 3, 12)


@pytest.fixture
def spec(make_spec: MakeSpec) -> ProblemSpec:  # noqa: F811
    return make_spec()


def served(spec: ProblemSpec, orders: pa.Table, root: Path, **changes: Mapping[str, Any]) -> Rows:  # noqa: F811
    """The last of the orders, served with what was known; ``changes`` replace fields of a row's record by its id."""
    some = orders.filter(pa.compute.greater(orders["placed_at"], NEWEST))
    made = {row[spec.id]: row for row in recompute(spec, root, {"orders": orders}, some)}
    ledger = FakeLedger()
    for number, row in enumerate(some.select(["order", "placed_at", "shop", "size", "gift"]).to_pylist()):
        inputs = {name: plain(value) for name, value in made[row["order"]].items() if name != "order"}
        values = {"problem": "orders", "event_time": row["placed_at"], "key": row["order"], "request": row}
        values |= {"inputs": inputs} | {
            name: {**inputs, **value} if name == "inputs" else value
            for name, value in changes.get(row["order"], {}).items()
        }
        ledger.append([a_prediction(number, **values)])
    return read_window(ledger, spec, datetime(2024, 3, 1), datetime(2024, 3, 9), datetime(2024, 3, 9)).live


def plain(value: Any) -> Any:
    return None if value != value else value.item() if isinstance(value, np.generic) else value


def sources(root: Path, tables: dict[str, pa.Table], published: list[tuple[str, Result]] | None = None) -> Sources:
    return Sources(root, lambda: tables, lambda: published or [])


def test_what_was_served_as_training_would_have_it_differs_nowhere(
    spec: ProblemSpec,
    orders: pa.Table,  # noqa: F811
    tmp_path: Path,
) -> None:
    rows = served(spec, orders, tmp_path)
    found = skew(rows, spec, sources(tmp_path, {"orders": orders}))
    assert found.value("skew.rows") == found.value("skew.values") == 0
    assert {row["input"] for row in found.details["inputs"]} == {*spec.numbers, *spec.categories}
    assert found.details["not_made_again"] == []
    assert f"validated tables, for {len(rows)} rows" in found.details["words"]


def test_a_value_that_differs_in_its_last_bit_is_found_and_shown(
    spec: ProblemSpec,
    orders: pa.Table,  # noqa: F811
    tmp_path: Path,
) -> None:
    key = served(spec, orders, tmp_path).answers["key"].to_pylist()[0]
    sound = served(spec, orders, tmp_path).inputs.column("mean_minutes").to_pylist()[0]
    other = float(np.nextafter(np.float32(sound), np.float32(np.inf)))
    rows = served(spec, orders, tmp_path, **{key: {"inputs": {"mean_minutes": other}}})
    found = skew(rows, spec, sources(tmp_path, {"orders": orders}))
    assert found.value("skew.values") == 1
    assert found.value("skew.rows") == pytest.approx(1 / len(rows))
    (example,) = found.details["examples"]
    assert (example["key"], example["input"]) == (key, "mean_minutes")
    assert {row["input"]: row["differ"] for row in found.details["inputs"]}["mean_minutes"] == 1


def test_without_history_only_what_follows_from_the_request_is_made_again(
    spec: ProblemSpec,
    orders: pa.Table,  # noqa: F811
    tmp_path: Path,
) -> None:
    key = served(spec, orders, tmp_path).answers["key"].to_pylist()[0]
    rows = served(spec, orders, tmp_path, **{key: {"inputs": {"size_class": "huge"}}})
    found = skew(rows, spec, sources(tmp_path, {}))
    assert {row["input"] for row in found.details["inputs"]} == {"shop", "size_class", "size", "gift"}
    assert found.details["not_made_again"] == ["mean_minutes", "relative_size", "shop_delivered"]
    assert found.value("skew.values") == 1
    assert found.details["words"].startswith("There are no validated tables, and the feature store no longer has")


def test_tables_that_end_before_the_window_are_said_to(
    spec: ProblemSpec,
    orders: pa.Table,  # noqa: F811
    tmp_path: Path,
) -> None:
    rows = served(spec, orders, tmp_path)
    old = orders.filter(pa.compute.less_equal(orders["placed_at"], datetime(2024, 3, 2)))
    found = skew(rows, spec, sources(tmp_path, {"orders": old}))
    assert found.details["words"].startswith("The validated tables end at 2024-03-01 23:55")
    reading = next(reading for reading in found.readings if reading.name == "skew.rows")
    assert reading.about == found.details["words"]


def test_the_feature_store_stands_in_where_it_still_has_what_was_read(
    spec: ProblemSpec,
    orders: pa.Table,  # noqa: F811
    tmp_path: Path,
) -> None:
    rows = served(spec, orders, tmp_path)
    newest = rows.column("moment").max().item()
    published = []
    with open_views(spec, tmp_path, {"orders": orders}) as views:
        for hours in (1, 0):
            published += list(materialise(spec, views, newest - timedelta(hours=hours)).items())
    found = skew(rows, spec, sources(tmp_path, {}, published))
    assert found.details["words"].startswith("Made again from what the feature store still has, for")
    assert found.value("skew.values") == 0
    assert found.details["not_made_again"] == []
    wrong = [(name, Result(one.at, dict.fromkeys(one.values, (99.0, 1.0)))) for name, one in published]
    assert (skew(rows, spec, sources(tmp_path, {}, wrong)).value("skew.rows") or 0) > 0.5


def test_rows_that_were_flagged_for_stale_views_are_left_to_their_own_reading(
    spec: ProblemSpec,
    orders: pa.Table,  # noqa: F811
    tmp_path: Path,
) -> None:
    key = served(spec, orders, tmp_path).answers["key"].to_pylist()[0]
    stale = {"inputs": {"mean_minutes": None}, "flags": ["stale views: shop"]}
    found = skew(served(spec, orders, tmp_path, **{key: stale}), spec, sources(tmp_path, {"orders": orders}))
    assert found.value("skew.values") == 0


def test_a_flat_problem_needs_no_history(make_spec: MakeSpec, orders: pa.Table, tmp_path: Path) -> None:  # noqa: F811
    spec = make_spec(inputs=[{"name": "size"}, {"name": "shop", "kind": "category"}], features={})
    found = skew(served(spec, orders, tmp_path), spec, sources(tmp_path, {}))
    assert found.value("skew.rows") == 0
    assert found.details["words"] == "Every input follows from the request."


def test_no_rows_are_no_skew(spec: ProblemSpec, tmp_path: Path) -> None:
    rows = read_window(FakeLedger(), spec, datetime(2024, 3, 1), datetime(2024, 3, 9), datetime(2024, 3, 9)).live
    found = skew(rows, spec, sources(tmp_path, {}))
    assert found.value("skew.rows") is None
    assert found.readings[0].about.startswith("Nothing could be made again.")


def test_a_sample_is_spread_over_the_window(spec: ProblemSpec, orders: pa.Table, tmp_path: Path) -> None:  # noqa: F811
    rows = served(spec, orders, tmp_path)
    some = spread(rows, 5)
    assert len(some) == 5
    assert some.column("moment")[[0, -1]].tolist() == rows.column("moment")[[0, -1]].tolist()
    assert spread(rows) is rows
    assert len(rows) < SAMPLE
