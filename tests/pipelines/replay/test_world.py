"""A world gives every row of its span once, in order, and every label when it landed."""

from datetime import datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from orders_problem import COLUMNS, MakeSpec

from pipelines.replay.world import World
from understudy.errors import DataError

pytestmark = pytest.mark.unit

START, END = datetime(2024, 3, 2, 0, 30), datetime(2024, 3, 2, 12, 10)
LABELLED = COLUMNS | {"delivered_at": {"kind": "time", "role": "label_time", "known_at": "delivered_at"}}


def test_every_request_of_the_span_is_asked_once_and_in_order(make_spec: MakeSpec, orders: pa.Table) -> None:
    world = World(make_spec(columns=LABELLED), orders, START, END)
    ticks = list(world.ticks())
    asked = [(tick.at, request) for tick in ticks for request in tick.requests]
    times = [request["placed_at"] for _, request in asked]
    inside = [row["order"] for row in orders.to_pylist() if START <= row["placed_at"] < END]
    assert sorted(request["order"] for _, request in asked) == sorted(inside)
    assert len(inside) == 70
    assert times == sorted(times)
    assert all(at <= request["placed_at"] < at + timedelta(hours=1) for at, request in asked)
    assert {later.at - earlier.at for earlier, later in pairwise(ticks)} == {timedelta(hours=1)}


def test_no_request_carries_what_came_later(make_spec: MakeSpec, orders: pa.Table) -> None:
    world = World(make_spec(columns=LABELLED), orders, START, END)
    fields = {name for tick in world.ticks() for request in tick.requests for name in request}
    assert fields == {"order", "placed_at", "shop", "size", "gift"}


def test_labels_land_in_their_tick_also_after_the_last_request(make_spec: MakeSpec, orders: pa.Table) -> None:
    world = World(make_spec(columns=LABELLED), orders, START, END)
    rows = {row["order"]: row for row in orders.to_pylist()}
    landed = [(tick.at, label) for tick in world.ticks() for label in tick.labels]
    expected = [name for name, row in rows.items() if START <= row["placed_at"] < END and row["delivered_at"]]
    assert sorted(label.key for _, label in landed) == sorted(expected)
    for at, label in landed:
        assert at <= label.at < at + timedelta(hours=1)
        assert label.at == rows[label.key]["delivered_at"]
        assert label.value == float(rows[label.key]["late"])
    assert max(label.at for _, label in landed) > END


def test_a_span_without_rows_names_the_history(make_spec: MakeSpec, orders: pa.Table) -> None:
    with pytest.raises(DataError, match="reaches from 2024-03-01 00:05:00 to 2024-03-03"):
        World(make_spec(), orders, datetime(2030, 1, 1), datetime(2030, 1, 2))
