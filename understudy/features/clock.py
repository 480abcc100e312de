"""The clock of a view: moments at which it is computed, a fixed span apart since 1970."""

import numpy as np
from numpy.typing import NDArray

from understudy.problem import parse_span

Times = NDArray[np.datetime64]


def tick_before(times: Times, every: str) -> Times:
    """The newest tick at or before each time.

    Args:
        times: shape (n,), UTC.
        every: cadence, such as ``15m``.

    Returns:
        Shape (n,), ``datetime64[us]``.
    """
    span = np.timedelta64(parse_span(every))
    start = np.datetime64(0, "us")
    return start + (times.astype("datetime64[us]") - start) // span * span
