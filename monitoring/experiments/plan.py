"""What an experiment is about, written down before it starts; nothing of it changes afterwards."""

from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator

from understudy.errors import DataError
from understudy.files import sha256_json
from understudy.problem.decision import Costs
from understudy.problem.monitoring import Guard
from understudy.records import CHAMPION, Experiment, Record
from understudy.statistics.metrics import Array, FloatArray

Mode = Literal["ab", "canary"]


class PlannedArm(Record):
    """A version and its share of the units."""

    name: str
    version: int
    digest: str
    weight: float = Field(gt=0, lt=1)
    threshold: float | None = None
    """As ``Placed.threshold``."""


class Past(Record):
    """What the champion's labelled answers said before the experiment."""

    since: datetime
    until: datetime
    """By the problem's clock."""
    decisions: int
    units: int
    mean: float
    """Cost of a decision."""
    deviation: float
    """Of what a unit contributes to it: see ``Moments.deviation``."""
    units_per_day: float


class Covariate(Record):
    """Something known of a request before it is decided, which is the same whichever arm decides."""

    column: str
    """A field of the request, or an input that is computed before the request is routed."""
    means: dict[str, float] | None = None
    """For a category its values' mean cost in the champion's past; None for a number, which counts as it is."""
    otherwise: float = 0.0
    """For values that are missing or were not seen."""
    explained: float = Field(default=0.0, ge=0, le=1)
    """Share of the variance that it took away on the newer half of the past, when learned on the older one."""

    def of(self, values: Any) -> FloatArray:
        """The covariate of each row."""
        if self.means is not None:
            return np.array([self.means.get(str(value), self.otherwise) for value in values], dtype=np.float64)
        numbers: Array = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        return np.where(np.isfinite(numbers), numbers, self.otherwise)


class Segment(Record):
    """Rows of which a column says one thing."""

    column: str
    value: str

    @property
    def name(self) -> str:
        return f"{self.column}={self.value}"


class Plan(Record):
    """An experiment: arms, unit, metric, what matters, how sure, for how long, and what must not happen."""

    problem: str
    name: str = Field(pattern="^[a-z][a-z0-9-]{0,59}$")
    mode: Mode = "ab"
    arms: tuple[PlannedArm, ...] = Field(min_length=2)
    """The champion first; the weights add up to 1."""
    unit: str
    """What is assigned as a whole: a column, or ``request``."""
    metric: Literal["cost"] = "cost"
    """For each decision; less is better."""
    costs: Costs
    effect: float = Field(gt=0)
    """Smallest gain that matters, in the metric's unit."""
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """Over all looks and challengers."""
    power: float = Field(default=0.8, ge=0.5, lt=1)
    looks: int = Field(default=40, ge=1, le=1000)
    units: int = Field(gt=0)
    """Of all arms, with a label: what alpha, power, looks and past ask for."""
    expected: int = Field(gt=0)
    """At which it ends on average when the gain is as small as it may be."""
    days: float = Field(gt=0)
    """That the units take at the traffic of the past."""
    longest: float = Field(gt=0)
    """Days by the problem's clock after which it ends without proof."""
    past: Past
    covariate: Covariate | None = None
    guard: Guard
    segments: tuple[Segment, ...] = ()
    """In which the challenger may do no harm: those that get enough units."""
    harm: float | None
    """By which a decision may cost more in any of them, and overall, in the metric's unit."""
    act: bool = False
    """Whether the verdict changes the deployment; a breached guardrail does in any case."""

    @model_validator(mode="after")
    def _hangs_together(self) -> "Plan":
        names = [arm.name for arm in self.arms]
        if names[0] != CHAMPION or len(set(names)) < len(names):
            raise ValueError(f"the first arm must be called {CHAMPION}, and no two arms alike")
        if len({arm.digest for arm in self.arms}) < len(names):
            raise ValueError("two arms have the same model")
        if abs(sum(arm.weight for arm in self.arms) - 1) > 1e-9:
            raise ValueError("the weights of the arms do not add up to 1")
        if self.mode == "canary" and len(names) != 2:
            raise ValueError("a canary has a champion and one challenger")
        return self

    @property
    def challengers(self) -> tuple[PlannedArm, ...]:
        return self.arms[1:]

    @property
    def each_alpha(self) -> float:
        """Of one challenger's comparison."""
        return self.alpha / len(self.challengers)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the verdict needs to know of each request."""
        covariate = [self.covariate.column] if self.covariate else []
        return tuple(dict.fromkeys([*(segment.column for segment in self.segments), *covariate]))

    def planned(self, arm: PlannedArm) -> int:
        """Units of the champion and this challenger together."""
        return max(round(self.units * (self.arms[0].weight + arm.weight)), 1)

    def is_over(self, first: datetime, now: datetime) -> bool:
        return now - first >= timedelta(days=self.longest)


class AlteredPlanError(DataError):
    """Somebody changed a plan after it was written down."""


def digest_of(plan: Plan) -> str:
    """SHA-256 of the plan as it is stored."""
    return sha256_json(plan.model_dump(mode="json"))


def plan_of(experiment: Experiment) -> Plan:
    """The plan of a stored experiment.

    Raises:
        AlteredPlanError: it is not the one that was written down.
        DataError: it is of another kind than this version knows.
    """
    if sha256_json(experiment.plan) != experiment.digest:
        raise AlteredPlanError(
            f"The plan of {experiment.name} is not the one that was written down: its SHA-256 is another.",
            f"Nothing can be concluded from it: `understudy experiment stop {experiment.name}` takes its arms out; "
            "then plan a new one.",
        )
    try:
        return Plan.model_validate(experiment.plan)
    except ValidationError as error:
        raise DataError(
            f"The plan of {experiment.name} cannot be read: {error.errors()[0]['msg']}.",
            "Another version of Understudy wrote it: use that one.",
        ) from error
