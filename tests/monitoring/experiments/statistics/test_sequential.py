"""Looking at every step does not fool it; it is tightest where it was planned."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.experiments.statistics.cuped import Difference
from monitoring.experiments.statistics.sequential import (
    bound,
    bound_above,
    confidence_sequence,
    log_evidence,
    width,
)

pytestmark = pytest.mark.unit


def difference(value: float, variance: float = 1.0, units: int = 1000) -> Difference:
    return Difference(0.0, value, variance, variance, variance, units, units, 0.0, 0.0)


@given(st.floats(-0.5, 0.5), st.integers(100, 100_000), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_p_value_passes_alpha_when_the_interval_excludes_nothing(value: float, planned: int, alpha: float) -> None:
    found = confidence_sequence(difference(value), planned=planned, alpha=alpha)
    assert (found.p_value < alpha) == (found.low > 0 or found.high < 0)
    assert found.low <= value <= found.high


@given(st.floats(-0.5, 0.5), st.floats(0.1, 100))
def test_the_unit_of_the_metric_does_not_matter(value: float, scale: float) -> None:
    plain = confidence_sequence(difference(value), planned=3000)
    scaled = confidence_sequence(difference(value * scale, scale**2), planned=3000)
    assert (scaled.low, scaled.high) == pytest.approx((plain.low * scale, plain.high * scale))
    assert scaled.p_value == pytest.approx(plain.p_value)


@pytest.mark.parametrize("alpha", [0.001, 0.01, 0.05, 0.2])
def test_the_bound_is_lowest_for_the_plan_and_known_there(alpha: float) -> None:
    u = width(alpha)
    others = np.linspace(0.2, 5, 200) * u
    radius = np.sqrt((others + 1) / others * np.log((others + 1) / alpha**2))
    assert float(bound(1.0, alpha)) <= radius.min() + 1e-9
    assert float(bound(1.0, alpha)) == pytest.approx(math.sqrt(u + 1))
    assert float(bound_above(1.0, alpha)) < float(bound(1.0, alpha))


def test_evidence_is_the_likelihood_ratio_averaged_over_a_normal_prior() -> None:
    z, u = 2.5, 0.7 * width(0.05)
    prior = np.random.default_rng(1).normal(0, math.sqrt(u), 2_000_000)
    averaged = np.exp(prior * z - prior**2 / 2).mean()
    assert math.exp(log_evidence(z, 0.7, 0.05)) == pytest.approx(averaged, rel=0.01)


def test_it_is_silent_before_the_minimum_and_where_nothing_varied() -> None:
    few = confidence_sequence(difference(9.0, units=99), planned=1000)
    still = confidence_sequence(difference(9.0, variance=0.0), planned=1000)
    for found in (few, still):
        assert not found.speaks
        assert (found.low, found.high, found.p_value) == (-math.inf, math.inf, 1.0)
    assert confidence_sequence(difference(9.0, units=100), planned=1000).speaks


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_2000_walks_looked_at_1000_times_leave_it_with_alpha_at_most(alpha: float) -> None:
    steps = np.random.default_rng(4).normal(size=(2000, 1000))
    times = np.arange(1, 1001)
    z = steps.cumsum(axis=1) / np.sqrt(times)
    left = (np.abs(z) > bound(times / 300, alpha)).any(axis=1).mean()
    above = (z > bound_above(times / 300, alpha)).any(axis=1).mean()
    error = 2 * math.sqrt(alpha * (1 - alpha) / 2000)
    assert left <= alpha + error
    assert above <= alpha + error
    assert left > alpha / 10
    assert (np.abs(z) > 1.96).any(axis=1).mean() > 0.4
