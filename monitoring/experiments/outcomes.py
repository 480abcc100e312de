"""Answers of competing arms as columns, each counted for the arm that it was assigned to."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.ports import Ledger
from understudy.problem import ProblemSpec
from understudy.problem.decision import Costs
from understudy.records import Deployment
from understudy.statistics.metrics import Array, FloatArray

FAILED = ("error", "timeout")
"""Why a fallback answered, where the arm itself failed rather than rested."""
ASSIGNED = "assigned: "
SLACK = timedelta(minutes=5)
"""By which the clocks of servers may differ."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Outcomes:
    """Live answers; each array has a row for each, in the order in which they were given."""

    moment: Array
    """By the problem's clock, datetime64."""
    arm: Array
    """The arm that the unit was assigned to, also where the champion answered in its place."""
    unit: Array
    own: Mask
    """Whether that arm itself answered."""
    failed: Mask
    """Whether that arm failed or took too long."""
    latency: FloatArray
    """Milliseconds."""
    score: FloatArray
    decision: Mask
    cost: FloatArray
    """Of the decision; NaN until its label has landed."""
    columns: Mapping[str, Sequence[Any]]
    """What requests or inputs say, by name."""

    def __len__(self) -> int:
        return len(self.arm)

    @property
    def labelled(self) -> Mask:
        return ~np.isnan(self.cost)

    def of(self, arm: str) -> "Outcomes":
        """The rows of one arm."""
        kept = self.arm == arm
        columns = {
            name: [value for value, mine in zip(values, kept, strict=True) if mine]
            for name, values in self.columns.items()
        }
        arrays = {name: value[kept] for name, value in vars(self).items() if name != "columns"}
        return Outcomes(**arrays, columns=columns)

    def units(self, arm: str) -> int:
        """Units that were assigned to an arm."""
        return len(set(self.unit[self.arm == arm].tolist()))


@dataclass(frozen=True)
class Asked:
    """Columns that are wanted beside what every answer has."""

    request: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()

    @classmethod
    def of(cls, spec: ProblemSpec, names: Iterable[str]) -> "Asked":
        """A name means the request's field where it has one, else the model's input."""
        wanted = tuple(dict.fromkeys(names))
        request = tuple(name for name in wanted if name in spec.columns and not spec.columns[name].late)
        return cls(request, tuple(name for name in wanted if name not in request))


def read_outcomes(
    ledger: Ledger, spec: ProblemSpec, first: Deployment, revisions: Collection[int], costs: Costs, asked: Asked
) -> Outcomes:
    """The live answers that some revisions routed.

    Args:
        first: the oldest of these revisions.

    Raises:
        StoreError: the ledger cannot be reached.
    """
    chunks = ledger.answers(spec.name, first.at - SLACK, first.revision, asked.request, asked.inputs)
    return outcomes_of((row for rows in chunks for row in rows if row["revision"] in revisions), costs, asked)


def outcomes_of(rows: Iterable[dict[str, Any]], costs: Costs, asked: Asked | None = None) -> Outcomes:
    """Rows of the ledger, with ``label``, as columns."""
    wanted = asked or Asked()
    names = (*wanted.request, *wanted.inputs)
    found = [_values(row, wanted) for row in rows]
    columns = list(zip(*found, strict=True)) if found else [()] * (9 + len(names))
    moment, arm, unit, own, failed, latency, score, decision, label, *fields = columns
    decided = np.array(decision, dtype=bool)
    return Outcomes(
        moment=np.array(moment, dtype="datetime64[us]"),
        arm=np.array(arm, dtype=object),
        unit=np.array(unit, dtype=object),
        own=np.array(own, dtype=bool),
        failed=np.array(failed, dtype=bool),
        latency=np.array(latency, dtype=np.float64),
        score=np.array(score, dtype=np.float64),
        decision=decided,
        cost=cost_of(decided, np.array(label, dtype=np.float64), costs),
        columns=dict(zip(names, fields, strict=True)),
    )


def cost_of(decision: Array, label: FloatArray, costs: Costs) -> FloatArray:
    """Cost of each decision; NaN without a label."""
    right = np.where(decision, costs.true_positive, costs.true_negative)
    wrong = np.where(decision, costs.false_positive, costs.false_negative)
    cost: FloatArray = np.where(decision == (label >= 0.5), right, wrong)
    return np.where(np.isnan(label), np.nan, cost)


def unit_of(row: Mapping[str, Any]) -> str:
    """What the router parts by: the unit, else the business key, else the request itself."""
    return str(row["unit"] or row["key"] or row["id"])


def assigned(row: Mapping[str, Any]) -> str:
    """A fallback carries the champion's name and says whose place it took."""
    if row["fallback"]:
        for flag in row["flags"]:
            if flag.startswith(ASSIGNED):
                return str(flag.removeprefix(ASSIGNED))
    return str(row["arm"])


def _values(row: Mapping[str, Any], asked: Asked) -> tuple[Any, ...]:
    moment: datetime = row["event_time"] or row["at"]
    return (
        moment,
        assigned(row),
        unit_of(row),
        not row["fallback"],
        row["fallback"] in FAILED,
        row["latency_ms"],
        np.nan if row["score"] is None else row["score"],
        bool(row["decision"]),
        np.nan if row["label"] is None else row["label"],
        *(row["request"].get(name) for name in asked.request),
        *(row["inputs"].get(name) for name in asked.inputs),
    )
