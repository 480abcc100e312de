from inspect import getmembers, isfunction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from problems.flights import features
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit

COUNTS = st.integers(0, 5_000)


def one(value: float) -> np.ndarray:
    return np.array([value], dtype=np.float64)


def test_every_function_makes_an_input_or_feeds_one(flights_spec: ProblemSpec) -> None:
    made = {name for name, _ in getmembers(features, isfunction) if not name.startswith("_")}
    assert made - {item.name for item in flights_spec.inputs} == {"overall_rate"}


def test_a_mean_is_missing_where_its_view_is() -> None:
    due = np.array([4.0, np.nan])
    assert features.airport_mean_delay(np.array([60.0, np.nan]), due)[0] == 15
    assert np.isnan(features.airport_mean_delay(np.array([60.0, np.nan]), due)[1])


def test_a_history_is_relative_to_the_overall_rate() -> None:
    assert features.route_history(one(40), one(100), one(0.2))[0] == pytest.approx((40 + 10) / 150 / 0.2)


def test_no_history_says_like_everyone() -> None:
    assert features.flight_history(one(np.nan), one(np.nan), one(0.2))[0] == pytest.approx(1)


@given(COUNTS, COUNTS, st.floats(0.01, 0.9))
def test_a_history_lies_between_its_own_rate_and_the_overall_one(disrupted: int, others: int, overall: float) -> None:
    flights = disrupted + others
    found = features.dest_history(one(disrupted), one(flights), one(overall))[0]
    own = disrupted / flights / overall if flights else 1.0
    assert min(own, 1) - 1e-9 <= found <= max(own, 1) + 1e-9
