from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from understudy.features import offline
from understudy.features.plan import Array, make_plan
from understudy.features.views import open_views
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.integration

MakeSpec = Callable[..., ProblemSpec]


def compute(spec: ProblemSpec, root: Path, orders: pa.Table) -> dict[str, Array]:
    plan = make_plan(spec)
    requests = offline.sorted_requests(spec, plan, orders)
    with open_views(spec, root, {"orders": orders}) as views:
        for view in spec.features.views:
            views.compute(view, offline.ticks_of(view, requests))
        chunks = list(offline.compute_all(spec, plan, views, requests))
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def test_rows_come_by_time_and_id_whatever_the_order_of_the_table(
    make_spec: MakeSpec, orders: pa.Table, tmp_path: Path
) -> None:
    spec = make_spec()
    once, again = compute(spec, tmp_path, orders), compute(spec, tmp_path, orders.sort_by("order"))
    assert len(once["size"]) == 400
    for name in once:
        np.testing.assert_array_equal(once[name], again[name])


def test_chunks_do_not_show(
    make_spec: MakeSpec, orders: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_spec()
    whole = compute(spec, tmp_path, orders)
    monkeypatch.setattr(offline, "CHUNK", 37)
    parts = compute(spec, tmp_path, orders)
    for name in whole:
        np.testing.assert_array_equal(whole[name], parts[name])


def test_a_request_without_history_has_missing_values(make_spec: MakeSpec, orders: pa.Table, tmp_path: Path) -> None:
    inputs = compute(make_spec(), tmp_path, orders)
    assert np.isnan(inputs["shop_delivered"][0])
    assert np.nanmax(inputs["shop_delivered"]) > 5
    assert "" in inputs["shop"]
    assert np.isnan(inputs["shop_delivered"][inputs["shop"] == ""]).all()


def test_a_flat_table_passes_through(make_spec: MakeSpec, orders: pa.Table, tmp_path: Path) -> None:
    columns = {
        "order": {"kind": "category", "role": "id"},
        "size": {"kind": "number"},
        "late": {"kind": "flag", "role": "target"},
    }
    spec = make_spec(columns=columns, features={}, split={"method": "stratified"})
    inputs = compute(spec, tmp_path, orders)
    sizes = orders.sort_by("order").column("size").to_numpy()
    np.testing.assert_array_equal(inputs["size"], sizes.astype(np.float32))
