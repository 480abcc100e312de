"""What a shadow said of rows, as predictions to be stored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import numpy as np

from serving.ids import new_ids
from serving.model import FloatArray
from understudy.records import Prediction

SHARED = ("problem", "key", "unit", "revision", "experiment")
"""What a shadow's prediction has in common with the live one of the same request."""

told: Callable[[Prediction], tuple[Any, ...]] = attrgetter("id", "event_time", *SHARED)
"""What the shadows' process is told of a live prediction; times travel as ISO 8601."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A shadow that is to score, and from which score on it flags a row."""

    arm: str
    version: int
    digest: str
    threshold: float


def records(
    judge: Judge, rows: Sequence[Sequence[Any]], scores: FloatArray, error: str, spent: float
) -> list[Prediction]:
    """Request and inputs are those of the live predictions, and are not stored twice.

    Args:
        rows: what was ``told`` of each.
        scores: one for each row, NaN where the shadow failed.
        error: what it failed with.
        spent: milliseconds for each row.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    return [
        Prediction(
            id=name,
            at=now,
            event_time=None if event_time is None else datetime.fromisoformat(event_time),
            standing="shadow",
            arm=judge.arm,
            version=judge.version,
            propensity=1.0,
            score=None if failed else score,
            threshold=judge.threshold,
            decision=None if failed else score >= judge.threshold,
            latency_ms=round(spent, 3),
            live=live,
            error=error if failed else "",
            **dict(zip(SHARED, shared, strict=True)),
        )
        for name, (live, event_time, *shared), score, failed in zip(
            new_ids(len(rows), now), rows, scores.tolist(), np.isnan(scores).tolist(), strict=True
        )
    ]
