"""What somebody asks for: who, why, and where a version is wanted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from understudy.errors import DeploymentError
from understudy.records.deployment import Mode


@dataclass(frozen=True)
class Signature:
    """Who makes a change, why and when (UTC without zone)."""

    who: str
    why: str
    at: datetime

    def __post_init__(self) -> None:
        if not self.why.strip():
            raise DeploymentError("A change of what serves needs a reason.", "Say why; the history keeps it.")


@dataclass(frozen=True)
class Placement:
    """Where a version is wanted."""

    mode: Mode | Literal["shadow"] = "single"
    weight: float | None = None
    """Percent of the traffic, 0 to 100; by default 5 for a canary and 50 for another arm."""
    ramp: tuple[float, ...] = ()
    """A canary's percentages in turn, instead of a weight."""
    hold: float = 3600.0
    """Seconds that each step of the ramp is held."""
    experiment: str = ""


def require_sense(placement: Placement) -> None:
    """
    Raises:
        DeploymentError: weight, ramp and mode do not go together.
    """
    if placement.ramp and placement.mode != "canary":
        raise DeploymentError(f"Only a canary ramps, and the mode is {placement.mode}.", "Add --mode canary.")
    if placement.ramp and placement.weight is not None:
        raise DeploymentError("A canary has a weight or a ramp, and both were given.", "Leave one of them out.")
    if placement.weight is not None and placement.mode in ("single", "shadow"):
        raise DeploymentError(
            f"Mode {placement.mode} has no weight to set.", "Leave the weight out, or ask for a canary or an ab test."
        )
