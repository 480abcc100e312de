"""Evidence without approximation: what is claimed of an excess holds at every look."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import betaln, xlog1py, xlogy

from monitoring.experiments.statistics.rates import least_excess, likeliest, log_evidence

pytestmark = pytest.mark.unit

arms = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(deadline=None, max_examples=30)
@given(arms, arms, st.floats(-0.5, 0.5))
def test_the_likeliest_pair_is_found(first: tuple[int, int], other: tuple[int, int], margin: float) -> None:
    (s, n), (t, m) = first, other

    def unlikely(p: float) -> float:
        return -float(xlogy(s, p) + xlog1py(n - s, -p) + xlogy(t, p + margin) + xlog1py(m - t, -p - margin))

    low, high = max(0.0, -margin), min(1.0, 1.0 - margin)
    best = minimize_scalar(unlikely, bounds=(low + 1e-12, high - 1e-12), method="bounded", options={"xatol": 1e-12})
    found = float(likeliest(*(np.array(float(x)) for x in (s, n - s, t, m - t, margin))))
    assert unlikely(min(max(found, low + 1e-12), high - 1e-12)) <= best.fun + 1e-6


def test_evidence_is_the_mixture_over_the_likeliest_pair() -> None:
    mixture = sum(betaln(0.5 + s, 0.5 + f) - betaln(0.5, 0.5) for s, f in [(2, 38), (9, 11)])
    expected = mixture - (11 * math.log(11 / 60) + 49 * math.log(49 / 60))
    assert float(log_evidence(2, 40, 9, 20, 0.0)) == pytest.approx(expected)
    assert float(log_evidence(9, 20, 2, 40, 0.0)) == -math.inf


@settings(deadline=None, max_examples=30)
@given(arms, arms, st.sampled_from([0.001, 0.05]))
def test_the_least_excess_is_where_the_evidence_ends(
    first: tuple[int, int], other: tuple[int, int], alpha: float
) -> None:
    excess = least_excess(*first, *other, alpha)
    assert -1 <= excess <= max(other[0] / other[1] - first[0] / first[1], -1)
    if excess > -1 + 1e-6:
        assert float(log_evidence(*first, *other, excess - 1e-7)) >= -math.log(alpha) - 1e-3
        assert float(log_evidence(*first, *other, excess + 1e-7)) <= -math.log(alpha) + 1e-3


def test_more_confidence_claims_less() -> None:
    claims = [least_excess(1, 100, 20, 50, alpha) for alpha in (0.2, 0.05, 0.01, 0.001)]
    assert claims == sorted(claims, reverse=True)
    assert claims[0] < 0.39


def test_nothing_seen_claims_nothing() -> None:
    assert least_excess(0, 0, 0, 0, 0.05) == -1.0
    assert least_excess(50, 50, 0, 3, 0.05) == -1.0
