"""What the watch path finds: readings of a window, alerts, and what was done about them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from understudy.records.record import Record

AlertState = Literal["raised", "withheld", "decided", "acting", "done", "failed"]
"""``raised``: found, and nobody has decided yet. ``withheld``: no action, for the reason in ``why``. ``decided``: an
action is to be taken. ``acting``: someone is at it until ``lease``. ``done`` and ``failed`` carry the outcome."""


class Reading(Record):
    """One figure of a window."""

    name: str
    """Dotted, as in ``drift.input.wind_speed_now`` or ``quality.brier.change``."""
    value: float | None
    """None where it could not be measured; ``about`` says why."""
    low: float | None = None
    high: float | None = None
    """Ends of the 95 % interval, where there is one."""
    limit: float | None = None
    """What it should not pass, where the figure brings a limit of its own."""
    rows: int = Field(default=0, ge=0)
    """Rows it was measured on."""
    about: str = ""


class Snapshot(Record):
    """What a window of traffic looked like, seen at a moment. Times are UTC without zone, by the problem's clock."""

    problem: str
    since: datetime
    until: datetime
    """First moment after the window."""
    as_of: datetime
    """Moment of the look: labels that landed later are not in it."""
    made_at: datetime
    """When it was made, by the machine's clock."""
    version: int
    """The champion that is judged."""
    digest: str
    rows: int
    labelled: int
    readings: tuple[Reading, ...]
    details: dict[str, Any] = {}
    """Tables behind the readings, for reports; JSON."""
    report: str = ""
    """Path of the page about it, from ``home``."""
    dry: bool = False
    """Looked at by ``--dry-run``, so that a watch has yet to look at the window; false where the problem's YAML makes
    every look a dry one."""

    def reading(self, name: str) -> Reading | None:
        return next((reading for reading in self.readings if reading.name == name), None)


class Alert(Record):
    """One alert from its evidence to its outcome: the only record of it."""

    id: str
    problem: str
    rule: str
    subject: str
    """Name of the reading that passed its limit, or of the guardrail."""
    action: str
    since: datetime
    until: datetime
    """The window, by the problem's clock."""
    raised_at: datetime
    """By the machine's clock."""
    state: AlertState = "raised"
    step: int = Field(default=0, ge=0)
    """Counts the changes of this record; a change that was based on an older step is refused."""
    evidence: dict[str, Any] = {}
    """The readings, limits, suspects and segments that speak; JSON."""
    why: str = ""
    """Of the decision: why it is acted on, or withheld."""
    based_on: int | None = None
    """Revision of the deployment log that the decision was made on."""
    decided_at: datetime | None = None
    lease: datetime | None = None
    """Until when who is acting may be at it; afterwards another takes it up."""
    outcome: dict[str, Any] = {}
    ended_at: datetime | None = None
    """When the reading was back within its limit, by the problem's clock; none while the alert stands."""
    incident: str = ""
    """Path of its page, from ``home``."""
