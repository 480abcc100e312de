from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from understudy.features.offline import compute_all, sorted_requests, ticks_of
from understudy.features.plan import make_plan
from understudy.features.recompute import recompute
from understudy.features.views import open_views
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.integration

MakeSpec = Callable[..., ProblemSpec]
LEAKY = """
SELECT clock.at, orders.shop, count(*) AS shop_delivered, sum(orders.minutes) AS shop_minutes
FROM clock JOIN orders ON orders.placed_at > clock.at - INTERVAL 6 HOUR AND orders.placed_at <= clock.at
GROUP BY ALL
"""


def differing(spec: ProblemSpec, root: Path, orders: pa.Table) -> set[str]:
    """Names of the inputs that are not the same offline and recomputed, over 40 requests."""
    plan = make_plan(spec)
    requests = sorted_requests(spec, plan, orders)
    with open_views(spec, root, {"orders": orders}) as views:
        for view in spec.features.views:
            views.compute(view, ticks_of(view, requests))
        offline = next(compute_all(spec, plan, views, requests))
    chosen = orders.sort_by([("placed_at", "ascending")]).slice(100, 40)
    online = list(recompute(spec, root, {"orders": orders}, chosen))
    assert [row["order"] for row in online] == chosen.column("order").to_pylist()
    return {
        name
        for name in offline
        if not all(_same(row[name], value) for row, value in zip(online, offline[name][100:140], strict=True))
    }


def _same(one: float | str, other: float | str) -> bool:
    return one == other or (isinstance(one, np.floating) and bool(np.isnan(one)) and bool(np.isnan(other)))


def test_one_request_at_a_time_gives_exactly_the_rows_of_the_history(
    make_spec: MakeSpec, orders: pa.Table, tmp_path: Path
) -> None:
    assert differing(make_spec(), tmp_path, orders) == set()


def test_a_view_that_reads_the_future_is_found_out(make_spec: MakeSpec, orders: pa.Table, tmp_path: Path) -> None:
    assert differing(make_spec(view=LEAKY), tmp_path, orders) == {"mean_minutes", "relative_size"}


def test_undated_rows_are_recomputed_too(make_spec: MakeSpec, orders: pa.Table, tmp_path: Path) -> None:
    columns = {
        "order": {"kind": "category", "role": "id"},
        "size": {"kind": "number"},
        "late": {"kind": "flag", "role": "target"},
    }
    spec = make_spec(columns=columns, features={}, split={"method": "stratified"})
    rows = list(recompute(spec, tmp_path, {"orders": orders}, orders.slice(0, 3)))
    assert {row["order"] for row in rows} == set(orders.column("order").to_pylist()[:3])
