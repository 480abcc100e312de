"""Rows that shadows are given."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from serving.features import Features
from serving.shadow.records import Judge
from serving.shadow.rows import Rows
from understudy.records import Prediction

Judges = tuple[Judge, ...]


@dataclass(slots=True)
class Offered:
    """Rows that were answered, and the shadows that are to score them too."""

    judges: Judges
    rows: Rows = field(default_factory=Rows)


@dataclass(slots=True)
class Sent:
    """So many rows that one shadow was given."""

    judge: Judge
    rows: int
    failed: int | None = None
    """Rows that it failed at, once all are scored."""


class Waiting:
    """Batches that wait for the process, those that go together already joined."""

    def __init__(self, most: int) -> None:
        """
        Args:
            most: rows that are given at a time, unless a single batch has more.
        """
        self.most = most
        self.rows = 0
        self._offered: deque[Offered] = deque()

    def put(self, judges: Judges, live: Sequence[Prediction], features: Features) -> None:
        last = self._offered[-1] if self._offered else None
        if last is None or last.judges != judges or last.rows.count + len(live) > self.most:
            last = Offered(judges)
            last.rows.add(live, features)
            self._offered.append(last)
        else:
            last.rows.add(live, features)
        self.rows += len(live)

    def take(self) -> Offered | None:
        """The oldest batches that the same shadows are to score; none where nothing waits."""
        if not self._offered:
            return None
        taken = self._offered.popleft()
        self.rows -= taken.rows.count
        return taken

    def take_all(self) -> list[Offered]:
        taken = list(self._offered)
        self._offered.clear()
        self.rows = 0
        return taken
