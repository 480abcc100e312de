"""How long the compiled model takes for one row."""

import statistics
import time

import numpy as np

from understudy.bundle import Bundle

WARM_UP, CALLS = 50, 500


def row_milliseconds(bundle: Bundle) -> float:
    """Median over single-row calls on one thread, in milliseconds; it depends on the machine."""
    example, scorer = bundle.manifest.example, bundle.scorer
    numbers = [np.nan if value is None else value for value in example.numbers]
    row = (
        np.array([numbers], dtype=np.float32) if numbers else None,
        np.array([example.categories], dtype=object) if example.categories else None,
    )
    return statistics.median([_seconds(scorer.score, row) for _ in range(WARM_UP + CALLS)][WARM_UP:]) * 1000.0


def _seconds(score: object, row: tuple[object, object]) -> float:
    start = time.perf_counter()
    score(*row)  # type: ignore[operator]
    return time.perf_counter() - start
