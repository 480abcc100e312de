"""How fast time passes: history's clock against the wall's."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta


class Pace:
    """Waits until a moment of history has come; at full speed it has always come."""

    def __init__(
        self,
        start: datetime,
        speed: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._start, self._speed = start, speed
        self._clock, self._sleep = clock, sleep
        self._began = clock()

    async def until(self, moment: datetime) -> None:
        """Return when ``moment`` has come; at once when it lies behind."""
        if self._speed is None:
            return
        due = self._began + (moment - self._start) / timedelta(seconds=1) / self._speed
        if (wait := due - self._clock()) > 0:
            await self._sleep(wait)
