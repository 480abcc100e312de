"""From figures to readings."""

import math

import pytest

from monitoring.window.figures import Finding, a_reading, difference, share
from understudy.statistics.bootstrap import Interval

pytestmark = pytest.mark.unit


def test_what_is_undefined_is_none() -> None:
    assert a_reading("a", math.nan, 3).value is None
    whole = a_reading("a", Interval(0.5, math.nan, 0.7), 3, limit=0.6, about="why")
    assert (whole.value, whole.low, whole.high, whole.limit, whole.about) == (0.5, None, 0.7, 0.6, "why")
    assert math.isnan(share(1, 0))
    assert share(1, 4) == 0.25


def test_a_difference_of_symmetric_intervals_has_the_root_of_their_squares() -> None:
    found = difference(Interval(5.0, 2.0, 8.0), Interval(1.0, -3.0, 5.0))
    assert (found.value, found.low, found.high) == pytest.approx((4.0, -1.0, 9.0))


def test_the_arms_of_a_difference_come_from_opposite_sides() -> None:
    found = difference(Interval(1.0, 0.9, 2.0), Interval(0.0, -0.5, 0.1))
    assert found.low == pytest.approx(1 - math.hypot(0.1, 0.1))
    assert found.high == pytest.approx(1 + math.hypot(1.0, 0.5))


def test_a_finding_gives_its_values_by_name() -> None:
    found = Finding((a_reading("a", 1.0, 2),))
    assert (found.value("a"), found.value("b")) == (1.0, None)
