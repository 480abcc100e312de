"""What is watched once a model serves: windows, limits, rules, and what a new training learns from."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from understudy.problem.decision import Gates
from understudy.problem.features import parse_span
from understudy.problem.part import Part

FLOORS = ("roc_auc", "pr_auc", "brier", "cost_per_1000", "segment_roc_auc")
"""Gates that hold a figure against a number, and not against another model's on the same rows."""

Action = Literal["investigate", "adjust_threshold", "retrain", "rollback"]


class Drift(Part):
    """How drift is measured. Limits come from windows of the training rows: see ``docs/monitoring.md``."""

    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """Share of calm windows in which some column, whichever, may pass its limit."""
    numbers: str = "psi"
    """Evidently's name of the measure for numbers."""
    categories: str = "psi"
    """Evidently's name of the measure for categories."""
    skip: tuple[str, ...] = ()
    """Inputs that are not watched, such as a date."""


class Rule(Part):
    """When a reading calls for an action."""

    name: str = Field(pattern="^[a-z][a-z0-9-]{0,59}$")
    signal: str
    """Name of a reading, or a pattern (``drift.input.*``) that is the rule for each reading it fits."""
    above: float | Literal["limit"] | None = None
    """The number that the reading must pass, or ``limit`` for the one that the reading carries."""
    below: float | Literal["limit"] | None = None
    bound: Literal["value", "low", "high"] = "value"
    """Which end of the reading's interval must pass: ``low`` with ``above`` asks for confidence."""
    minimum: int = Field(default=200, ge=1)
    """Rows below which a reading says nothing."""
    window: str | None = None
    """Length of the windows that it is for; of all unless given."""
    windows: int = Field(default=1, ge=1)
    """Windows in a row that must pass before the rule fires."""
    clears: float = Field(default=0.9, gt=0, le=1)
    """Hysteresis: a standing alert ends once the reading is back within this share of the limit."""
    cooldown: str = "1d"
    """Time (of the windows) after an action of this rule in which it does not act again."""
    action: Action = "investigate"

    _spans = field_validator("cooldown", "window")(lambda text: (text and parse_span(text), text)[1])

    @model_validator(mode="after")
    def _one_side(self) -> "Rule":
        if (self.above is None) == (self.below is None):
            raise ValueError(f"rule {self.name} needs either above or below")
        return self


class Retraining(Part):
    """Which rows a training as of a moment learns from, back from that moment: spans, each before the next one."""

    train: str | None = None
    """None for everything from the beginning."""
    calibration: str = "7d"
    validation: str = "14d"
    test: str = "14d"
    canary: tuple[float, ...] = (5.0, 25.0, 50.0)
    """Percentages through which a version goes that proved itself in the shadow."""
    hold: str = "1h"
    """How long each of them is held, by the machine's clock."""
    gates: dict[str, float | bool | None] = {}
    """What the gate asks of a retraining instead: keys of ``gates``. A floor that was written for the rows of one
    period means nothing on those of another, so the floors of ``gates`` hold only where they are repeated here; what
    a retraining must be is better than the champion on the same rows."""

    _spans = field_validator("train", "calibration", "validation", "test", "hold")(
        lambda text: (text and parse_span(text), text)[1]
    )

    @field_validator("gates")
    @classmethod
    def _are_gates(cls, given: dict[str, float | bool | None]) -> dict[str, float | bool | None]:
        return Gates.model_validate(given).model_dump(include=set(given))

    def judged_by(self, gates: Gates) -> Gates:
        """The problem's gates as they are for a retraining."""
        return gates.model_copy(update=dict.fromkeys(FLOORS) | {"better_than_champion": True} | self.gates)


class Guard(Part):
    """What the guard allows an arm beside the champion: how much worse it may be. None leaves that out."""

    alpha: float = Field(default=0.01, gt=0, lt=0.5)
    """Probability with which an arm that keeps all of these is taken out all the same, however long it serves."""
    errors: float | None = Field(default=0.02, ge=0, lt=1)
    """Share of requests that it failed at."""
    fallbacks: float | None = Field(default=0.05, ge=0, lt=1)
    """Share that the champion answered in its place, for whatever reason."""
    slow_ms: float = Field(default=100.0, gt=0)
    """Milliseconds beyond which an answer is slow."""
    slow: float | None = Field(default=0.1, ge=0, lt=1)
    """Share of slow answers."""
    constant: float | None = Field(default=0.5, ge=0, lt=1)
    """Share of its commonest score."""
    decisions: float | None = Field(default=0.25, ge=0, lt=1)
    """Share of positive decisions, more or fewer."""
    cost: float | None = Field(default=0.5, ge=0)
    """Cost of a decision, overall and in each segment, as a share of the champion's."""
    units: int = Field(default=50, ge=2)
    """Labelled units of each arm before anything is said about cost."""


class Monitoring(Part):
    """How a problem is watched."""

    window: str = "7d"
    long_window: str | None = None
    """A second, longer look that ends with each window: for what moves too slowly to stand out in a short one."""
    smallest: int = Field(default=200, ge=1)
    """Rows below which a window gives no drift and no quality figures."""
    segments: tuple[str, ...] = ()
    """Columns by which live figures are broken down; those of the evaluation unless given."""
    drift: Drift = Drift()
    guard: Guard = Guard()
    rules: tuple[Rule, ...] = ()
    actions_per_hour: int = Field(default=3, ge=0)
    """Actions other than ``investigate`` that all rules together may start within an hour by the clock."""
    dry_run: bool = False
    """Whether actions are decided and recorded, and not taken."""
    retraining: Retraining = Retraining()

    _spans = field_validator("window", "long_window")(lambda text: (text and parse_span(text), text)[1])

    @model_validator(mode="after")
    def _rules_are_told_apart(self) -> "Monitoring":
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names):
            raise ValueError("two monitoring rules share a name")
        return self
