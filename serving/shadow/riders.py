"""What shadows said, on its way to the ledger beside live predictions: a commit of its own would make those wait."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterable

from serving.shadow.sent import Said, records
from serving.shadow.tally import Tally
from serving.writes import Writes
from understudy.records import Prediction

LINGER = 0.5
"""Seconds without a live prediction after which records are stored by themselves."""
GROUP = 128
"""Records that are stored together then, so that a live prediction can come between."""


class Riders:
    """Records that wait for a ride. For one event loop."""

    def __init__(self, ledger: Writes, tally: Tally) -> None:
        self.seats = 1
        """Most records that ride beside one live prediction: no answer waits for many at once."""
        self._ledger, self._tally = ledger, tally
        self._waiting: deque[Said] = deque()
        self._ridden = 0.0
        self._lingering: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()

    def add(self, rows: Iterable[Said]) -> None:
        self._waiting.extend(rows)
        if self._lingering is None or self._lingering.done():
            self._lingering = asyncio.create_task(self._linger())

    def take(self, live: int) -> list[Prediction]:
        """Records to be stored beside so many live predictions; tell ``landed`` how that went."""
        self._ridden = time.monotonic()
        return self._take(live * self.seats)

    def landed(self, taken: list[Prediction], stored: bool) -> None:
        """Count what ``take`` gave, once it is stored or lost."""
        for record in taken:
            if not stored:
                self._tally.lose(record.arm, 1, "ledger")
                continue
            self._tally.outstanding -= 1
            (self._tally.failed if record.score is None else self._tally.scored)[record.arm] += 1

    async def flush(self) -> None:
        """Store everything that waits now."""
        while taken := self._take(GROUP):
            try:
                await self._ledger.write(taken)
            except Exception:  # whatever the ledger lacks, nobody waits for this
                self.landed(taken, stored=False)
            else:
                self.landed(taken, stored=True)

    async def close(self) -> None:
        self._ending.set()
        if self._lingering is not None:
            await self._lingering
        await self.flush()

    async def _linger(self) -> None:
        """Store what no live prediction has taken along."""
        while self._waiting:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), LINGER)
            if self._ending.is_set() or time.monotonic() - self._ridden >= LINGER:
                await self.flush()

    def _take(self, most: int) -> list[Prediction]:
        if not self._waiting:
            return []
        return records([self._waiting.popleft() for _ in range(min(most, len(self._waiting)))])
