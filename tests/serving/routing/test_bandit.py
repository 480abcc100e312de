import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.routing.bandit import odds
from understudy.records import ArmReward

pytestmark = pytest.mark.unit

NAMES = ("champion", "challenger")


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
