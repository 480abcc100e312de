"""A fault of one point in 100,000 units is caught; right shares looked at daily are not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln
from scipy.stats import chisquare

from monitoring.experiments.statistics.sample_ratio import chi_square, log_evidence, sample_ratio

pytestmark = pytest.mark.unit

EVEN = np.array([0.5, 0.5])


def caught(share: float, *, units: int = 100_000, lost: float = 0.0, looks: int = 40, seed: int = 1) -> float:
    """Share of 2,000 experiments in which the sequential test alarms at some look, limit .01."""
    cells = [share, (1 - share) * (1 - lost), (1 - share) * lost]
    drawn = np.random.default_rng(seed).multinomial(units // looks, cells, size=(2000, looks))
    counts = drawn.cumsum(axis=1)[..., :2].astype(float)
    return float((log_evidence(counts, EVEN, units, 0.01) > -math.log(0.01)).any(axis=1).mean())


@given(st.lists(st.integers(1, 5000), min_size=2, max_size=4))
def test_chi_square_is_scipys(counts: list[int]) -> None:
    weights = np.full(len(counts), 1 / len(counts))
    assert chi_square(np.array(counts, float), weights) == pytest.approx(chisquare(counts).pvalue, abs=1e-9)


@given(st.lists(st.integers(0, 5000), min_size=2, max_size=4))
def test_the_scale_of_weights_and_the_order_of_arms_do_not_matter(counts: list[int]) -> None:
    weights = [10.0 * (n + 1) for n in range(len(counts))]
    found = sample_ratio(counts, weights, planned=10_000)
    turned = sample_ratio(counts[::-1], [weight / 7 for weight in weights[::-1]], planned=10_000)
    assert found.p_value == pytest.approx(turned.p_value, rel=1e-6)
    assert found.chi_square_p == pytest.approx(turned.chi_square_p, rel=1e-6)


def test_evidence_is_the_averaged_likelihood_over_the_planned_one() -> None:
    counts, k = np.array([60.0, 40.0]), 25.0
    shares = np.random.default_rng(2).beta(k / 2, k / 2, 1_000_000)
    averaged = np.exp(60 * np.log(2 * shares) + 40 * np.log(2 * (1 - shares))).mean()
    exact = gammaln(k) - gammaln(k + 100) + (gammaln(k / 2 + counts) - gammaln(k / 2) - counts * np.log(0.5)).sum()
    assert math.exp(exact) == pytest.approx(averaged, rel=0.01)


def test_no_units_are_no_fault() -> None:
    found = sample_ratio((0, 0), (50, 50), planned=1000)
    assert (found.p_value, found.chi_square_p, found.faulty) == (1.0, 1.0, False)


def test_right_shares_do_not_alarm() -> None:
    assert caught(0.5) <= 0.01


def test_51_to_49_is_caught_in_100_000_units() -> None:
    assert caught(0.51) > 0.99
    assert sample_ratio((51_000, 49_000), (1, 1), planned=100_000).faulty


def test_smaller_faults_take_more_units() -> None:
    assert 0.3 < caught(0.505) < 0.55
    assert caught(0.505, units=300_000) > 0.95
    assert caught(0.5, lost=0.01) < 0.1
    assert caught(0.5, lost=0.01, units=1_200_000) > 0.95
