"""What a server computes from its cache is, bit for bit, what training computed from the history."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from orders_problem import INPUTS, make_spec, orders

from serving.feature_cache import KEPT, MOST_MOMENTS
from serving.features import FeatureCache, RequestFeatures
from understudy.errors import RequestError
from understudy.features.materialise import materialise
from understudy.features.offline import compute_all, sorted_requests, ticks_of
from understudy.features.plan import make_plan
from understudy.features.snapshot import Result, Snapshot, compute_one
from understudy.features.views import open_views
from understudy.problem import ProblemSpec

__all__ = ["make_spec", "orders"]

MakeSpec = Callable[..., ProblemSpec]
NOON = datetime(2024, 3, 2, 12)
FIELDS = ("order", "placed_at", "shop", "size", "gift")
COUNTS = """
SELECT clock.at, $keys count(*) AS ${prefix}_n, sum(orders.minutes) / 7 AS ${prefix}_sevenths
FROM clock JOIN orders ON orders.delivered_at > clock.at - INTERVAL 6 HOUR AND orders.delivered_at <= clock.at
GROUP BY ALL
"""


@pytest.fixture
def spec(make_spec: MakeSpec, tmp_path: Path) -> ProblemSpec:
    """Views of several cadences and keys: none, one, two, and a flag."""
    (tmp_path / "counts.sql").write_text(COUNTS)
    shop = {"name": "shop", "sql": "shop.sql", "keys": ["shop"], "every": "1h", "max_age": "3h"}
    views: list[dict[str, Any]] = [shop | {"columns": ["shop_delivered", "shop_minutes"]}]
    for prefix, keys, every in (("all", [], "15m"), ("town", ["shop"], "30m"), ("pair", ["shop", "gift"], "15m")):
        view = {"name": prefix, "sql": "counts.sql", "prefix": prefix, "keys": keys, "every": every, "max_age": "1h"}
        views.append(view | {"columns": [f"{prefix}_n", f"{prefix}_sevenths"]})
    made = [{"name": f"{prefix}_{what}"} for prefix in ("all", "town", "pair") for what in ("n", "sevenths")]
    return make_spec(features={"views": views, "functions": "toy_functions", "inputs": [*INPUTS, *made]})


def rows_of(orders: pa.Table, start: int = 0, count: int = 400) -> list[dict[str, Any]]:
    """Requests in the order of time, as the HTTP layer hands them over."""
    table = orders.sort_by([("placed_at", "ascending")]).slice(start, count)
    return [{name: row[name] for name in FIELDS} for row in table.to_pylist()]


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, str):
        return bool(found == expected)
    return found is None if np.isnan(expected) else found is not None and float(expected) == found


@pytest.mark.integration
def test_every_input_is_that_of_the_history(spec: ProblemSpec, orders: pa.Table, tmp_path: Path) -> None:
    cache = FeatureCache(spec)
    features, plan = RequestFeatures(spec, cache), make_plan(spec)
    chosen = rows_of(orders, 100, 60)
    online: list[dict[str, Any]] = []
    snapshot: Snapshot = {}
    with open_views(spec, tmp_path, {"orders": orders}) as views:
        for row in chosen:
            snapshot = materialise(spec, views, row["placed_at"], snapshot)
            cache.add(list(snapshot.items()))
            # With the row come the two before, which are earlier than the newest tick.
            batch = chosen[max(0, len(online) - 2) : len(online) + 1]
            online.append(features.inputs(features.of(batch))[-1])
            assert features.inputs(features.of(batch))[:-1] == online[-len(batch) : -1]
    with open_views(spec, tmp_path, {"orders": orders}) as views:
        requests = sorted_requests(spec, plan, orders)
        for view in spec.features.views:
            views.compute(view, ticks_of(view, requests))
        offline = next(compute_all(spec, plan, views, requests))
    wrong = {(n, name) for n, row in enumerate(online) for name in row if not same(row[name], offline[name][100 + n])}
    assert wrong == set()
    assert set(online[0]) == set(offline)
    assert not cache.stale
    assert sum(row["pair_n"] is not None for row in online) > 30


@pytest.mark.integration
def test_a_stale_view_is_missing_as_for_one_request(spec: ProblemSpec, orders: pa.Table, tmp_path: Path) -> None:
    """At every age up to and beyond the limits, to the microsecond."""
    with open_views(spec, tmp_path, {"orders": orders}) as views:
        snapshot = materialise(spec, views, NOON)
    cache, plan = FeatureCache(spec), make_plan(spec)
    cache.add(list(snapshot.items()))
    features = RequestFeatures(spec, cache)
    ages = [timedelta(minutes=m, microseconds=u) for m in (0, 59, 60, 61, 179, 180, 181) for u in (0, 1)]
    rows = [{**rows_of(orders)[7], "placed_at": NOON + age} for age in ages]
    for row, found in zip(rows, features.inputs(features.of(rows)), strict=True):
        expected = compute_one(spec, plan, snapshot, row, row["placed_at"])
        assert all(same(found[name], value) for name, value in expected.items()), row["placed_at"]
    said = features.of(rows).stale
    assert said[0] == ""
    assert said[ages.index(timedelta(minutes=60, microseconds=1))] == "stale views: all, town, pair"
    assert said[-1] == "stale views: all"
    assert cache.stale["shop"] == 2 * sum(age > timedelta(hours=3) for age in ages)


def simple(make_spec: MakeSpec, kept: int = 3) -> tuple[FeatureCache, RequestFeatures]:
    spec = make_spec()
    cache = FeatureCache(spec)
    cache.add([("shop", Result(NOON + timedelta(hours=n), {("pier",): (n + 1.0, 60.0)})) for n in range(kept)])
    return cache, RequestFeatures(spec, cache)


def asked(at: datetime, **changes: Any) -> dict[str, Any]:
    return {"order": "o1", "placed_at": at, "shop": "pier", "size": 3.0, "gift": None, **changes}


@pytest.mark.unit
def test_a_row_never_reads_a_later_result(make_spec: MakeSpec) -> None:
    _, features = simple(make_spec)
    times = [NOON - timedelta(minutes=1), NOON, NOON + timedelta(minutes=59), NOON + timedelta(minutes=60)]
    found = features.inputs(features.of([asked(at) for at in times]))
    assert [row["shop_delivered"] for row in found] == [None, 1.0, 1.0, 2.0]


@pytest.mark.unit
def test_only_the_newest_results_are_kept(make_spec: MakeSpec) -> None:
    cache, features = simple(make_spec, kept=KEPT + 1)
    assert cache.newest() == {"shop": NOON + timedelta(hours=KEPT)}
    assert features.inputs(features.of([asked(NOON)]))[0]["shop_delivered"] is None
    cache.add(
        [("shop", Result(NOON + timedelta(hours=KEPT), {("pier",): (99.0, 1.0)})), ("unknown view", Result(NOON, {}))]
    )
    found = features.inputs(features.of([asked(NOON + timedelta(hours=KEPT)), asked(NOON + timedelta(hours=1))]))
    assert [row["shop_delivered"] for row in found] == [99.0, 2.0]


@pytest.mark.unit
def test_unknown_and_missing_keys_are_missing_and_fill_no_memory(make_spec: MakeSpec) -> None:
    cache, features = simple(make_spec)
    rows = [asked(NOON, shop=shop) for shop in (None, "None", "", *(f"made up {n}" for n in range(500)), "pier")]
    found = features.inputs(features.of(rows))
    assert [row["shop_delivered"] for row in found] == [None] * 503 + [1.0]
    assert found[0]["shop"] == ""
    assert sum(len(memory) for moment in cache._moments._known.values() for _, memory in moment.memories) == 1
    features.of([asked(NOON + timedelta(hours=n)) for n in range(2000)])
    assert len(cache._moments._known) <= MOST_MOMENTS
    assert len(cache._moments._distinct) == 4  # the three results, and none


@pytest.mark.unit
def test_inputs_are_exact_and_say_none_for_missing(make_spec: MakeSpec) -> None:
    _, features = simple(make_spec)
    made = features.of([asked(NOON, size=0.1), asked(NOON, size=None, gift=True, shop=None)])
    first, second = features.inputs(made)
    assert list(first) == list(features.names)
    assert first["size"] == float(np.float32(0.1))
    assert (second["size"], second["gift"], second["relative_size"], second["size_class"]) == (None, 1.0, None, "small")
    assert {type(value) for value in first.values()} <= {float, str, type(None)}
    assert made.numbers is not None
    assert (made.numbers.dtype, made.numbers.flags.c_contiguous) == (np.float32, True)
    assert features.inputs(made.take([1])) == [second]


@pytest.mark.unit
def test_a_row_without_its_time_is_refused(make_spec: MakeSpec) -> None:
    _, features = simple(make_spec)
    with pytest.raises(RequestError, match="'placed_at' is missing"):
        features.of([asked(NOON), asked(NOON, placed_at=None)])


@pytest.mark.unit
def test_a_flat_table_needs_no_views(make_spec: MakeSpec) -> None:
    spec = make_spec(features={})
    features = RequestFeatures(spec, FeatureCache(spec))
    assert features.inputs(features.of([asked(NOON)])) == [{"size": 3.0, "gift": None, "shop": "pier"}]
