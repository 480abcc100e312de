"""Rows that a shadow was given, and the records of what it said of them."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from serving.ids import new_ids
from understudy.records import Prediction
from understudy.records.deployment import Placed


@dataclass(slots=True)
class Sent:
    """Rows that one shadow was given."""

    placed: Placed
    threshold: float
    live: list[Prediction]


@dataclass(slots=True)
class Scored:
    """What it said of them, to be stored."""

    name: str
    failed: bool
    predictions: list[Prediction]


def scored(sent: Sent, scores: bytes, error: str, spent: float) -> Scored:
    """
    Args:
        scores: float32, one for each row; empty when there is an error.
        spent: milliseconds.
    """
    values = [None] * len(sent.live) if error else np.frombuffer(scores, np.float32).tolist()
    return Scored(sent.placed.name, bool(error), _predictions(sent, values, error, spent))


def _predictions(sent: Sent, scores: list[float | None], error: str, spent: float) -> list[Prediction]:
    """Request and inputs are those of the live prediction, and are not stored twice."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return [
        Prediction(
            id=name,
            problem=live.problem,
            at=now,
            event_time=live.event_time,
            key=live.key,
            unit=live.unit,
            standing="shadow",
            arm=sent.placed.name,
            version=sent.placed.version,
            revision=live.revision,
            experiment=live.experiment,
            propensity=1.0,
            score=score,
            threshold=sent.threshold,
            decision=None if score is None else score >= sent.threshold,
            latency_ms=round(spent, 3),
            live=live.id,
            error=error,
        )
        for name, live, score in zip(new_ids(len(scores), now), sent.live, scores, strict=True)
    ]
