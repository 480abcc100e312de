"""Thompson sampling: each arm is drawn as often as it is likely to be the best.

Thompson (1933), "On the likelihood that one unknown probability exceeds another"; drawing by the probabilities of
being best is Scott (2010), "A modern Bayesian look at the multi-armed bandit".
"""

from collections.abc import Sequence

from understudy.records import ArmReward
from understudy.statistics.best_arm import best, posterior


def odds(names: Sequence[str], rewards: Sequence[ArmReward], exploration: float = 0.05) -> tuple[float, ...]:
    """Probability with which to draw each arm.

    Args:
        names: the arms in their order.
        rewards: what is known; arms that are left out have no labels yet.
        exploration: smallest probability of any arm, at most 1 / arms.
    """
    known = {reward.arm: reward for reward in rewards}
    found = [known.get(name, ArmReward(name, 0, 0.0)) for name in names]
    floor = min(exploration, 1 / len(names))
    shared = floor + (1 - floor * len(names)) * best(*posterior(found))
    return tuple(float(share) for share in shared)
