from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.features.clock import tick_before
from understudy.problem import parse_span

pytestmark = pytest.mark.unit


def test_a_tick_is_the_newest_at_or_before() -> None:
    times = np.array(["2024-03-01T10:14:59.999999", "2024-03-01T10:15:00", "2024-03-01T10:29:00"], "datetime64[us]")
    expected = np.array(["2024-03-01T10:00", "2024-03-01T10:15", "2024-03-01T10:15"], "datetime64[us]")
    assert (tick_before(times, "15m") == expected).all()


def test_a_day_ticks_at_midnight() -> None:
    noon = np.array(["2024-03-01T12:00"], "datetime64[s]")
    assert tick_before(noon, "1d")[0] == np.datetime64("2024-03-01T00:00")


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)),
    st.integers(1, 90),
    st.sampled_from("mhdw"),
)
def test_a_tick_is_never_later_and_never_a_whole_span_away(time: datetime, number: int, unit: str) -> None:
    every = f"{number}{unit}"
    tick = tick_before(np.array([time], "datetime64[us]"), every)
    assert timedelta(0) <= time - tick[0].item() < parse_span(every)
    assert tick_before(tick, every) == tick
