"""Group commit: one thread that makes everything that waits durable at once."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from serving.errors import Overloaded
from understudy.errors import DataError, StoreError, UnderstudyError
from understudy.ports import Ledger
from understudy.records import Prediction

REST = 60.0
"""Seconds without a prediction after which the ledger is settled all the same."""
BUSY = 4_000
"""Rows after which it is settled although more waits."""

log = logging.getLogger("understudy.serving")


class _Batch:
    """Predictions that wait, and who waits for them."""

    __slots__ = ("done", "loop", "predictions")

    def __init__(self, predictions: Sequence[Prediction]) -> None:
        self.predictions = predictions
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self.loop.create_future()

    def give_up(self) -> None:
        if not self.done.done():
            self.done.set_exception(StoreError("The ledger does not answer.", "Look at the database and its disk."))


class LedgerWriter:
    """The only caller of ``Ledger.append`` in a server. While one group is being committed the next one gathers."""

    def __init__(self, ledger: Ledger, limit: int = 20_000, patience: float = 10.0) -> None:
        """
        Args:
            limit: rows that may wait; a batch that would exceed it is refused, unless nothing waits.
            patience: seconds that a batch may wait. What gave up may be stored all the same, and was not answered.
        """
        self.limit, self.patience = limit, patience
        self.written = self.failed = self.groups = 0
        """Rows that became durable, rows that did not, and transactions."""
        self._ledger = ledger
        self._queue: SimpleQueue[_Batch | None] = SimpleQueue()
        self._depth = 0
        self._lock = Lock()
        self._thread: Thread | None = None
        self._unsettled = 0

    @property
    def depth(self) -> int:
        """Rows that wait."""
        return self._depth

    def start(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._run, name="ledger writer", daemon=True)
            self._thread.start()

    async def write(self, predictions: Sequence[Prediction]) -> None:
        """Return once the predictions are durable.

        Raises:
            Overloaded: too many rows wait already; none of these was taken.
            StoreError: the database cannot be reached, is full or does not answer, or the writer is closed.
            DataError: one of them cannot be stored; none of them was.
        """
        if not predictions:
            return
        batch = _Batch(predictions)
        with self._lock:
            if self._thread is None:
                raise StoreError("The ledger is closed.", "The server is about to end; ask another one.")
            if self._depth and self._depth + len(predictions) > self.limit:
                raise Overloaded(f"{self._depth} predictions wait for the ledger already.")
            self._depth += len(predictions)
            self._queue.put(batch)
        hanging = batch.loop.call_later(self.patience, batch.give_up)
        try:
            await batch.done
        finally:
            hanging.cancel()

    def close(self, timeout: float = 30.0) -> None:
        """Take no more, and return when what waits is durable; blocks, so call it off the event loop.

        Raises:
            StoreError: it took longer than ``timeout`` seconds.
        """
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None:
            return
        self._queue.put(None)
        thread.join(timeout)
        if thread.is_alive():
            raise StoreError(f"{self._depth} predictions were not stored within {timeout:g} s.", "Look at the disk.")

    def _run(self) -> None:
        ending = False
        while not ending:
            group, ending = self._gather()
            if group:
                self._commit(group)
            self._settle(sum(len(batch.predictions) for batch in group))

    def _gather(self) -> tuple[list[_Batch], bool]:
        """Everything that waits, once something does; and whether that was the last of it."""
        group: list[_Batch] = []
        with suppress(Empty):
            batch = self._queue.get(timeout=REST)
            while batch is not None:
                group.append(batch)
                batch = self._queue.get_nowait()
            return group, True
        return group, False

    def _commit(self, group: list[_Batch]) -> None:
        error = self._attempt([prediction for batch in group for prediction in batch.predictions])
        if isinstance(error, DataError) and len(group) > 1:
            for batch in group:
                self._resolve([batch], self._attempt(batch.predictions))
        else:
            self._resolve(group, error)

    def _attempt(self, predictions: Sequence[Prediction]) -> UnderstudyError | None:
        try:
            self._ledger.append(predictions)
        except UnderstudyError as error:
            return error
        except Exception as error:
            log.exception("The ledger failed")
            return StoreError(f"The ledger failed: {error}.", "The server's log says more.")
        return None

    def _resolve(self, group: list[_Batch], error: UnderstudyError | None) -> None:
        """Wake everyone who waits, with one call for each event loop."""
        rows = sum(len(batch.predictions) for batch in group)
        self.groups += 1
        if error is None:
            self.written += rows
        else:
            self.failed += rows
            log.error("%d predictions were not stored: %s", rows, error)
        with self._lock:
            self._depth -= rows
        for loop in {batch.loop for batch in group}:
            with suppress(RuntimeError):  # the loop has ended, and with it who waited
                loop.call_soon_threadsafe(_wake, [batch.done for batch in group if batch.loop is loop], error)

    def _settle(self, rows: int) -> None:
        self._unsettled += rows
        if self._queue.empty() or self._unsettled >= BUSY:
            self._unsettled = 0
            try:
                self._ledger.settle()
            except UnderstudyError as error:
                log.warning("The ledger could not be settled: %s", error)


def _wake(waiting: list[asyncio.Future[None]], error: UnderstudyError | None) -> None:
    for done in waiting:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(type(error)(error.what, error.fix))
