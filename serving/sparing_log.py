"""A log that an outage does not flood: of lines that say the same, one in a while, with how many were left out."""

import logging
import time
from collections.abc import Callable
from threading import Lock

MOST_KINDS = 1_000


class Sparing(logging.Filter):
    """Lets one line of a kind pass in ``every`` seconds; a kind is a level and a message before its arguments."""

    def __init__(self, every: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every, self._clock = every, clock
        self._passed: dict[tuple[int, str], tuple[float, int]] = {}
        self._lock = Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        kind, now = (record.levelno, str(record.msg)), self._clock()
        with self._lock:
            last, left_out = self._passed.get(kind, (float("-inf"), 0))
            if now < last + self._every:
                self._passed[kind] = (last, left_out + 1)
                return False
            if len(self._passed) >= MOST_KINDS:
                self._passed.clear()
            self._passed[kind] = (now, 0)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} (and {left_out} more like it)", ()
        return True
