"""What is watched once a model serves: windows, limits, rules, and what a new training learns from."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from understudy.problem.features import parse_span
from understudy.problem.part import Part

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
    windows: int = Field(default=1, ge=1)
    """Windows in a row that must pass before the rule fires."""
    clears: float = Field(default=0.9, gt=0, le=1)
    """Hysteresis: a standing alert ends once the reading is back within this share of the limit."""
    cooldown: str = "1d"
    """Time (of the windows) after an action of this rule in which it does not act again."""
    action: Action = "investigate"

    _span = field_validator("cooldown")(lambda text: (parse_span(text), text)[1])

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

    _spans = field_validator("train", "calibration", "validation", "test")(
        lambda text: (text and parse_span(text), text)[1]
    )


class Monitoring(Part):
    """How a problem is watched."""

    window: str = "7d"
    smallest: int = Field(default=200, ge=1)
    """Rows below which a window gives no drift and no quality figures."""
    segments: tuple[str, ...] = ()
    """Columns by which live figures are broken down; those of the evaluation unless given."""
    drift: Drift = Drift()
    rules: tuple[Rule, ...] = ()
    actions_per_hour: int = Field(default=3, ge=0)
    """Actions other than ``investigate`` that all rules together may start within an hour by the clock."""
    dry_run: bool = False
    """Whether actions are decided and recorded, and not taken."""
    retraining: Retraining = Retraining()

    _span = field_validator("window")(lambda text: (parse_span(text), text)[1])

    @model_validator(mode="after")
    def _rules_are_told_apart(self) -> "Monitoring":
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names):
            raise ValueError("two monitoring rules share a name")
        return self
