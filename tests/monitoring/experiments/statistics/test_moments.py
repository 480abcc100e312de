"""Parts add up to the whole; the delta method's variance is the one that repeated experiments show."""

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.experiments.statistics.moments import Moments, of_decisions, of_units

pytestmark = pytest.mark.unit

Rows = list[tuple[int, float, float]]
rows = st.lists(st.tuples(st.integers(1, 9), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), max_size=30)


def summed(units: Rows) -> Moments:
    decisions, metric, covariate = np.array(units, dtype=float).reshape(-1, 3).T
    return of_units(decisions, metric, covariate)


@given(rows, rows)
def test_disjoint_parts_add_up_to_the_whole(first: Rows, second: Rows) -> None:
    assert astuple(summed(first) + summed(second)) == pytest.approx(astuple(summed(first + second)), rel=1e-9, abs=1e-5)


@given(rows, rows)
def test_the_order_of_parts_does_not_matter(first: Rows, second: Rows) -> None:
    one, other = summed(first) + summed(second), summed(second) + summed(first)
    assert astuple(one) == pytest.approx(astuple(other), rel=1e-9, abs=1e-6)


def test_one_decision_a_unit_is_the_plain_mean_and_variance() -> None:
    cost, risk = np.random.default_rng(1).normal(size=(2, 500))
    found = of_decisions(np.arange(500), cost, risk)
    assert (found.units, found.ratio) == (500, pytest.approx(cost.mean()))
    metric, covariate, both = found.variances()
    expected = np.cov(cost, risk)
    assert (metric, covariate, both) == pytest.approx((expected[0, 0], expected[1, 1], expected[0, 1]))
    assert found.deviation == pytest.approx(cost.std(ddof=1))
    assert found.explained == pytest.approx(np.corrcoef(cost, risk)[0, 1] ** 2)


def test_decisions_are_summed_by_unit_whatever_names_it() -> None:
    found = of_decisions(np.array(["b", "a", "b"]), np.array([1.0, 5.0, 0.0]))
    assert found == of_units(np.array([1, 2]), np.array([5.0, 1.0]))
    assert found.ratio == pytest.approx(2.0)


def test_the_variance_is_that_of_repeated_experiments_with_units_that_return() -> None:
    rng = np.random.default_rng(2)
    habit = rng.gamma(1.0, 1.0, size=(4000, 200))
    decisions = 1 + rng.poisson(3 * habit)
    cost = rng.poisson(decisions * habit)
    ratios = cost.sum(axis=1) / decisions.sum(axis=1)
    claimed = np.mean([of_units(d, c).variances()[0] / 200 for d, c in zip(decisions[:400], cost[:400], strict=True)])
    assert claimed == pytest.approx(ratios.var(), rel=0.1)
    as_if_independent = np.mean(cost.sum(axis=1) / decisions.sum(axis=1) ** 2)
    assert claimed > 2 * as_if_independent


def test_nothing_and_a_single_unit_have_no_variance() -> None:
    assert of_decisions(np.array([]), np.array([])) == Moments()
    assert math.isnan(Moments().ratio)
    assert all(math.isnan(figure) for figure in of_units(np.ones(1), np.ones(1)).variances())
    assert Moments() + of_units(np.ones(3), np.arange(3)) == of_units(np.ones(3), np.arange(3))
