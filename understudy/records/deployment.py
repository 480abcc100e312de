"""What serves: a revision of the deployment log."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field, model_validator

from understudy.records.record import Record

Mode = Literal["single", "canary", "ab", "bandit"]
Change = Literal["deploy", "promote", "rollback", "route", "kill", "threshold"]
CHAMPION = "champion"
"""Name of the arm that answers when another cannot."""
CHALLENGER = "challenger"


class Placed(Record):
    """A version in a place of the deployment, pinned by the content of its bundle."""

    name: str = Field(pattern="^[a-z][a-z0-9_-]{0,39}$")
    version: int = Field(ge=1)
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    threshold: float | None = Field(default=None, ge=0.0, le=1.0)
    """Decides in the place of the bundle's own threshold, where there is one."""


class Arm(Placed):
    """A version that answers a share of the traffic."""

    weight: float = Field(ge=0.0, le=1.0)


class Shadow(Placed):
    """A version that scores the same requests, and whose answers nobody is given."""


class Ramp(Record):
    """A canary's share over time: each share in turn, the last one for good."""

    shares: tuple[float, ...] = Field(min_length=1)
    hold: float = Field(gt=0)
    """Seconds that each share is held."""

    @model_validator(mode="after")
    def _rises(self) -> "Ramp":
        if any(not 0 <= share <= 1 for share in self.shares) or list(self.shares) != sorted(self.shares):
            raise ValueError("a ramp's shares lie between 0 and 1 and do not fall")
        return self


class Deployment(Record):
    """One revision. The newest serves; a change states the revision that it was based on."""

    problem: str
    revision: int = Field(ge=1)
    mode: Mode
    arms: tuple[Arm, ...] = Field(min_length=1)
    """The champion first; the weights add up to 1."""
    shadows: tuple[Shadow, ...] = ()
    ramp: Ramp | None = None
    salt: str = ""
    """Parts units into arms; kept over revisions, so that a unit stays in its arm while the weights stay; new for
    each experiment."""
    experiment: str = ""
    killed: bool = False
    """Whether the kill switch sends everything to the champion; arms and weights stay recorded."""
    change: Change
    restores: int | None = None
    """Revision that a rollback restored."""
    who: str
    why: str
    at: datetime
    """When it was made, UTC without zone."""

    @model_validator(mode="after")
    def _hangs_together(self) -> "Deployment":
        names = [placed.name for placed in (*self.arms, *self.shadows)]
        if len(set(names)) < len(names):
            raise ValueError("two arms or shadows share a name")
        if self.arms[0].name != CHAMPION:
            raise ValueError(f"the first arm must be called {CHAMPION}")
        if abs(sum(arm.weight for arm in self.arms) - 1) > 1e-9:
            raise ValueError("the weights of the arms do not add up to 1")
        if (self.mode == "single") != (len(self.arms) == 1):
            raise ValueError(f"mode {self.mode} cannot have {len(self.arms)} arms")
        if self.mode == "canary" and len(self.arms) != 2:
            raise ValueError("a canary has a champion and one challenger")
        if self.ramp is not None and self.mode != "canary":
            raise ValueError("only a canary ramps")
        return self

    @property
    def champion(self) -> Arm:
        return self.arms[0]

    def weights(self, now: datetime) -> tuple[float, ...]:
        """Share of each arm at a moment (UTC without zone): fixed, ramped, or the champion's alone."""
        if self.killed:
            return (1.0, *(0.0 for _ in self.arms[1:]))
        if self.ramp is None:
            return tuple(arm.weight for arm in self.arms)
        held = max(now - self.at, timedelta()) / timedelta(seconds=self.ramp.hold)
        share = self.ramp.shares[min(int(held), len(self.ramp.shares) - 1)]
        return (1 - share, share)
