"""A circuit breaker (Nygard, "Release It!", 2007): what keeps failing is left alone for a while."""

import time
from collections import deque
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half-open"]


class Breaker:
    """Counts outcomes; says whether to try.

    It opens when, of the newest ``window`` outcomes and at least ``fewest``, the share of failures reaches ``limit``,
    or at once at a fatal one. After ``cooldown`` seconds it is half-open: one try goes through, whose outcome closes it
    or opens it again, then for twice as long as before, but no longer than ``longest``. A try that nobody reports on is
    given up after another such time.
    """

    def __init__(
        self,
        window: int = 20,
        fewest: int = 5,
        limit: float = 0.5,
        cooldown: float = 10.0,
        longest: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fewest, self.limit, self.clock = min(fewest, window), limit, clock
        self.cooldown, self.longest = cooldown, max(cooldown, longest)
        self.opened = 0
        """How often it has opened."""
        self._failures: deque[bool] = deque(maxlen=window)
        self._pause = cooldown
        self._since: float | None = None
        self._trial: float | None = None

    @property
    def state(self) -> State:
        if self._since is None:
            return "closed"
        return "half-open" if self.clock() - self._since >= self._pause else "open"

    @property
    def may_try(self) -> bool:
        """What ``allow`` would say."""
        if self.state != "half-open":
            return self.state == "closed"
        return self._trial is None or self.clock() - self._trial >= self._pause

    def allow(self) -> bool:
        """Whether to try now; a yes in half-open is the one try, and its outcome must be recorded."""
        if not self.may_try:
            return False
        if self.state == "half-open":
            self._trial = self.clock()
        return True

    def record(self, succeeded: bool, fatal: bool = False) -> None:
        """Tell how a try ended. While it is open, news of tries from before changes nothing."""
        state = self.state
        if state == "open" or (state == "half-open" and self._trial is None):
            return
        if state == "half-open":
            self._pause = self.cooldown if succeeded else min(2 * self._pause, self.longest)
            self._close() if succeeded else self._open()
            return
        self._failures.append(not succeeded)
        failed = sum(self._failures)
        if fatal or (len(self._failures) >= self.fewest and failed >= self.limit * len(self._failures)):
            self._open()

    def _open(self) -> None:
        self.opened += 1
        self._since, self._trial = self.clock(), None
        self._failures.clear()

    def _close(self) -> None:
        self._since = self._trial = None
