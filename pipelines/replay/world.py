"""What happens in a span of history: who asks at each tick, and which labels land."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.errors import DataError
from understudy.problem import ProblemSpec, parse_span


@dataclass(frozen=True)
class Landed:
    """A label, at the moment when it became known."""

    key: str
    value: float
    at: datetime


@dataclass(frozen=True)
class Tick:
    """One step of the features' clock, up to the next."""

    at: datetime
    requests: tuple[dict[str, Any], ...]
    """In the order of event time; missing values are None."""
    labels: tuple[Landed, ...]
    """In the order of landing: only of requests that were asked in this world."""


@dataclass(frozen=True)
class World:
    """The rows of a problem's main table in a span of event time."""

    spec: ProblemSpec
    main: pa.Table
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.spec.event_time is None:
            raise DataError(
                f"{self.spec.name} has no event time, so there is no order to replay its rows in.",
                "Declare a column with the role event_time, or use `understudy score`.",
            )
        if not len(self.rows):
            first, last = pc.min_max(self.main.column(self.spec.event_time)).as_py().values()
            raise DataError(
                f"{self.spec.name} has no rows from {self.start} to {self.end}.",
                f"Its history reaches from {first} to {last}.",
            )

    @cached_property
    def rows(self) -> pa.Table:
        """The rows in the span, in the order of (event time, id)."""
        time = self.main.column(str(self.spec.event_time))
        inside = pc.and_(pc.greater_equal(time, _scalar(self.start, time)), pc.less(time, _scalar(self.end, time)))
        order = [(str(self.spec.event_time), "ascending"), (self.spec.id, "ascending")]
        return self.main.filter(inside).sort_by(order)

    @property
    def every(self) -> timedelta:
        """Cadence of the ticks: that of the quickest view."""
        return min((parse_span(view.every) for view in self.spec.features.views), default=timedelta(hours=1))

    def ticks(self) -> Iterator[Tick]:
        """Every tick of the span, then those at which only labels land."""
        times = self.rows.column(str(self.spec.event_time)).cast(pa.timestamp("us")).to_numpy()
        labels = self._labels()
        asked = [name for name, column in self.spec.columns.items() if not column.late]
        requests = self.rows.select(asked)
        at, told = self._first, 0
        while at < self.end or told < len(labels):
            upto = at + self.every
            low, high = np.searchsorted(times, [np.datetime64(at, "us"), np.datetime64(upto, "us")])
            landed = told
            while landed < len(labels) and labels[landed].at < upto:
                landed += 1
            yield Tick(at, tuple(requests.slice(low, high - low).to_pylist()), tuple(labels[told:landed]))
            at, told = upto, landed

    @property
    def _first(self) -> datetime:
        epoch = datetime(1970, 1, 1)
        return epoch + (self.start - epoch) // self.every * self.every

    def _labels(self) -> list[Landed]:
        if self.spec.label_time is None:
            return []
        columns = self.rows.select([self.spec.id, self.spec.target, self.spec.label_time]).to_pydict()
        landed = [
            Landed(str(key), float(value), at)
            for key, value, at in zip(*columns.values(), strict=True)
            if value is not None and at is not None
        ]
        return sorted(landed, key=lambda label: (label.at, label.key))


def _scalar(moment: datetime, like: pa.ChunkedArray) -> pa.Scalar:
    return pa.scalar(moment, pa.timestamp("us")).cast(like.type)
