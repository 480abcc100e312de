"""The newest values of every view, in memory, looked up for a batch of rows at a time."""

from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from math import gcd
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.features.snapshot import Key, Result, as_key
from understudy.problem import ProblemSpec, View, parse_span

Row = Mapping[str, Any]
Values = Mapping[Key, tuple[float, ...]]
Floats = NDArray[np.float64]

KEPT = 8
"""Results of each view: requests may be a little older than the newest tick, or published ahead of their time."""
MOST_MOMENTS = 256
"""Spans of request time that are remembered at once; clients choose the times, so their number has a bound."""
EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)


class FeatureCache:
    """What the feature store was last known to hold.

    A row reads, of each view, the newest result at or before the tick of its own time, as training did; values are
    missing where there is none, where it is older than the view's ``max_age``, or where its key is unknown.
    Replaced whole, so that one thread may update while another looks up.
    """

    def __init__(self, spec: ProblemSpec) -> None:
        self.views = spec.features.views
        self.stale: Counter[str] = Counter()
        """Rows by view whose values were missing for want of a result that is young enough."""
        self._kept: dict[str, deque[Result]] = {view.name: deque(maxlen=KEPT) for view in self.views}
        self._moments = _Moments(self.views, self._kept)

    def add(self, published: Iterable[tuple[str, Result]]) -> None:
        """Take in results in the order of publication; the same clock time again replaces it."""
        fresh = False
        for name, result in published:
            if name in self._kept:
                others = [kept for kept in self._kept[name] if kept.at != result.at]
                self._kept[name] = deque([*others, result], maxlen=KEPT)
                fresh = True
        if fresh:
            self._moments = _Moments(self.views, self._kept)

    def newest(self) -> dict[str, datetime | None]:
        """Clock time of each view's newest result."""
        return {name: max((result.at for result in kept), default=None) for name, kept in self._kept.items()}

    def look_up(self, rows: Sequence[Row], times: Sequence[int]) -> tuple[dict[str, Floats], list[str]]:
        """Values of every view's columns, each shape (rows,), and for each row which views were stale ("" for none).

        Args:
            times: event time of each row, in microseconds since 1970.
        """
        if not self.views:
            return {}, [""] * len(rows)
        moments = self._moments
        found = [moments.at(time) for time in times]
        packed = b"".join(
            [
                memory.get(pick(row)) or moment.find(place, row)
                for row, moment in zip(rows, found, strict=True)
                for place, (pick, memory) in enumerate(moment.memories)
            ]
        )
        table = np.ascontiguousarray(np.frombuffer(packed).reshape(len(rows), -1).T)
        for moment in found:
            if moment.stale:
                self.stale.update(moment.stale)
        return dict(zip(moments.columns, table, strict=True)), [moment.said for moment in found]


class _Moments:
    """The results as each span of request time reads them. Within a span, every row reads the same ones."""

    def __init__(self, views: Sequence[View], kept: Mapping[str, Iterable[Result]]) -> None:
        self.results = {
            name: sorted(results, key=lambda result: result.at, reverse=True) for name, results in kept.items()
        }
        self.views = views
        keys = dict.fromkeys(view.keys for view in views)
        self.groups = tuple(_Group(key, tuple(view for view in views if view.keys == key)) for key in keys)
        self.columns = tuple(column for group in self.groups for view in group.views for column in view.columns)
        spans = [_microseconds(parse_span(text)) for view in views for text in (view.every, view.max_age)]
        clock = [_microseconds(result.at - EPOCH) for results in self.results.values() for result in results]
        self._span = gcd(*spans, *clock)
        self._known: dict[tuple[int, bool], _Moment] = {}
        self._distinct: dict[tuple[int, ...], _Moment] = {}
        """By the results that are read: spans that read the same share what is remembered."""

    def at(self, time: int) -> "_Moment":
        # A result is too old only after the very end of its age: the first instant of a span stands by itself.
        span, rest = divmod(time, self._span)
        key = (span, rest == 0)
        moment = self._known.get(key)
        if moment is None:
            if len(self._known) >= MOST_MOMENTS:
                self._known = {}
            moment = self._known[key] = self._read(time)
        return moment

    def _read(self, time: int) -> "_Moment":
        found = {view.name: self._values(view, time) for view in self.views}
        read = tuple(id(there) for there in found.values())
        if read not in self._distinct:
            values = tuple([found[view.name] for view in group.views] for group in self.groups)
            stale = tuple(name for name, there in found.items() if there is None)
            self._distinct[read] = _Moment(self.groups, values, stale)
        return self._distinct[read]

    def _values(self, view: View, time: int) -> Values | None:
        tick = time - time % _microseconds(parse_span(view.every))
        for result in self.results[view.name]:
            at = _microseconds(result.at - EPOCH)
            if at <= tick:
                return result.values if time - at <= _microseconds(parse_span(view.max_age)) else None
        return None


class _Group:
    """Views that are looked up by the same keys."""

    def __init__(self, keys: tuple[str, ...], views: tuple[View, ...]) -> None:
        self.keys, self.views = keys, views
        self.pick: Callable[[Row], Any] = itemgetter(*keys) if keys else _nothing
        self.missing = [array("d", [np.nan] * len(view.columns)) for view in views]


def _nothing(_: Row) -> Key:
    return ()


@dataclass(slots=True)
class _Moment:
    """What each group of views says in one span of request time."""

    groups: tuple[_Group, ...]
    values: tuple[list[Values | None], ...]
    stale: tuple[str, ...]
    said: str = ""
    memories: list[tuple[Callable[[Row], Any], dict[Any, bytes]]] = field(default_factory=list)
    """For each group: how to pick a row's key, and the values of keys that were asked for, side by side."""

    def __post_init__(self) -> None:
        self.memories = [(group.pick, {}) for group in self.groups]
        if self.stale:
            views = sum(len(group.views) for group in self.groups)
            self.said = f"stale views: {'all' if len(self.stale) == views else ', '.join(self.stale)}"

    def find(self, place: int, row: Row) -> bytes:
        group = self.groups[place]
        raw = [row[name] for name in group.keys]
        key = as_key(raw)
        found = [None if values is None or key is None else values.get(key) for values in self.values[place]]
        parts = [there if there is not None else gone for there, gone in zip(found, group.missing, strict=True)]
        packed = array("d", chain.from_iterable(parts)).tobytes()
        # Only what a view knows is remembered, so that made-up keys fill no memory; and only texts, for 1 equals True.
        if any(there is not None for there in found) and all(isinstance(value, str) for value in raw):
            self.memories[place][1][group.pick(row)] = packed
        return packed


def _microseconds(span: timedelta) -> int:
    return span // MICROSECOND
