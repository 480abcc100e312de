"""What the ledger holds: what was answered, and what came true."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Standing = Literal["live", "shadow"]


@dataclass(slots=True)
class Prediction:
    """One score of one request by one version. Times are UTC without zone.

    A plain dataclass rather than a ``Record``: thousands are made each second.
    """

    id: str
    """UUID, version 7: in the order of time, with 74 bits that nobody can guess."""
    problem: str
    at: datetime
    """When it was answered."""
    event_time: datetime | None
    """The request's own prediction time; none for problems without one."""
    key: str
    """Business key (the problem's id column), by which labels arrive; empty when the request had none."""
    unit: str
    """What experiments assign as a whole; empty when the problem has none."""
    standing: Standing
    arm: str
    version: int
    revision: int
    """Of the deployment that routed it."""
    experiment: str
    propensity: float
    """Probability with which this arm was chosen; 1 for shadows."""
    score: float | None
    """Calibrated probability; none for a shadow that failed."""
    threshold: float
    decision: bool | None
    fallback: str = ""
    """Why the champion answered in another arm's place (``error``, ``timeout``, ``open circuit``), or empty."""
    flags: list[str] = field(default_factory=list)
    """What was odd and accepted, such as ``unseen category: dest``."""
    request: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    """What the model read; none for missing numbers."""
    latency_ms: float = 0.0
    live: str = ""
    """For a shadow: id of the live prediction of the same request."""
    error: str = ""
    """Why a shadow has no score."""


@dataclass(frozen=True, slots=True)
class Label:
    """What came true, by prediction id or by business key."""

    problem: str
    value: float
    prediction: str = ""
    key: str = ""
    landed_at: datetime | None = None
    """When it became known; the time of receipt unless said."""
    source: str = ""


LabelOutcome = Literal["stored", "repeated", "contradicts"]
"""A label that contradicts an earlier one is kept and flagged; the earlier one stands."""


@dataclass(frozen=True, slots=True)
class ArmReward:
    """What the labels that have landed say of an arm's decisions."""

    arm: str
    decisions: int
    """Live decisions whose label is known."""
    reward: float
    """Sum over them of 1 - cost / largest possible cost, each in 0 to 1."""
