"""Limits that hold every value seen, with room, and that are easy to read."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.scaffold.ranges import generous_range

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([18, 90], (-60, 170)),
        ([0.5, 0.25], (0, 0.8)),
        ([1000, 250_000], (-300_000, 500_000)),
        ([-3.0, float("inf"), 4.0, float("nan")], (-10, 11)),
        ([7, 7, 7], None),
        ([], None),
        ([-1e308, 1e308], None),
    ],
)
def test_as_much_room_again_on_either_side(values: list[float], expected: tuple[float, float] | None) -> None:
    kind = pa.int64() if values and all(isinstance(value, int) for value in values) else pa.float64()
    assert generous_range(pa.chunked_array([pa.array(values, kind)])) == expected


@given(st.lists(st.floats(-1e30, 1e30, allow_subnormal=False), min_size=2))
def test_whatever_was_seen_is_inside(values: list[float]) -> None:
    limits = generous_range(pa.chunked_array([pa.array(values, pa.float64())]))
    if limits is not None:
        assert limits[0] <= min(values) < max(values) <= limits[1]
