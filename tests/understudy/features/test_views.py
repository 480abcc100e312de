from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from understudy.errors import MachineError, SpecError
from understudy.features.views import open_views, query_of, visible
from understudy.problem import Column, ProblemSpec, Table, View

pytestmark = pytest.mark.integration

MakeSpec = Callable[..., ProblemSpec]
NOON = np.array(["2024-03-02T12:00"], "datetime64[us]")


def compute(
    spec: ProblemSpec, root: Path, orders: pa.Table, at: datetime | None = None
) -> dict[str, tuple[float, ...]]:
    with open_views(spec, root, {"orders": orders}) as views:
        views.show(at)
        views.compute(spec.features.views[0], NOON)
        rows = views.database.execute('FROM "view shop"').fetchall()
    return {row[1]: row[2:] for row in rows}


def test_a_view_says_what_was_known_at_the_clock_time(make_spec: MakeSpec, orders: pa.Table, tmp_path: Path) -> None:
    found = compute(make_spec(), tmp_path, orders)
    noon = NOON[0].item()
    for shop, (count, minutes) in found.items():
        known = [
            row["minutes"]
            for row in orders.to_pylist()
            if row["shop"] == shop
            and row["delivered_at"]
            and 0 <= (noon - row["delivered_at"]).total_seconds() < 6 * 3600
        ]
        assert (count, minutes) == (len(known), sum(known))
    assert {"corner", "market", "pier"} <= set(found)


def test_hiding_the_future_changes_nothing_for_an_honest_view(
    make_spec: MakeSpec, orders: pa.Table, tmp_path: Path
) -> None:
    spec = make_spec()
    assert compute(spec, tmp_path, orders) == compute(spec, tmp_path, orders, NOON[0].item())


def test_hiding_the_future_changes_a_view_that_reads_it(make_spec: MakeSpec, orders: pa.Table, tmp_path: Path) -> None:
    spec = make_spec(view=make_leaky())
    assert compute(spec, tmp_path, orders) != compute(spec, tmp_path, orders, NOON[0].item())


def make_leaky() -> str:
    return """
        SELECT clock.at, orders.shop, count(*) AS shop_delivered, sum(orders.minutes) AS shop_minutes
        FROM clock JOIN orders ON orders.placed_at <= clock.at AND orders.placed_at > clock.at - INTERVAL 6 HOUR
        GROUP BY ALL
    """


def test_a_late_fact_of_unknown_time_is_not_there(make_spec: MakeSpec, orders: pa.Table, tmp_path: Path) -> None:
    spec = make_spec(
        view="SELECT clock.at, shop, count(courier) AS shop_delivered, 0 AS shop_minutes FROM clock, orders"
    )
    with pytest.raises(SpecError, match="courier"):
        compute(spec, tmp_path, orders)


def test_two_rows_for_one_key_are_refused(make_spec: MakeSpec, orders: pa.Table, tmp_path: Path) -> None:
    spec = make_spec(view="SELECT clock.at, shop, 1 AS shop_delivered, 0 AS shop_minutes FROM clock, orders")
    with pytest.raises(SpecError, match="more than one row for 2024-03-02 12:00:00"):
        compute(spec, tmp_path, orders)


def test_too_little_memory_is_the_machines_fault(make_spec: MakeSpec, orders: pa.Table, tmp_path: Path) -> None:
    spec = make_spec(
        view="SELECT clock.at, range AS shop, 1 AS shop_delivered, 2 AS shop_minutes FROM clock, range(5000000)"
    )
    with open_views(spec, tmp_path, {"orders": orders}, memory="10MB") as views:
        views.database.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(MachineError, match="view shop"):
            views.compute(spec.features.views[0], NOON)


def test_rows_and_values_appear_when_they_become_known() -> None:
    table = Table(
        known_at="out_at",
        columns={
            "out_at": Column(kind="time"),
            "rain": Column(kind="number"),
            "checked": Column(kind="number", known_at="out_at"),
            "secret": Column(kind="number", role="leak"),
        },
    )
    assert visible("sky", table, None) == 'SELECT "out_at", "rain", "checked" FROM "all sky"'
    masked = visible("sky", table, datetime(2024, 3, 1, 6))
    assert 'CASE WHEN "out_at" <= TIMESTAMP \'2024-03-01 06:00:00\' THEN "checked" END' in masked
    assert masked.endswith("WHERE \"out_at\" <= TIMESTAMP '2024-03-01 06:00:00'")


def test_one_query_serves_views_that_differ_in_their_keys(tmp_path: Path) -> None:
    (tmp_path / "count.sql").write_text("SELECT clock.at, $keys count(*) AS ${prefix}_n FROM clock", encoding="utf-8")

    def query(keys: tuple[str, ...], prefix: str) -> str:
        view = View(name="v", sql="count.sql", keys=keys, prefix=prefix, columns=(f"{prefix}_n",))
        return query_of(view, tmp_path)

    assert query(("from", "to"), "route") == 'SELECT clock.at, "from", "to",  count(*) AS route_n FROM clock'
    assert query((), "all") == "SELECT clock.at,  count(*) AS all_n FROM clock"
