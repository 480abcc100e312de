"""How many threads a fit may use."""

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import threadpool_limits


def limited(threads: int) -> AbstractContextManager[Any]:
    """``threads`` for tree building, one for linear algebra.

    Frames here are narrow, so a second thread of linear algebra only waits (six times the CPU time on two cores), and
    sums taken in another order change the last digits.
    """
    limits: AbstractContextManager[Any] = threadpool_limits({"openmp": threads, "blas": 1})
    return limits
