from math import exp, lgamma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.statistics.best_arm import best

pytestmark = pytest.mark.unit


def b_beats_a(a1: int, b1: int, a2: int, b2: int) -> float:
    """Closed form for whole parameters (Miller 2015, "Formulas for Bayesian A/B testing")."""

    def log_beta(x: float, y: float) -> float:
        return lgamma(x) + lgamma(y) - lgamma(x + y)

    return sum(exp(log_beta(a1 + i, b2 + b1) - log_beta(1 + i, b2) - log_beta(a1, b1)) / (b2 + i) for i in range(a2))


@settings(deadline=None, max_examples=40)
@given(*(st.integers(1, 400) for _ in range(4)))
def test_two_arms_follow_the_closed_form(a1: int, b1: int, a2: int, b2: int) -> None:
    found = best(np.array([a1, a2], float), np.array([b1, b2], float))
    assert found.sum() == pytest.approx(1)
    assert found[1] == pytest.approx(b_beats_a(a1, b1, a2, b2), abs=2e-4)


def test_many_labels_make_it_sure_and_close_calls_stay_open() -> None:
    alpha, beta = np.array([900_000.0, 903_000.0, 1.0]), np.array([100_000.0, 97_000.0, 1.0])
    sure = best(alpha, beta)
    assert sure[0] < 1e-6
    assert sure[2] == pytest.approx(1 - 0.903, abs=0.002)


def test_three_arms_agree_with_simulation() -> None:
    alpha, beta = np.array([30.0, 35.0, 5.0]), np.array([70.0, 65.0, 8.0])
    drawn = np.random.default_rng(3).beta(alpha, beta, size=(200_000, 3)).argmax(axis=1)
    assert best(alpha, beta) == pytest.approx(np.bincount(drawn) / len(drawn), abs=0.005)
