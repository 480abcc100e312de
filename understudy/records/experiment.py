"""An experiment: what was planned before it started, and how it ended."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from understudy.records.record import Record

ExperimentState = Literal["planned", "running", "ended"]


class Experiment(Record):
    """A plan that does not change once written, and the little that happens to it."""

    problem: str
    name: str = Field(pattern="^[a-z][a-z0-9-]{0,59}$")
    plan: dict[str, Any]
    """The plan as JSON; ``digest`` is its SHA-256."""
    digest: str
    who: str
    why: str
    planned_at: datetime
    state: ExperimentState = "planned"
    step: int = Field(default=0, ge=0)
    """Counts the changes of this record; a change that was based on an older step is refused."""
    started_at: datetime | None = None
    revision: int | None = None
    """Of the deployment log, with which it started."""
    ended_at: datetime | None = None
    verdict: str = ""
    outcome: dict[str, Any] = {}
    """The figures at the end, and what was done."""
