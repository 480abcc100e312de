"""Rows that shadows are given."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serving.features import Features
from serving.model import Array, FloatArray
from serving.shadow.records import Judge
from understudy.records import Prediction


@dataclass(frozen=True, slots=True)
class Offered:
    """A batch that was answered, and the shadows that are to score it too."""

    judges: tuple[Judge, ...]
    live: list[Prediction]
    features: Features


@dataclass(slots=True)
class Sent:
    """So many rows that one shadow was given."""

    judge: Judge
    rows: int
    failed: int | None = None
    """Rows that it failed at, once all are scored."""


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


def joined(batches: Sequence[Offered]) -> tuple[FloatArray | None, Array | None]:
    """The tensors of batches, one below the other."""
    numbers = [batch.features.numbers for batch in batches if batch.features.numbers is not None]
    categories = [batch.features.categories for batch in batches if batch.features.categories is not None]
    return np.concatenate(numbers) if numbers else None, np.concatenate(categories) if categories else None
