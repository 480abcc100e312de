"""The server's side of its shadows: hands batches over, takes scores back, and never waits for either."""

import asyncio
import contextlib
import time
from collections import Counter
from typing import Any

from serving.features import Features
from serving.lineup import Lineup
from serving.routing.breaker import Breaker
from serving.settings import ServingSettings
from serving.shadow.frames import pack, pack_tensors, read
from serving.shadow.process import Process
from serving.shadow.sent import Scored, Sent, scored
from serving.writes import Writes
from understudy.records import Prediction
from understudy.records.deployment import Placed

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds before the process is started again: doubled each time, until it has answered once."""
LINGER = 0.5
"""Seconds after which scores are stored by themselves where no live prediction comes by."""
LOADING = 60.0
"""Seconds that loading a model may take."""


class Shadows:
    """All shadows of a server, in one process that stands back for it. For one event loop.

    What the process is slow at, fails at or dies of costs shadow predictions, never live ones.
    """

    def __init__(self, ledger: Writes, settings: ServingSettings) -> None:
        self.ledger, self.settings = ledger, settings
        self.dropped: Counter[tuple[str, str]] = Counter()
        """Rows that were not scored, by shadow and reason: ``loading``, ``full``, ``timeout``, ``died``, ``open
        circuit``, ``ledger``."""
        self.scored: Counter[str] = Counter()
        """Rows that were scored and stored, by shadow."""
        self.failed: Counter[str] = Counter()
        """Rows that a shadow failed at, which are stored without a score, by shadow."""
        self.refused: dict[str, str] = {}
        """Why the process would not load a model, by digest."""
        self.restarts = 0
        self.outstanding = 0
        """Rows that are with the process or on their way to the ledger."""
        self._lineup: Lineup | None = None
        self._loaded: set[str] = set()
        self._loading: set[str] = set()
        self._sent: dict[int, Sent] = {}
        self._number = 0
        self._progress = time.monotonic()
        self._breakers: dict[str, Breaker] = {}
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._ripe: list[Scored] = []
        self._lingering: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()

    def use(self, lineup: Lineup) -> None:
        """Have the shadows of a lineup ready as soon as may be; the process is started with the first ones."""
        self._lineup = lineup
        wanted = {placed.digest for placed in lineup.deployment.shadows}
        self._breakers = {digest: self._breakers.get(digest) or self._breaker() for digest in wanted}
        if self._process is not None:
            self._load()
        if wanted and self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep())

    def offer(self, lineup: Lineup, live: list[Prediction], features: Features) -> None:
        """Hand a batch that was answered to the shadows of its lineup, or count what cannot be handed over."""
        chosen = []
        for placed in lineup.deployment.shadows:
            if why := self._refusal(placed, len(live)):
                self.dropped[placed.name, why] += len(live)
                continue
            if not self._sent:
                self._progress = time.monotonic()
            self._number += 1
            self._sent[self._number] = Sent(placed, lineup.threshold(placed), live)
            self.outstanding += len(live)
            chosen.append((placed.digest, self._number))
        if chosen and self._process is not None:
            self._process.send(pack_tensors({"score": chosen}, features.numbers, features.categories))

    @property
    def ready(self) -> bool:
        """Whether every shadow of the lineup is loaded, or refused."""
        wanted = {placed.digest for placed in self._lineup.deployment.shadows} if self._lineup else set()
        return wanted <= self._loaded | set(self.refused)

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._process.pid if self._process else None

    def riders(self) -> list[Scored]:
        """What was scored and is to be stored. It rides along with the next live predictions: a commit of its own would
        make those wait. Tell ``landed`` how it went."""
        scored, self._ripe = self._ripe, []
        return scored

    def landed(self, scored: list[Scored], stored: bool) -> None:
        """Count what ``riders`` gave, once it is stored or lost."""
        for one in scored:
            rows = len(one.predictions)
            self.outstanding -= rows
            if not stored:
                self.dropped[one.name, "ledger"] += rows
            else:
                (self.failed if one.failed else self.scored)[one.name] += rows

    async def drain(self) -> None:
        """Return when nothing is outstanding."""
        while self.outstanding:
            await self._flush()
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """End the process; what it has not answered is dropped."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        self._ending.set()
        if self._lingering is not None:
            await self._lingering
        await self._flush()

    def _breaker(self) -> Breaker:
        said = self.settings
        return Breaker(said.breaker_window, min(3, said.breaker_fewest), said.breaker_share, said.breaker_cooldown)

    def _refusal(self, placed: Placed, rows: int) -> str:
        if self._process is None or placed.digest not in self._loaded:
            return "loading"
        if self.outstanding + rows > self.settings.shadow_rows:
            return "full"
        breaker = self._breakers.get(placed.digest)
        return "open circuit" if breaker is not None and not breaker.allow() else ""

    def _load(self) -> None:
        assert self._lineup is not None  # noqa: S101
        assert self._process is not None  # noqa: S101
        models = [self._lineup.model(placed) for placed in self._lineup.deployment.shadows]
        self._loading = {model.digest for model in models}
        self._loaded &= self._loading
        self._progress = time.monotonic()
        wanted = [
            {
                "digest": model.digest,
                "folder": str(model.bundle.folder),
                "version": model.version,
                "code_hash": model.manifest.features.code_hash,
            }
            for model in models
        ]
        self._process.send(pack({"load": wanted}))

    async def _keep(self) -> None:
        """Keep a process running, and start another one where it ends."""
        pause = FIRST_PAUSE
        while True:
            self._process = await Process.start(self.settings.shadow_nice)
            self._load()
            watch = asyncio.create_task(self._watch())
            try:
                while True:
                    self._take(*await read(self._process.reader))
                    pause = FIRST_PAUSE
            except (asyncio.IncompleteReadError, OSError):
                self._blame_first()
            finally:
                watch.cancel()
                self._loaded, self._loading = set(), set()
                process, self._process = self._process, None
                await process.end()
                self._lose("died")
            self.restarts += 1
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _watch(self) -> None:
        """Kill the process when it owes an answer for too long."""
        while True:
            await asyncio.sleep(min(self.settings.shadow_time / 4, 1.0))
            limit = LOADING if self._loading else self.settings.shadow_time
            if (self._sent or self._loading) and time.monotonic() - self._progress > limit:
                self._blame_first()
                self._lose("timeout")
                if self._process is not None:
                    self._process.kill()

    def _blame_first(self) -> None:
        """The process works in order: what it owes first is what it was at."""
        if self._sent:
            self._record(next(iter(self._sent.values())).placed.digest, succeeded=False)

    def _lose(self, why: str) -> None:
        for sent in self._sent.values():
            self.dropped[sent.placed.name, why] += len(sent.live)
            self.outstanding -= len(sent.live)
        self._sent.clear()

    def _take(self, head: dict[str, Any], body: bytes) -> None:
        self._progress = time.monotonic()
        if "loaded" in head:
            self._loading.discard(head["loaded"])
            if head["error"]:
                self.refused[head["loaded"]] = head["error"]
            else:
                self._loaded.add(head["loaded"])
                self.refused.pop(head["loaded"], None)
            return
        sent = self._sent.pop(head["scored"])
        self._record(sent.placed.digest, succeeded=not head["error"])
        self._ripe.append(scored(sent, body, head["error"], head["ms"]))
        if self._lingering is None or self._lingering.done():
            self._lingering = asyncio.create_task(self._linger())

    def _record(self, digest: str, succeeded: bool) -> None:
        if digest in self._breakers:
            self._breakers[digest].record(succeeded)

    async def _linger(self) -> None:
        """Store what no live prediction has taken along."""
        while self._ripe:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), LINGER)
            await self._flush()

    async def _flush(self) -> None:
        riders = self.riders()
        if riders:
            try:
                await self.ledger.write([prediction for one in riders for prediction in one.predictions])
            except Exception:  # whatever the ledger lacks, nobody waits for this
                self.landed(riders, stored=False)
            else:
                self.landed(riders, stored=True)
