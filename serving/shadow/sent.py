"""Rows that shadows are given, and the records of what they said of them."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from serving.features import Features
from serving.ids import new_ids
from serving.model import Array, FloatArray
from understudy.records import Prediction
from understudy.records.deployment import Placed


@dataclass(frozen=True, slots=True)
class Judge:
    """A shadow that is to score, and from which score on it flags a row."""

    placed: Placed
    threshold: float


@dataclass(frozen=True, slots=True)
class Offered:
    """A batch that was answered, and the shadows that are to score it too."""

    judges: tuple[Judge, ...]
    live: list[Prediction]
    features: Features


class Waiting:
    """Batches that wait for the process."""

    def __init__(self) -> None:
        self.rows = 0
        self._batches: deque[Offered] = deque()

    def put(self, offered: Offered) -> None:
        self.rows += len(offered.live)
        self._batches.append(offered)

    def take(self, most: int) -> list[Offered]:
        """The oldest batches that the same shadows are to score: up to ``most`` rows, but one batch at least."""
        taken: list[Offered] = []
        rows = 0
        while self._batches:
            following = self._batches[0]
            rows += len(following.live)
            if taken and (rows > most or following.judges != taken[0].judges):
                break
            taken.append(self._batches.popleft())
            self.rows -= len(following.live)
        return taken

    def take_all(self) -> list[Offered]:
        taken = list(self._batches)
        self._batches.clear()
        self.rows = 0
        return taken


@dataclass(frozen=True, slots=True)
class Sent:
    """Rows that one shadow was given."""

    judge: Judge
    live: list[Prediction]


@dataclass(slots=True)
class Said:
    """What a shadow said of one row."""

    judge: Judge
    live: Prediction
    score: float | None
    """None where it failed."""
    error: str
    spent: float
    """Milliseconds that the row took it."""


def said(sent: Sent, scores: FloatArray, error: str, spent: float) -> list[Said]:
    """
    Args:
        scores: one for each row, NaN where the shadow failed.
        error: what it failed with.
        spent: milliseconds for each row.
    """
    return [
        Said(sent.judge, live, None, error, spent) if failed else Said(sent.judge, live, score, "", spent)
        for live, score, failed in zip(sent.live, scores.tolist(), np.isnan(scores).tolist(), strict=True)
    ]


def records(rows: Sequence[Said]) -> list[Prediction]:
    """To be stored. Request and inputs are those of the live predictions, and are not stored twice."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return [
        Prediction(
            id=name,
            problem=row.live.problem,
            at=now,
            event_time=row.live.event_time,
            key=row.live.key,
            unit=row.live.unit,
            standing="shadow",
            arm=row.judge.placed.name,
            version=row.judge.placed.version,
            revision=row.live.revision,
            experiment=row.live.experiment,
            propensity=1.0,
            score=row.score,
            threshold=row.judge.threshold,
            decision=None if row.score is None else row.score >= row.judge.threshold,
            latency_ms=round(row.spent, 3),
            live=row.live.id,
            error=row.error,
        )
        for name, row in zip(new_ids(len(rows), now), rows, strict=True)
    ]


def joined(batches: Sequence[Offered]) -> tuple[FloatArray | None, Array | None]:
    """The tensors of batches, one below the other."""
    numbers = [batch.features.numbers for batch in batches if batch.features.numbers is not None]
    categories = [batch.features.categories for batch in batches if batch.features.categories is not None]
    return np.concatenate(numbers) if numbers else None, np.concatenate(categories) if categories else None
