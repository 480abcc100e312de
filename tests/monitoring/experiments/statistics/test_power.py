"""The sample is enough, and not more than that."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from monitoring.experiments.statistics.power import (
    Design,
    fixed_power,
    fixed_sample,
    inflation,
    sequential_power,
    sequential_sample,
)
from monitoring.experiments.statistics.sequential import bound

pytestmark = pytest.mark.unit

DESIGN = Design(deviation=1.0, effect=0.1)


def test_the_fixed_sample_is_the_textbook_one() -> None:
    sample = fixed_sample(DESIGN)
    assert sample.champion == sample.challenger == math.ceil(2 * (norm.ppf(0.975) + norm.ppf(0.8)) ** 2 / 0.01)
    assert sample.power == pytest.approx(0.8, abs=0.001)


@settings(deadline=None, max_examples=15)
@given(st.floats(0.5, 0.95), st.floats(0.05, 0.95), st.floats(0, 0.9), st.floats(0.02, 0.5))
def test_samples_reach_their_power_and_no_smaller_one_does(
    power: float, share: float, explained: float, effect: float
) -> None:
    design = replace(DESIGN, power=power, challenger=share, explained=explained, effect=effect)
    for sample, reached in [(fixed_sample(design), fixed_power), (sequential_sample(design), sequential_power)]:
        assert reached(design, sample.units) >= power - 1e-4
        assert reached(design, sample.units - 3) < power
        assert sample.power == pytest.approx(reached(design, sample.units))


def test_a_covariate_and_an_even_split_save_units() -> None:
    plain, adjusted = sequential_sample(DESIGN), sequential_sample(replace(DESIGN, explained=0.5))
    uneven = sequential_sample(replace(DESIGN, challenger=0.1))
    assert adjusted.units == pytest.approx(plain.units / 2, abs=2)
    assert uneven.units == pytest.approx(plain.units * 0.25 / 0.09, rel=0.001)
    assert uneven.champion == pytest.approx(9 * uneven.challenger, abs=9)


def test_what_peeking_costs() -> None:
    assert inflation(0.05, 0.8, 1) == pytest.approx(1.915, abs=0.001)
    assert inflation(0.05, 0.8, 40) == pytest.approx(1.708, abs=0.001)
    assert sequential_sample(DESIGN).expected < 1.1 * fixed_sample(DESIGN).units


def test_one_look_is_a_normal_test_with_a_higher_bound() -> None:
    design = replace(DESIGN, looks=1)
    expected = norm.sf(float(bound(1.0, 0.05)) - design.drift(5000))
    assert sequential_power(design, 5000) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("looks", "units"), [(5, 3000), (40, 5362), (40, 9000)])
def test_the_integral_agrees_with_simulated_walks(looks: int, units: int) -> None:
    runs, times = 100_000, np.arange(1, looks + 1) / looks
    drift = DESIGN.drift(units)
    steps = np.random.default_rng(5).normal(drift / looks, math.sqrt(1 / looks), size=(runs, looks))
    z = steps.cumsum(axis=1) / np.sqrt(times)
    reach = bound(times, 0.05)
    above, below = z > reach, (z < -reach) | (z < drift * np.sqrt(times) - reach)
    first = np.where(above.any(axis=1), above.argmax(axis=1), looks)
    given_up = np.where(below.any(axis=1), below.argmax(axis=1), looks)
    found = sequential_power(replace(DESIGN, looks=looks), units)
    assert found == pytest.approx((first < given_up).mean(), abs=0.005)
