"""Pauses for work that stands back: it gives its core up again and again, to whoever waits for it."""

import ctypes
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

EVERY = 0.0005
"""Seconds of work between two pauses; a pause takes some .1 ms."""


@contextmanager
def pausing() -> Iterator[None]:
    """Have whatever is done meanwhile paused for a moment, over and over; also within a library that never returns.

    Linux does what the lowest priority is owed in one piece, and looks who waits at its next tick: up to 4 ms at the
    usual 250 a second. Who sleeps, however briefly, is off the core at once. So a timer's signal is answered with a
    sleep, by the C library itself, since a handler in Python waits for the interpreter. Reads that are interrupted go
    on; sleeps are cut short, and with them what waits for a lock by sleeping, as SQLite does: it gives up too soon, and
    is to be tried again without pauses.

    For a program of one's own: the timer (``ITIMER_REAL``) and the handler of ``SIGALRM`` are this one's, and the
    handler stays. Elsewhere than on Linux nothing pauses.
    """
    if sys.platform != "linux":
        yield
        return
    library = ctypes.CDLL(None)
    library.signal.argtypes, library.signal.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_void_p
    # It is given the signal's number, and sleeps for so many microseconds.
    library.signal(signal.SIGALRM, ctypes.cast(library.usleep, ctypes.c_void_p))
    signal.setitimer(signal.ITIMER_REAL, EVERY, EVERY)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
