"""Off-policy estimates are right on a bandit whose truth is known; regret is what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.experiments.statistics.bandit import (
    PolicyValue,
    beliefs,
    doubly_robust,
    ips,
    regret,
    self_normalised,
)
from understudy.records import ArmReward

pytestmark = pytest.mark.unit

RATES = np.array([[0.9, 0.6, 0.5], [0.4, 0.7, 0.5]])
"""Mean reward by context and arm."""
TARGET = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
LOGGING = np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]])
TRUTH = float((TARGET * RATES).sum(axis=1).mean())


def logged(seed: int, rows: int = 400) -> tuple[np.ndarray, ...]:
    """Context, arm, propensity and reward of decisions that the logging policy took."""
    rng = np.random.default_rng(seed)
    context = rng.integers(0, 2, rows)
    chosen = (rng.random(rows)[:, None] > LOGGING[context].cumsum(axis=1)).sum(axis=1)
    reward = (rng.random(rows) < RATES[context, chosen]).astype(float)
    return context, chosen, LOGGING[context, chosen], reward


def estimates(seed: int, rates: np.ndarray = RATES, trust: float = 1.0) -> list[PolicyValue]:
    context, chosen, propensity, reward = logged(seed)
    weight = TARGET[context, chosen]
    assumed = propensity * trust
    return [
        ips(reward, assumed, weight),
        self_normalised(reward, assumed, weight),
        doubly_robust(reward, chosen, assumed, TARGET[context], rates[context]),
    ]


@pytest.fixture(scope="module")
def repeated() -> np.ndarray:
    """Values and errors of 2,000 logs [2,000, 3 ways, 2]."""
    return np.array([[(way.value, way.error) for way in estimates(seed)] for seed in range(2000)])


def test_they_are_unbiased(repeated: np.ndarray) -> None:
    values = repeated[..., 0]
    bias = values.mean(axis=0) - TRUTH
    noise = values.std(axis=0) / np.sqrt(len(values))
    assert (np.abs(bias) < 4 * noise + [0, 0.002, 0]).all()


def test_their_errors_are_those_of_repeated_logs(repeated: np.ndarray) -> None:
    assert repeated[..., 1].mean(axis=0) == pytest.approx(repeated[..., 0].std(axis=0), rel=0.08)
    covered = np.abs(repeated[..., 0] - TRUTH) < 1.96 * repeated[..., 1]
    assert (np.abs(covered.mean(axis=0) - 0.95) < 0.02).all()


def test_a_model_of_the_rewards_takes_noise_away(repeated: np.ndarray) -> None:
    by_ips, by_weights, robust = repeated[..., 0].std(axis=0)
    assert robust < by_weights < by_ips


def test_doubly_robust_stands_when_either_half_is_wrong() -> None:
    no_model = np.mean([estimates(seed, rates=np.zeros((2, 3)))[2].value for seed in range(1000)])
    assert no_model == pytest.approx(TRUTH, abs=0.01)
    wrong = np.array([[way.value for way in estimates(seed, trust=0.5)] for seed in range(1000)]).mean(axis=0)
    assert wrong[2] == pytest.approx(TRUTH, abs=0.01)
    assert wrong[0] == pytest.approx(2 * TRUTH, abs=0.02)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.05, 1)), min_size=2, max_size=30))
def test_the_policy_that_was_used_earned_its_mean(rows: list[tuple[float, float]]) -> None:
    reward, propensity = np.array(rows).T
    for way in (ips, self_normalised):
        assert way(reward, propensity, propensity).value == pytest.approx(reward.mean())


def test_regret_adds_up_what_other_arms_missed() -> None:
    decisions = np.array([[10, 10], [5, 15], [0, 20]])
    assert regret(decisions, np.array([0.5, 0.7])).tolist() == pytest.approx([2.0, 3.0, 3.0])
    even = np.full((3, 2), 10)
    assert regret(decisions, np.array([0.5, 0.7]))[-1] < regret(even, np.array([0.5, 0.7]))[-1]


def test_beliefs_follow_the_labels_that_have_landed() -> None:
    champion, challenger, fresh = beliefs(
        [ArmReward("champion", 1000, 800.0), ArmReward("challenger", 1000, 850.5), ArmReward("new", 0, 0.0)]
    )
    assert champion.mean == pytest.approx(801 / 1002)
    assert champion.low < champion.mean < champion.high
    assert (fresh.mean, fresh.low, fresh.high) == pytest.approx((0.5, 0.025, 0.975))
    assert challenger.best > 50 * champion.best
    assert champion.best + challenger.best + fresh.best == pytest.approx(1.0)
