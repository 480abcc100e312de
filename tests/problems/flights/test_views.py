"""The flights' features are the same online, one request at a time with the future hidden, as offline."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from understudy.features.offline import compute_all, sorted_requests, ticks_of
from understudy.features.plan import make_plan
from understudy.features.recompute import recompute
from understudy.features.views import open_views
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
UNTIL = datetime(2013, 2, 11)
MOMENTS = ["2013-01-02T12:00", "2013-01-31T13:00", "2013-02-08T16:00", "2013-02-09T17:00", "2013-02-10T19:00"]
"""Prediction times: the second day, a windy one, a blizzard as it comes, the day after it, the day after that."""


@pytest.fixture(scope="module")
def tables(flights_tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    flights = flights_tables["flights"]
    return flights_tables | {"flights": flights.filter(pc.less(flights["predict_at"], pa.scalar(UNTIL)))}


@pytest.fixture(scope="module")
def offline(flights_spec: ProblemSpec, tables: dict[str, pa.Table]) -> dict[str, dict[str, Any]]:
    """The features of every flight by id."""
    plan = make_plan(flights_spec)
    requests = sorted_requests(flights_spec, plan, tables["flights"])
    with open_views(flights_spec, ROOT, tables) as views:
        for view in flights_spec.features.views:
            views.compute(view, ticks_of(view, requests))
        (inputs,) = compute_all(flights_spec, plan, views, requests)
    return {
        row[0]: dict(zip(inputs, row[1:], strict=True))
        for row in zip(requests["id"].to_pylist(), *inputs.values(), strict=True)
    }


@pytest.fixture(scope="module")
def requests(tables: dict[str, pa.Table]) -> pa.Table:
    """The flights whose prediction times are nearest after each moment, 40 for each."""
    flights = tables["flights"]
    later = (
        flights.filter(pc.greater_equal(flights["predict_at"], pa.scalar(datetime.fromisoformat(m)))) for m in MOMENTS
    )
    return pa.concat_tables([table.slice(0, 40) for table in later])


def test_online_and_offline_agree_to_the_last_bit_with_the_future_hidden(
    flights_spec: ProblemSpec,
    tables: dict[str, pa.Table],
    offline: dict[str, dict[str, Any]],
    requests: pa.Table,
) -> None:
    compared = 0
    for online in recompute(flights_spec, ROOT, tables, requests):
        expected = offline[str(online.pop("id"))]
        for name, value in online.items():
            np.testing.assert_array_equal(value, expected[name], err_msg=name)
            compared += 1
    assert compared == 200 * (len(flights_spec.inputs) + len(flights_spec.watched))


def test_most_values_are_there(flights_spec: ProblemSpec, offline: dict[str, dict[str, Any]]) -> None:
    rows = list(offline.values())
    for name in flights_spec.numbers:
        missing = np.isnan([row[name] for row in rows]).mean()
        assert missing < (0.85 if "gust" in name else 0.5), name


def test_live_state_is_what_one_can_count_by_hand(
    tables: dict[str, pa.Table], offline: dict[str, dict[str, Any]], requests: pa.Table
) -> None:
    flights = tables["flights"].to_pylist()
    for request in requests.to_pylist()[::20]:
        asked = request["predict_at"]
        now = asked.replace(minute=asked.minute // 15 * 15)
        due = [
            row
            for row in flights
            if row["origin"] == request["origin"] and 0 <= (now - row["scheduled_at"]).total_seconds() < 3 * 3600
        ]
        gone = [row for row in due if row["departed_at"] is not None and row["departed_at"] <= now]
        found = offline[request["id"]]
        assert found["airport_waiting_share"] == pytest.approx(1 - len(gone) / len(due))
