"""From a batch to its parts by arm, as the deployment says."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from serving.lineup import Lineup
from serving.routing.arm import Arm
from serving.routing.assign import CHAMPION, arm_at, shares
from serving.routing.bandit import odds
from serving.routing.breaker import Breaker
from serving.settings import ServingSettings
from understudy.records import ArmReward, Deployment
from understudy.records.deployment import Placed

if TYPE_CHECKING:
    from serving.answering import Batch

Draw = Callable[[int], Iterable[float]]
"""Gives so many numbers in [0, 1)."""


class Router:
    """Parts batches; keeps the arms at work and what a bandit has learned."""

    def __init__(self, settings: ServingSettings, draw: Draw | None = None) -> None:
        self.settings = settings
        self.arms: dict[tuple[str, str], Arm] = {}
        """Challengers by name and digest; one that stays over a new revision keeps its breaker's memory."""
        self.odds: tuple[float, ...] = ()
        """A bandit's shares at the last refresh, in the order of the arms; empty in other modes."""
        self._draw: Draw = draw or np.random.default_rng().random
        self._lineup: Lineup | None = None

    def take(self, lineup: Lineup) -> None:
        """Make the arms of a new lineup ready."""
        deployment = lineup.deployment
        wanted = {(placed.name, placed.digest): placed for placed in deployment.arms[1:]}
        self.arms = {place: self.arms.get(place) or self._arm(lineup, placed) for place, placed in wanted.items()}
        before = self._lineup.deployment if self._lineup else None
        self._lineup = lineup
        if deployment.mode != "bandit":
            self.odds = ()
        elif before is None or not self.odds or before.arms != deployment.arms or before.revision < lineup.since:
            self.learn(())

    def arm(self, placed: Placed) -> Arm:
        """The challenger in a place of the lineup."""
        return self.arms[(placed.name, placed.digest)]

    def learn(self, rewards: Sequence[ArmReward]) -> None:
        """Renew a bandit's shares."""
        if self._lineup is not None and self._lineup.deployment.mode == "bandit":
            names = [arm.name for arm in self._lineup.deployment.arms]
            self.odds = odds(names, rewards, self.settings.exploration)

    def part(self, batch: "Batch") -> tuple["Batch | None", list[tuple[int, "Batch"]]]:
        """The champion's rows (none when it has none), and those of each challenger by its place."""
        deployment = batch.lineup.deployment
        weights = self.weights(deployment, batch.at)
        if weights[CHAMPION] >= 1:
            return batch, []
        units = [unit or key or id_ for unit, key, id_ in zip(batch.units, batch.keys, batch.ids, strict=True)]
        drawn = self._draw(len(units)) if deployment.mode == "bandit" else shares(deployment.salt, units)
        chosen = [arm_at(share, weights) for share in drawn]
        batch.propensities = [weights[place] for place in chosen]
        parts = {
            place: batch.take([row for row, arm in enumerate(chosen) if arm == place]) for place in sorted(set(chosen))
        }
        return parts.pop(CHAMPION, None), list(parts.items())

    def weights(self, deployment: Deployment, now: datetime) -> tuple[float, ...]:
        """Share of each arm at a moment: a bandit's as learned, others as the deployment says."""
        learned = deployment.mode == "bandit" and not deployment.killed and len(self.odds) == len(deployment.arms)
        return self.odds if learned else deployment.weights(now)

    def close(self) -> None:
        """Stop the challengers' threads."""
        for arm in self.arms.values():
            arm.close()

    def _arm(self, lineup: Lineup, placed: Placed) -> Arm:
        said = self.settings
        breaker = Breaker(said.breaker_window, said.breaker_fewest, said.breaker_share, said.breaker_cooldown)
        return Arm(lineup.model(placed), breaker, said.challenger_time)
