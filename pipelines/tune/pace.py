"""How far the search is, and whether it may go on."""

import time

from pipelines.job import Progress
from understudy.errors import MachineError


class Pace:
    """Counts steps towards ``total``, tells whoever watches, and stops the search after ``limit`` seconds."""

    def __init__(self, progress: Progress, limit: float, total: int) -> None:
        self._progress = progress
        self._limit = limit
        self._total = total
        self._done = 0
        self._begun = time.monotonic()

    def step(self, words: str) -> None:
        """One more step is done."""
        self._done += 1
        self.tell(words)

    def tell(self, words: str) -> None:
        """Say what is under way.

        Raises:
            MachineError: the time is up. Trials that are finished stay in the study.
        """
        self._progress(min(self._done / self._total, 1.0), words)
        if time.monotonic() - self._begun > self._limit:
            raise MachineError(
                f"The search took more than {self._limit:g} s, at {words}.",
                "Run the same command again (finished trials are kept), raise tuning.timeout, or lower trials or rows.",
            )
