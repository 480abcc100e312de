"""What to replay, where to, and how fast."""

from dataclasses import dataclass
from datetime import datetime

from pipelines.replay.faults import Fault


@dataclass(frozen=True)
class Replay:
    """One replay of one problem."""

    problem: str
    start: datetime
    """First moment, UTC without zone."""
    end: datetime
    """First moment that no longer belongs to it."""
    url: str = "http://127.0.0.1:8000"
    admin: str = "http://127.0.0.1:8001"
    token: str = ""
    speed: float | None = None
    """Seconds of history for each second; none for as fast as the server answers."""
    connections: int = 8
    faults: tuple[Fault, ...] = ()
