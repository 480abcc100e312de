"""A challenger at work: off the event loop, within a time limit, behind a breaker."""

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from serving.model import Array, FloatArray, LoadedModel, run_options
from serving.routing.breaker import Breaker

Fallback = str
"""Why an arm gave no scores: ``error``, ``timeout`` or ``open circuit``; empty when it did."""


class Arm:
    """Scores rows with one model on its own thread. For one event loop."""

    def __init__(self, model: LoadedModel, breaker: Breaker, limit: float) -> None:
        """
        Args:
            limit: seconds that a call may take, waiting for earlier ones included.
        """
        self.model, self.breaker, self.limit = model, breaker, limit
        self.fallbacks: Counter[Fallback] = Counter()
        """Rows that the champion answered instead."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="arm")
        self._overdue: asyncio.Future[Any] | None = None

    async def score(
        self, numbers: Array | None, categories: Array | None, rows: int, delay: float = 0.0
    ) -> tuple[FloatArray | None, Fallback]:
        """Scores of the rows, or none and why not.

        Args:
            delay: seconds by which a drill makes it late.
        """
        scores, fallback = await self._try(numbers, categories, delay)
        if fallback:
            self.fallbacks[fallback] += rows
        return scores, fallback

    async def _try(
        self, numbers: Array | None, categories: Array | None, delay: float
    ) -> tuple[FloatArray | None, Fallback]:
        if not self.breaker.allow():
            return None, "open circuit"
        if self._overdue is not None and not self._overdue.done():
            return self._failed("timeout")
        options = run_options()
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._thread, self._late, delay, numbers, categories, options)
        done, _ = await asyncio.wait((call,), timeout=self.limit)
        if not done:
            options.terminate = True
            self._overdue = call
            call.add_done_callback(_look_away)
            return self._failed("timeout")
        if call.cancelled() or call.exception() is not None:
            return self._failed("error")
        self.breaker.record(True)
        return call.result(), ""

    def _late(self, delay: float, numbers: Array | None, categories: Array | None, options: Any) -> FloatArray:
        if delay:
            time.sleep(delay)
        return self.model.score(numbers, categories, options)

    def _failed(self, fallback: Fallback) -> tuple[None, Fallback]:
        self.breaker.record(False)
        return None, fallback

    def close(self) -> None:
        """Stop the thread once it is done; nothing waits for it."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _look_away(call: asyncio.Future[Any]) -> None:
    """Take the outcome of a call that nobody waits for any more."""
    if not call.cancelled():
        call.exception()
