"""Adaptive micro-batches: what is asked in the same turn of the event loop is answered together.

Nobody waits on a timer. While earlier batches are at work, what comes in meanwhile makes up the next one, so that
batches grow with the load by themselves.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

from serving.errors import Overloaded
from understudy.records import Prediction

Row = Mapping[str, Any]


class Waiting:
    """One request: its rows, and the answers as they come."""

    __slots__ = ("_left", "answers", "done", "rows", "since", "taken")

    def __init__(self, rows: Sequence[Row], done: "asyncio.Future[list[Prediction]]") -> None:
        self.rows, self.done = rows, done
        self.since = time.perf_counter()
        self.taken = 0
        """Rows that are in some batch by now."""
        self.answers: list[Prediction | None] = [None] * len(rows)
        self._left = len(rows)

    def put(self, place: int, prediction: Prediction) -> None:
        """Answer one row; the request ends with its last one."""
        self.answers[place] = prediction
        self._left -= 1
        if not self._left and not self.done.done():
            self.done.set_result([answer for answer in self.answers if answer is not None])

    def fail(self, error: BaseException) -> None:
        """End the whole request with an error."""
        if not self.done.done():
            self.done.set_exception(error)


Item = tuple[Waiting, int]
"""A row of a batch: its request, and its place in it."""


class Batcher:
    """Gathers requests into batches. For one event loop."""

    def __init__(
        self,
        answer: Callable[[list[Item]], Coroutine[Any, Any, None]],
        most_rows: int = 256,
        most_waiting: int = 16_384,
        at_once: int = 1,
    ) -> None:
        """
        Args:
            answer: puts an answer to every item or fails its request; must not raise.
            most_rows: of one batch. A larger request is cut up, and smaller ones pass between its parts.
            most_waiting: rows that wait or are at work, beyond which requests are refused; one alone may have more.
            at_once: batches at work at the same time.
        """
        self.answer, self.most_rows, self.most_waiting, self.at_once = answer, most_rows, most_waiting, at_once
        self.rows = 0
        """Rows that wait or are at work."""
        self.batches = 0
        """Batches since the start."""
        self._small: deque[Waiting] = deque()
        self._large: deque[Waiting] = deque()
        self._at_work: set[asyncio.Task[None]] = set()
        self._due = False

    async def submit(self, rows: Sequence[Row]) -> list[Prediction]:
        """Answers to the rows of one request, in order.

        Raises:
            Overloaded: too many rows wait already.
        """
        if not rows:
            return []
        if self.rows and self.rows + len(rows) > self.most_waiting:
            raise Overloaded(f"{self.rows:,} rows wait to be answered, and the server takes {self.most_waiting:,}.")
        self.rows += len(rows)
        try:
            loop = asyncio.get_running_loop()
            request = Waiting(rows, loop.create_future())
            (self._large if len(rows) > self.most_rows // 2 else self._small).append(request)
            self._call(loop)
            return await request.done
        finally:
            self.rows -= len(rows)

    async def drain(self) -> None:
        """Return when nothing waits and nothing is at work."""
        while self._small or self._large or self._at_work:
            await asyncio.wait(self._at_work) if self._at_work else await asyncio.sleep(0)

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._due and len(self._at_work) < self.at_once:
            self._due = True
            loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._due = False
        items = self._gather()
        if items:
            self.batches += 1
            task = asyncio.get_running_loop().create_task(self.answer(items))
            self._at_work.add(task)
            task.add_done_callback(self._ended)
        self._go_on()

    def _gather(self) -> list[Item]:
        items: list[Item] = []
        if self._large:
            request = self._large[0]
            end = min(request.taken + self.most_rows // 2, len(request.rows))
            items += [(request, place) for place in range(request.taken, end)]
            request.taken = end
            if end == len(request.rows) or request.done.done():
                self._large.popleft()
        while self._small and len(items) + len(self._small[0].rows) <= self.most_rows:
            request = self._small.popleft()
            if not request.done.done():
                items += [(request, place) for place in range(len(request.rows))]
        return items

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._at_work.discard(task)
        self._go_on()

    def _go_on(self) -> None:
        if self._small or self._large:
            self._call(asyncio.get_running_loop())


def requests_of(items: Iterable[Item]) -> list[Waiting]:
    """The requests that a batch has rows of, each once."""
    return list(dict.fromkeys(request for request, _ in items))
