"""The bandit report: all of it from the ledger and the deployment log."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from monitoring.bandits.draws import Bandit, Draws, scale
from monitoring.bandits.history import by_revision, over_time, regrets
from monitoring.bandits.policies import interval_of, policies
from monitoring.experiments.statistics.bandit import Belief, PolicyValue, beliefs
from monitoring.pages.figures import percent, ranged
from understudy.errors import DataError
from understudy.problem import ProblemSpec

FEWEST_LABELS = 100
"""Of an arm, below which its figures say little."""
SMALL = 0.05
"""A probability below which one decision counts for more than twenty."""
FEWEST_EFFECTIVE = 100
LATE = 0.2
SURE = 0.95
"""A probability of being the best from which on an arm looks proven."""


@dataclass(frozen=True)
class BanditReport:
    """What is known of a bandit. Rewards lie between 0 (the largest cost) and 1; tables are data that JSON can hold."""

    problem: str
    arms: tuple[str, ...]
    versions: tuple[int, ...]
    revision: int
    """The first of this bandit."""
    since: datetime
    until: datetime
    """Of its decisions, by the problem's clock."""
    as_of: datetime | None
    """Labels that landed later do not count; none for all that are in."""
    decisions: int
    labelled: int
    worst: float
    """The largest cost: ``cost = worst - reward * span``."""
    span: float
    beliefs: tuple[Belief, ...]
    happened: dict[str, float | None]
    """Mean reward of all labelled decisions, with its 95 % interval."""
    times: list[dict[str, Any]]
    revisions: list[dict[str, Any]]
    regrets: dict[str, Any]
    policies: list[dict[str, Any]]
    warnings: tuple[str, ...]

    def cost(self, reward: float | None) -> float | None:
        """Cost of 1,000 decisions with this mean reward."""
        return None if reward is None else 1000.0 * (self.worst - reward * self.span)

    def json(self) -> dict[str, Any]:
        seen = self.as_of and self.as_of.isoformat()
        return asdict(self) | {"since": self.since.isoformat(), "until": self.until.isoformat(), "as_of": seen}


def bandit_report(draws: Draws, bandit: Bandit, spec: ProblemSpec, as_of: datetime | None = None) -> BanditReport:
    """Everything about the decisions of one bandit.

    Args:
        as_of: moment whose labels were read, where it was not the newest.

    Raises:
        DataError: it has not decided anything yet.
    """
    if not len(draws):
        raise DataError(
            f"The bandit of {spec.name} has decided nothing in that time.", "Look at another time, or wait for traffic."
        )
    reward = draws.reward[draws.known]
    error = float(reward.std(ddof=1)) / math.sqrt(len(reward)) if len(reward) > 1 else math.nan
    estimated = policies(draws) if len(reward) > 1 else []
    worst, span = scale(spec.costs)
    return BanditReport(
        problem=spec.name,
        arms=bandit.arms,
        versions=bandit.versions,
        revision=bandit.first.revision,
        since=draws.moment[0].item(),
        until=draws.moment[-1].item(),
        as_of=as_of,
        decisions=len(draws),
        labelled=len(reward),
        worst=worst,
        span=span,
        beliefs=beliefs(draws.rewards()),
        happened=dict(interval_of(PolicyValue(float(reward.mean()), error))) if len(reward) > 1 else {"value": None},
        times=over_time(draws),
        revisions=by_revision(draws),
        regrets=regrets(draws, spec.seed),
        policies=estimated,
        warnings=tuple(_warnings(draws, estimated)),
    )


def _warnings(draws: Draws, estimated: list[dict[str, Any]]) -> Iterator[str]:
    late, fallbacks = 1 - float(draws.known.mean()), float(np.mean(draws.answered != draws.chosen))
    for arm in draws.rewards():
        if arm.decisions < FEWEST_LABELS:
            yield f"{arm.arm} has {arm.decisions:,} labels: below {FEWEST_LABELS} its figures say little."
    if late > LATE:
        yield f"{late:.0%} of the labels are not in: what lands late may differ from what landed."
    if float(draws.propensity.min()) < SMALL:
        yield (
            f"The smallest probability is {draws.propensity.min():.3g}, so that one decision counts for "
            f"{1 / draws.propensity.min():,.0f}: prefer the doubly robust and the self-normalised estimates."
        )
    yield from _confounded(draws, estimated)
    for row in estimated:
        if row["effective"] < FEWEST_EFFECTIVE:
            yield f"What is said of “{row['policy']}” is worth {row['effective']:,.0f} decisions of its own."
    if fallbacks > 0:
        yield (
            f"The champion answered for another arm in {fallbacks:.1%} of the decisions. The router rewards who "
            "answered; the estimates of policies count them for the arm that was drawn."
        )


def _confounded(draws: Draws, estimated: list[dict[str, Any]]) -> Iterator[str]:
    """Arms that were drawn at other times met other odds; plain means mistake that for the arm's own merit."""
    believed = max(beliefs(draws.rewards()), key=lambda one: one.mean)
    rows = {row["policy"].removesuffix(" alone"): row for row in estimated if row["policy"].endswith(" alone")}
    alone = {arm: row["doubly_robust"] for arm, row in rows.items()}
    if not alone:
        return
    estimated_best, *others = sorted(alone, key=lambda arm: -alone[arm]["value"])
    if estimated_best != believed.arm:
        yield (
            f"By its own mean {believed.arm} is the best arm; weighed by the logged probabilities {estimated_best} is. "
            "The arms were drawn at different times, and some times are harder: the bandit's beliefs do not allow for "
            "that."
        )
    elif others and believed.best > SURE and alone[others[0]]["high"] >= alone[believed.arm]["low"]:
        yield (
            f"By plain means {believed.arm} is the best arm with {percent(believed.best)} probability; by doubly "
            f"robust estimates the intervals of {believed.arm}, {ranged(alone[believed.arm])}, and {others[0]}, "
            f"{ranged(alone[others[0]])}, overlap. Only these estimates allow for arms that were drawn at different "
            "times, some of them harder."
        )
