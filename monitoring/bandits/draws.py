"""What a bandit drew: which arm, with what probability, and what it earned."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.experiments.outcomes import SLACK, Asked, assigned
from monitoring.window.segments import segment_columns
from understudy.deploying.history import competing_since
from understudy.errors import DeploymentError
from understudy.ports import Ledger
from understudy.problem import ProblemSpec
from understudy.problem.decision import Costs
from understudy.records import ArmReward, Deployment
from understudy.statistics.decisions import decision_costs
from understudy.statistics.metrics import Array, FloatArray


@dataclass(frozen=True)
class Draws:
    """Decisions of a bandit in the order of the problem's clock; every array has one entry for each."""

    arms: tuple[str, ...]
    moment: Array
    """By the problem's clock, ``datetime64[us]``."""
    chosen: NDArray[np.intp]
    """Place of the arm that was drawn, also where the champion answered instead."""
    answered: NDArray[np.intp]
    """Place of the arm that answered: the one that the bandit rewards."""
    propensity: FloatArray
    """Probability with which it was drawn."""
    reward: FloatArray
    """From 0 (the largest cost) to 1 (none); NaN until the label has landed."""
    revision: NDArray[np.int64]
    context: Mapping[str, Sequence[Any]]
    """What requests and inputs say, by segment column."""

    def __len__(self) -> int:
        return len(self.moment)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which labels are in."""
        return ~np.isnan(self.reward)

    def rewards(self) -> tuple[ArmReward, ...]:
        """What the labels say of each arm, as the router learns it."""
        found = []
        for place, arm in enumerate(self.arms):
            mine = self.reward[self.known & (self.answered == place)]
            found.append(ArmReward(arm, len(mine), float(mine.sum())))
        return tuple(found)

    def odds(self) -> FloatArray:
        """Probability of each arm at each decision [rows, arms].

        Only that of the drawn arm is logged. Of two arms the other has the rest; of more each keeps what was logged of
        it last.
        """
        if len(self.arms) == 2:
            first = np.where(self.chosen == 0, self.propensity, 1 - self.propensity)
            return np.column_stack([first, 1 - first])
        logged = np.column_stack([self._last(place) for place in range(len(self.arms))])
        total: FloatArray = logged / np.maximum(logged.sum(axis=1, keepdims=True), 1e-12)
        return total

    def _last(self, place: int) -> FloatArray:
        there = np.flatnonzero(self.chosen == place)
        if not len(there):
            return np.zeros(len(self))
        latest = np.searchsorted(there, np.arange(len(self)), side="right") - 1
        found: FloatArray = self.propensity[there[np.maximum(latest, 0)]]
        return found


@dataclass(frozen=True)
class Bandit:
    """A bandit's time in the deployment log."""

    arms: tuple[str, ...]
    versions: tuple[int, ...]
    first: Deployment
    """The oldest revision of these arms."""
    revisions: frozenset[int]
    """Those in which it drew; while the kill switch was on, it did not."""


def newest_bandit(history: Sequence[Deployment], problem: str) -> Bandit:
    """The bandit that draws now, else the last that did.

    Args:
        history: deployments, newest first.

    Raises:
        DeploymentError: there has been none.
    """
    past = list(dropwhile(lambda one: one.mode != "bandit", history))
    if not past:
        raise DeploymentError(
            f"{problem} has had no bandit.", "`understudy deploy VERSION --mode bandit` lets the rewards decide."
        )
    since = competing_since(past)
    mine = [one for one in past if one.revision >= since]
    arms = mine[0].arms
    drew = frozenset(one.revision for one in mine if not one.killed)
    return Bandit(tuple(arm.name for arm in arms), tuple(arm.version for arm in arms), mine[-1], drew)


def read_draws(
    ledger: Ledger,
    spec: ProblemSpec,
    bandit: Bandit,
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
) -> Draws:
    """The bandit's decisions between two moments of the problem's clock, with the labels of ``as_of``.

    Raises:
        StoreError: the ledger cannot be reached.
    """
    asked = Asked.of(spec, segment_columns(spec))
    chunks = ledger.answers(spec.name, bandit.first.at - SLACK, bandit.first.revision, asked.request, asked.inputs)
    low, high = since or datetime.min, until or datetime.max
    rows = (
        row if as_of is None or row["labelled_at"] is None or row["labelled_at"] <= as_of else {**row, "label": None}
        for some in chunks
        for row in some
        if row["revision"] in bandit.revisions and low <= (row["event_time"] or row["at"]) < high
    )
    return draws_of(rows, bandit.arms, spec.costs, asked)


def draws_of(rows: Iterable[dict[str, Any]], arms: tuple[str, ...], costs: Costs, asked: Asked | None = None) -> Draws:
    """Rows of the ledger as columns; those of other arms are left out."""
    wanted = asked or Asked()
    places = {arm: place for place, arm in enumerate(arms)}
    kept = [_values(row, places, wanted) for row in rows if assigned(row) in places and row["arm"] in places]
    kept.sort(key=itemgetter(0, 1))
    names = (*wanted.request, *wanted.inputs)
    columns = list(zip(*kept, strict=True)) if kept else [()] * (8 + len(names))
    moment, _, chosen, answered, propensity, label, decision, revision, *fields = columns
    return Draws(
        arms=arms,
        moment=np.array(moment, dtype="datetime64[us]"),
        chosen=np.array(chosen, dtype=np.intp),
        answered=np.array(answered, dtype=np.intp),
        propensity=np.array(propensity, dtype=np.float64),
        reward=worth(np.array(label, dtype=np.float64), np.array(decision, dtype=bool), costs),
        revision=np.array(revision, dtype=np.int64),
        context=dict(zip(names, fields, strict=True)),
    )


def _values(row: Mapping[str, Any], places: Mapping[str, int], asked: Asked) -> tuple[Any, ...]:
    return (
        row["event_time"] or row["at"],
        row["at"],
        places[assigned(row)],
        places[row["arm"]],
        row["propensity"],
        np.nan if row["label"] is None else row["label"],
        bool(row["decision"]),
        row["revision"],
        *(row["request"].get(name) for name in asked.request),
        *(row["inputs"].get(name) for name in asked.inputs),
    )


def worth(label: FloatArray, decision: Collection[bool] | Array, costs: Costs) -> FloatArray:
    """Reward of each decision, as the router counts it: 1 less its share of the largest cost; NaN without a label."""
    worst, span = scale(costs)
    paid = decision_costs(np.nan_to_num(label) >= 0.5, np.asarray(decision), costs)
    earned = (worst - paid) / span if span > 0 else np.ones(len(paid))
    return np.where(np.isnan(label), np.nan, earned)


def scale(costs: Costs) -> tuple[float, float]:
    """The largest cost, and how much of it the best outcome saves: ``cost = largest - reward * saved``."""
    said = costs.model_dump().values()
    return max(said), max(said) - min(0.0, *said)
