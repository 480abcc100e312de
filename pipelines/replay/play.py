"""All of it together: at each tick the features, then who asks, then the labels that have landed."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.replay.client import Client, Tally
from pipelines.replay.faults import broken_request, broken_result, delays
from pipelines.replay.history import Results, results_by_tick
from pipelines.replay.pace import Pace
from pipelines.replay.request import Replay
from pipelines.replay.world import Tick, World
from understudy.features.views import open_views
from understudy.ports import FeatureStore
from understudy.problem import ProblemSpec

Watch = Callable[[datetime, Tally], None]
"""Told after each tick: history's time, and what was seen so far."""


@dataclass(frozen=True)
class Played:
    """What a replay came to."""

    replay: Replay
    tally: Tally
    seconds: float
    published: int
    """Results of views that were published."""

    def json(self) -> dict[str, Any]:
        return {
            "problem": self.replay.problem,
            "from": self.replay.start.isoformat(),
            "to": self.replay.end.isoformat(),
            "faults": [str(fault) for fault in self.replay.faults],
            "seconds": round(self.seconds, 2),
            "requests_per_second": round(self.tally.answered / self.seconds, 1) if self.seconds else 0.0,
            "features_published": self.published,
            **self.tally.json(),
        }


async def play(
    replay: Replay,
    spec: ProblemSpec,
    root: Path,
    tables: Mapping[str, pa.Table],
    store: FeatureStore,
    watch: Watch = lambda _at, _tally: None,
) -> Played:
    """Replay a span of history to a running server.

    Raises:
        DataError: the problem has no rows in the span, or no event time.
        MachineError: the server cannot be reached, or serves something else.
    """
    world = World(spec, tables[spec.main], replay.start, replay.end)
    began, slow = time.monotonic(), delays(replay.faults)
    tally = Tally()
    client = Client(replay.url, replay.admin, replay.token, replay.connections, tally)
    try:
        await client.greet(spec.name)
        with open_views(spec, root, tables) as views:
            features = _Features(replay, spec, client, store, results_by_tick(spec, views, replay.start, replay.end))
            pace = Pace(replay.start, replay.speed)
            for tick in world.ticks():
                await pace.until(tick.at)
                await features.upto(tick.at)
                await client.drill(slow)
                await _ask(client, replay, tick, pace, str(spec.event_time))
                await client.feedback(tick.labels)
                watch(tick.at, tally)
            await client.drill(dict.fromkeys(slow, 0.0))
    finally:
        await client.close()
    return Played(replay, tally, time.monotonic() - began, features.published)


async def _ask(client: Client, replay: Replay, tick: Tick, pace: Pace, event_time: str) -> None:
    turns = asyncio.Semaphore(replay.connections)

    async def one(request: Mapping[str, Any]) -> None:
        async with turns:
            await client.predict(broken_request(replay.faults, request))

    async with asyncio.TaskGroup() as group:
        for request in tick.requests:
            await pace.until(request[event_time])
            group.create_task(one(request))


class _Features:
    """Publishes what views say, no sooner than its time."""

    def __init__(self, replay: Replay, spec: ProblemSpec, client: Client, store: FeatureStore, results: Any) -> None:
        self._faults, self._spec, self._client, self._store = replay.faults, spec, client, store
        self._views = {view.name: view for view in spec.features.views}
        self._results = results
        self._next: tuple[datetime, Results] | None = next(results, None) if self._views else None
        self.published = 0

    async def upto(self, at: datetime) -> None:
        """Publish everything whose time has come, and have the server read it before anybody asks."""
        told = False
        while self._next is not None and self._next[0] <= at:
            told |= await self._publish(self._next[1])
            self._next = await asyncio.to_thread(next, self._results, None)
        if told:
            await self._client.refresh()

    async def _publish(self, results: Results) -> bool:
        broken = {name: broken_result(self._faults, self._views[name], result) for name, result in results.items()}
        sound = {name: result for name, result in broken.items() if result is not None}
        if sound:
            await asyncio.to_thread(self._store.publish, self._spec.name, sound)
        self.published += len(sound)
        return bool(sound)
