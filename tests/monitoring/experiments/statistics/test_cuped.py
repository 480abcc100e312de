"""The covariate takes noise away and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.experiments.statistics.cuped import compare
from monitoring.experiments.statistics.moments import Moments, of_units

pytestmark = pytest.mark.unit


def arms(seed: int, units: int = 300, lift: float = 0.0, scale: float = 1.0, shift: float = 0.0) -> list[Moments]:
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=(2, units))
    cost = risk + rng.normal(size=(2, units)) + np.array([[0.0], [lift]])
    return [of_units(np.ones(units), ours, scale * known + shift) for ours, known in zip(cost, risk, strict=True)]


def test_without_a_covariate_it_is_the_difference_in_means_and_welch() -> None:
    cost = np.random.default_rng(1).normal(size=(2, 50)) * [[1.0], [3.0]]
    found = compare(*(of_units(np.ones(50), ours) for ours in cost))
    assert (found.theta, found.explained) == (0.0, 0.0)
    assert found.value == pytest.approx(cost[1].mean() - cost[0].mean())
    assert found.error == pytest.approx(np.sqrt(cost.var(axis=1, ddof=1).sum() / 50))


@settings(deadline=None)
@given(st.integers(0, 50), st.floats(0.01, 100), st.floats(-100, 100))
def test_the_unit_of_the_covariate_does_not_matter(seed: int, scale: float, shift: float) -> None:
    plain, other = compare(*arms(seed)), compare(*arms(seed, scale=scale, shift=shift))
    assert other.value == pytest.approx(plain.value, abs=1e-7)
    assert other.error == pytest.approx(plain.error, rel=1e-6)


@given(st.integers(0, 50))
def test_swapping_the_arms_swaps_the_sign(seed: int) -> None:
    champion, challenger = arms(seed)
    there, back = compare(champion, challenger), compare(challenger, champion)
    assert there.value == pytest.approx(-back.value)
    assert there.error == pytest.approx(back.error)


def test_the_variance_falls_by_the_squared_correlation_and_the_effect_stays() -> None:
    adjusted = compare(*arms(3, units=200_000, lift=0.1))
    assert adjusted.explained == pytest.approx(0.5, abs=0.01)
    assert adjusted.champion_variance == pytest.approx(1.0, rel=0.02)
    assert adjusted.theta == pytest.approx(1.0, abs=0.01)
    assert adjusted.value == pytest.approx(0.1, abs=4 * adjusted.error)


def test_the_error_is_that_of_repeated_experiments() -> None:
    found = [compare(*arms(seed, units=100)) for seed in range(2000)]
    values, errors = np.array([[one.value, one.error] for one in found]).T
    assert values.mean() == pytest.approx(0.0, abs=4 * values.std() / np.sqrt(2000))
    assert errors.mean() == pytest.approx(values.std(), rel=0.05)


def test_no_arm_is_surer_than_both_together() -> None:
    quiet, loud = of_units(np.ones(100), np.zeros(100)), of_units(np.ones(100), np.tile([0.0, 5.0], 50))
    found = compare(loud, quiet)
    assert found.challenger_variance == 0.0
    assert found.cautious_error > found.error
    same = compare(loud, loud)
    assert same.cautious_error == pytest.approx(same.error, rel=0.01)


def test_an_empty_arm_has_no_error_yet() -> None:
    found = compare(Moments(), of_units(np.ones(5), np.arange(5)))
    assert np.isnan([found.value, found.error, found.cautious_error]).all()
