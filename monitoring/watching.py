"""Watching without end: chores that come round in their time, in one thread, so that none runs into another."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from understudy.errors import UnderstudyError

SHARE = 0.2
"""Most of the time that one chore may take: what takes long comes round more seldom."""


@dataclass
class Chore:
    """Something that is done again and again."""

    name: str
    every: float
    """Seconds from one beginning to the next."""
    do: Callable[[], object]
    due: float = 0.0
    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    """That the newest one took."""
    at: float = 0.0
    """When it last ended well, in seconds since 1970; 0 for never."""


@dataclass
class Watching:
    """The loop. What fails is said and comes round again: a watch does not end because a store was away."""

    chores: Sequence[Chore]
    say: Callable[[str], object]
    over: Event = field(default_factory=Event)
    """Set it to end the loop after the chore that is under way."""

    def run(self, seconds: float | None = None) -> None:
        """Go round until ``over``, or for so many seconds; each chore is done once at least."""
        end = time.monotonic() + seconds if seconds is not None else float("inf")
        while not self.over.is_set():
            for chore in sorted(self.chores, key=lambda one: one.due):
                if chore.due <= time.monotonic() and not self.over.is_set():
                    self._do(chore)
            now = time.monotonic()
            if now >= end:
                return
            self.over.wait(max(0.0, min(*(chore.due for chore in self.chores), end) - now))

    def _do(self, chore: Chore) -> None:
        began = time.monotonic()
        try:
            chore.do()
            chore.at = time.time()
        except UnderstudyError as error:
            chore.failed += 1
            self.say(f"{chore.name}: {error}")
        except Exception as error:
            chore.failed += 1
            self.say(f"{chore.name}: {type(error).__name__}: {error}")
        chore.done += 1
        chore.seconds = time.monotonic() - began
        chore.due = began + max(chore.every, chore.seconds / SHARE)


class ChoreCollector(Collector):
    """How the watch itself goes: a guard that has not looked for long guards nothing."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        ended = GaugeMetricFamily(
            "understudy_watch_last_timestamp_seconds", "When it last went well.", labels=["chore"]
        )
        took = GaugeMetricFamily("understudy_watch_seconds", "How long the newest took.", labels=["chore"])
        failed = CounterMetricFamily("understudy_watch_failures", "Times that it failed.", labels=["chore"])
        for chore in self._watching.chores:
            ended.add_metric([chore.name], chore.at)
            took.add_metric([chore.name], chore.seconds)
            failed.add_metric([chore.name], chore.failed)
        yield from (ended, took, failed)
