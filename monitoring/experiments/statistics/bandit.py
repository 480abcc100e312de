"""How a bandit did: what it believes, what learning cost, and what other policies would have earned.

Rewards arrive late, so beliefs rest on the decisions whose label has landed. Regret is against always using the arm
that turned out best (Lai & Robbins 1985). What a policy that was never used would have earned follows from the logged
probabilities of what was: Horvitz & Thompson 1952 (IPS), Hájek 1971 and Swaminathan & Joachims 2015 (self-normalised),
Dudík, Langford & Li 2011 (doubly robust).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta as beta_distribution

from understudy.records import ArmReward
from understudy.statistics.best_arm import best, posterior
from understudy.statistics.metrics import Array, FloatArray


@dataclass(frozen=True)
class Belief:
    """What is thought of an arm's mean reward."""

    arm: str
    decisions: int
    """Whose label is known."""
    mean: float
    low: float
    high: float
    """The middle 95 % of the Beta posterior."""
    best: float
    """Probability of being the best arm."""


@dataclass(frozen=True)
class PolicyValue:
    """Mean reward of a policy, estimated from decisions that another one took."""

    value: float
    error: float
    """Standard error."""


def beliefs(rewards: Sequence[ArmReward]) -> tuple[Belief, ...]:
    """Beta posteriors of the arms from a uniform prior, and each one's probability of being the best."""
    alpha, beta = posterior(rewards)
    low, high = beta_distribution.ppf([[0.025], [0.975]], alpha, beta)
    rows = zip(rewards, alpha / (alpha + beta), low, high, best(alpha, beta), strict=True)
    return tuple(Belief(arm.arm, arm.decisions, *map(float, figures)) for arm, *figures in rows)


def regret(decisions: Array, means: Array) -> FloatArray:
    """Reward that was missed so far by not always using the best arm [times].

    ``R_t = Σ_s≤t Σ_a n_sa (μ* - μ_a)``. That of an even split is ``regret(even, means)`` with the same row sums.

    Args:
        decisions: how many each arm took in each period [times, arms].
        means: mean reward of each arm, by the best knowledge there is [arms].
    """
    lost = float(np.max(means)) - np.asarray(means, dtype=np.float64)
    missed: FloatArray = np.cumsum(np.asarray(decisions, dtype=np.float64) @ lost)
    return missed


def ips(reward: Array, propensity: Array, target: Array) -> PolicyValue:
    """Inverse propensity score: mean of ``r π(a) / p(a)``. Unbiased; noisy where the policies differ much.

    Args:
        reward: of each decision [rows].
        propensity: probability with which its arm was chosen then, greater than 0 [rows].
        target: probability with which the target policy chooses that arm [rows].
    """
    return _mean(_ratio(target, propensity) * reward)


def self_normalised(reward: Array, propensity: Array, target: Array) -> PolicyValue:
    """``Σ w r / Σ w`` with w = π(a) / p(a): a small bias for less noise; never outside the range of rewards."""
    weight = _ratio(target, propensity)
    value = float((weight * reward).sum() / weight.sum())
    residual = weight * (reward - value)
    return PolicyValue(value, math.sqrt(float((residual**2).sum())) / float(weight.sum()))


def doubly_robust(reward: Array, chosen: Array, propensity: Array, target: Array, predicted: Array) -> PolicyValue:
    """Mean of ``Σ_a π(a) r̂(a) + π(a) / p(a) (r - r̂(a))``: unbiased if either propensities or predictions are right.

    Args:
        reward: of each decision [rows].
        chosen: position of the arm that took it [rows].
        propensity: probability with which it was chosen then [rows].
        target: the target policy's probabilities [rows, arms].
        predicted: reward that a model expects of each arm, fitted on other rows [rows, arms].
    """
    rows = np.arange(len(reward))
    direct = (target * predicted).sum(axis=1)
    correction = _ratio(target[rows, chosen], propensity) * (reward - predicted[rows, chosen])
    return _mean(direct + correction)


def _ratio(target: Array, propensity: Array) -> FloatArray:
    return np.asarray(target, dtype=np.float64) / np.asarray(propensity, dtype=np.float64)


def _mean(terms: FloatArray) -> PolicyValue:
    return PolicyValue(float(terms.mean()), float(terms.std(ddof=1)) / math.sqrt(len(terms)))
