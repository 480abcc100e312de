from math import exp, lgamma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.routing.bandit import best, odds
from understudy.records import ArmReward

pytestmark = pytest.mark.unit

NAMES = ("champion", "challenger")


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


def test_without_labels_every_arm_is_as_likely() -> None:
    assert odds(("a", "b", "c"), ()) == pytest.approx((1 / 3,) * 3)


@given(st.floats(0, 0.5), st.integers(0, 5000), st.floats(0, 1))
def test_shares_add_up_and_keep_to_the_smallest(exploration: float, decisions: int, rate: float) -> None:
    found = odds(NAMES, [ArmReward("challenger", decisions, decisions * rate)], exploration)
    assert sum(found) == pytest.approx(1)
    assert min(found) >= exploration - 1e-12


def test_the_same_rewards_give_the_same_shares() -> None:
    rewards = [ArmReward("champion", 500, 400.5), ArmReward("challenger", 60, 51.25)]
    assert odds(NAMES, rewards) == odds(NAMES, rewards)


@pytest.mark.parametrize("seed", range(3))
def test_the_better_arm_gets_most_and_regret_is_below_an_even_split(seed: int) -> None:
    rates, draw = np.array([0.6, 0.7]), np.random.default_rng(seed)
    decisions, reward, shares = np.zeros(2), np.zeros(2), odds(NAMES, ())
    pulls, refreshes = 50, 200
    for _ in range(refreshes):
        arms = (draw.random(pulls) < shares[1]).astype(int)
        won = draw.random(pulls) < rates[arms]
        np.add.at(decisions, arms, 1)
        np.add.at(reward, arms, won)
        known = [ArmReward(name, int(decisions[n]), float(reward[n])) for n, name in enumerate(NAMES)]
        shares = odds(NAMES, known, exploration=0.05)
    total = pulls * refreshes
    assert decisions[1] > 0.8 * total
    assert decisions[0] >= 0.03 * total
    regret, even = decisions[0] * 0.1, total / 2 * 0.1
    assert regret < 0.5 * even
