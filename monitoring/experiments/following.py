"""Answers of a competition, read again and again: what is new at each look, all of it now and then for the labels."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitoring.experiments.outcomes import SLACK, Asked, Outcomes, outcomes_of
from understudy.ports import Ledger
from understudy.problem import ProblemSpec
from understudy.records import Deployment

SHARE = 0.05
"""Most of the time that reading everything may take: the more there is, the longer labels wait to be seen."""
LATE = timedelta(seconds=10)
"""By which an answer may be stored after others that were given later; what is later yet waits for a whole reading."""
KEPT = ("id", "at", "event_time", "arm", "unit", "key", "fallback", "flags", "latency_ms", "score", "decision", "label")


@dataclass
class Following:
    """Remembers the rows of one competition. A reading gives what one that reads everything would, but for labels.

    Those that landed since everything was last read are missing; errors, latencies and decisions never are.
    """

    ledger: Ledger
    spec: ProblemSpec
    _about: tuple[Any, ...] = ()
    _rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    _newest: datetime | None = None
    _whole_due: float = 0.0

    def read(self, competing: Sequence[Deployment], asked: Asked) -> Outcomes:
        """
        Args:
            competing: revisions that count, newest first.

        Raises:
            StoreError: the ledger cannot be reached.
        """
        first, revisions = competing[-1], {one.revision for one in competing}
        about = (first.revision, asked)
        if about != self._about or time.monotonic() >= self._whole_due or self._newest is None:
            began = time.monotonic()
            self._about, self._rows, self._newest = about, {}, None
            self._take(first.at - SLACK, first.revision, revisions, asked)
            self._whole_due = time.monotonic() + (time.monotonic() - began) / SHARE
        else:
            self._take(self._newest - LATE, first.revision, revisions, asked)
        return outcomes_of(self._rows.values(), self.spec.costs, asked)

    def _take(self, since: datetime, revision: int, revisions: Collection[int], asked: Asked) -> None:
        for rows in self.ledger.answers(self.spec.name, since, revision, asked.request, asked.inputs):
            for row in rows:
                if row["revision"] in revisions:
                    self._rows[row["id"]] = {name: row[name] for name in (*KEPT, "request", "inputs")}
            newest = rows[-1]["at"]
            self._newest = newest if self._newest is None else max(self._newest, newest)
