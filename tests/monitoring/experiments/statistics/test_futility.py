import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.experiments.statistics.futility import futile, gain
from monitoring.experiments.statistics.sequential import ConfidenceSequence

pytestmark = pytest.mark.unit


def interval(low: float, high: float) -> ConfidenceSequence:
    return ConfidenceSequence((low + high) / 2, low, high, 0.5, 0.05, 1000, 500, 100)


def test_a_cost_can_no_longer_fall_by_enough() -> None:
    assert futile(interval(-0.04, 0.02), effect=0.05, better="lower")
    assert not futile(interval(-0.06, 0.02), effect=0.05, better="lower")


def test_a_reward_can_no_longer_rise_by_enough() -> None:
    assert futile(interval(-0.06, 0.04), effect=0.05, better="higher")
    assert not futile(interval(-0.01, 0.06), effect=0.05, better="higher")


def test_silence_rules_nothing_out() -> None:
    silent = ConfidenceSequence(0.3, -math.inf, math.inf, 1.0, 0.05, 10, 5, 100)
    assert not futile(silent, effect=0.05, better="lower")


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0.01, 1))
def test_lower_is_higher_of_the_opposite(low: float, span: float, effect: float) -> None:
    there, back = interval(low, low + span), interval(-low - span, -low)
    assert gain(there, "lower") == pytest.approx(gain(back, "higher"))
    assert futile(there, effect, "lower") == futile(back, effect, "higher")
