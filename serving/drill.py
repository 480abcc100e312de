"""Slowness on purpose: what an operator makes an arm suffer for a while, to see what becomes of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

LONGEST_DELAY = 5.0
"""Seconds."""
LONGEST_DRILL = 3600.0


@dataclass
class Drills:
    """Delays by arm, each of which ends by itself."""

    clock: Callable[[], float] = time.monotonic
    _until: dict[str, tuple[float, float]] = field(default_factory=dict)

    def slow(self, arm: str, delay: float, seconds: float) -> None:
        """Let every answer of an arm take ``delay`` seconds longer for the next ``seconds``; 0 ends it."""
        self._until[arm] = (min(delay, LONGEST_DELAY), self.clock() + min(seconds, LONGEST_DRILL))

    def delay(self, arm: str) -> float:
        """Seconds by which an answer of the arm is late now."""
        if not self._until:
            return 0.0
        delay, until = self._until.get(arm, (0.0, 0.0))
        if delay and self.clock() < until:
            return delay
        self._until.pop(arm, None)
        return 0.0

    def now(self) -> dict[str, float]:
        """The delays that are in force."""
        return {arm: delay for arm in tuple(self._until) if (delay := self.delay(arm))}
