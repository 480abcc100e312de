"""What is published at a tick is what a recomputation with the future blanked gives."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from orders_problem import MakeSpec

from pipelines.replay.history import results_by_tick
from understudy.features.materialise import materialise
from understudy.features.views import open_views

pytestmark = pytest.mark.integration

START, END = datetime(2024, 3, 1, 10, 20), datetime(2024, 3, 3, 1, 0)


def test_each_tick_says_what_was_known_then(make_spec: MakeSpec, orders: pa.Table, tmp_path: Path) -> None:
    spec = make_spec()
    with open_views(spec, tmp_path, {"orders": orders}) as views:
        published = list(results_by_tick(spec, views, START, END))
    with open_views(spec, tmp_path, {"orders": orders}) as views:
        blanked = [materialise(spec, views, at)["shop"] for at, _ in published]
    assert [results["shop"] for _, results in published] == blanked
    assert sum(len(result.values) for result in blanked) > 90


def test_ticks_follow_each_other_without_a_gap(make_spec: MakeSpec, orders: pa.Table, tmp_path: Path) -> None:
    spec = make_spec()
    with open_views(spec, tmp_path, {"orders": orders}) as views:
        ticks = [results["shop"].at for _, results in results_by_tick(spec, views, START, END)]
    assert ticks[0] == datetime(2024, 3, 1, 10)
    assert {later - earlier for earlier, later in pairwise(ticks)} == {timedelta(hours=1)}
    assert ticks[-1] == END - timedelta(hours=1)
