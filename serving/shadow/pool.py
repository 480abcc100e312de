"""The server's side of its shadows: hands batches over, hears what became of them, and never waits for either."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from serving.features import Features
from serving.lineup import Lineup
from serving.routing.breaker import Breaker
from serving.settings import ServingSettings
from serving.shadow.frames import pack, read
from serving.shadow.loads import Loads
from serving.shadow.process import Process, Program
from serving.shadow.records import Judge
from serving.shadow.sent import Sent, Waiting
from serving.shadow.tally import Tally
from understudy.records import Prediction

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds before the process is started again: doubled each time, until it has stored something or a lineup is new."""
IDLE = 0.25
"""Seconds between two looks for a shadow that may be asked, while there is no process."""
LOADING = 60.0
"""Seconds that loading a model may take."""
LONGEST_COOLDOWN = 300.0
"""Seconds that a shadow which keeps failing is left alone: its breaker's cooldown is doubled up to this."""
GATHER, FRAME_ROWS = 0.25, 128
"""Seconds, and rows, that batches gather before they are handed over together: each time costs the server some."""

log = logging.getLogger("understudy.serving")


class Shadows:
    """All shadows of a server, in one process that stands back for it. For one event loop.

    What the process is slow at, fails at or dies of costs shadow predictions, never live ones. It has one frame of
    rows at a time; what is answered meanwhile gathers for the next one, within bounds.
    """

    def __init__(self, program: Program, settings: ServingSettings) -> None:
        self.program, self.settings = program, settings
        self.tally = Tally()
        self.restarts = 0
        self._lineup: Lineup | None = None
        self._judges: tuple[Judge, ...] = ()
        self._loads = Loads()
        self.refused: Mapping[str, str] = self._loads.refused
        """Why the process has not loaded a model, by digest."""
        self._last_before_loading = 0
        self._waiting = Waiting(FRAME_ROWS)
        self._due: asyncio.TimerHandle | None = None
        self._sent: dict[int, Sent] = {}
        self._number = 0
        self._progress = time.monotonic()
        self._breakers: dict[str, Breaker] = {}
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._pause = FIRST_PAUSE
        self._renewed = asyncio.Event()

    def use(self, lineup: Lineup) -> None:
        """Have the shadows of a lineup ready as soon as may be; the process is started with the first ones."""
        self._lineup, self._judges = lineup, _judges(lineup)
        wanted = {placed.digest for placed in lineup.deployment.shadows}
        self._breakers = {digest: self._breakers.get(digest) or self._breaker() for digest in wanted}
        self._loads.renew()
        self._pause = FIRST_PAUSE
        self._renewed.set()
        if self._process is not None:
            self._load(self._process)
        if wanted and self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep())

    def offer(self, lineup: Lineup, live: list[Prediction], features: Features) -> None:
        """Leave a batch that was answered to the shadows of its lineup, or count what they cannot be given."""
        known = self._judges if lineup is self._lineup else _judges(lineup)
        if judges := tuple(judge for judge in known if self._admit(judge, len(live))):
            self._waiting.put(judges, live, features)
            self._hand_over_soon()

    @property
    def ready(self) -> bool:
        """Whether every shadow of the lineup is loaded, or refused."""
        wanted = {placed.digest for placed in self._lineup.deployment.shadows} if self._lineup else set()
        return wanted <= self._loads.loaded | self.refused.keys()

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._process.pid if self._process else None

    async def drain(self) -> None:
        """Return when nothing is outstanding."""
        while self.tally.outstanding:
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """End the process; what it has not answered is dropped."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None

    def _breaker(self) -> Breaker:
        limits = self.settings
        fewest = min(3, limits.breaker_fewest)
        return Breaker(limits.breaker_window, fewest, limits.breaker_share, limits.breaker_cooldown, LONGEST_COOLDOWN)

    def _admit(self, judge: Judge, rows: int) -> bool:
        if why := self._refusal(judge, rows):
            self.tally.dropped[judge.arm, why] += rows
            return False
        self.tally.outstanding += rows
        return True

    def _refusal(self, judge: Judge, rows: int) -> str:
        breaker = self._breakers.get(judge.digest)
        if judge.digest in self.refused:
            return "refused"
        if breaker is not None and not breaker.may_try:
            return "open circuit"
        if self._process is None or judge.digest not in self._loads.loaded:
            return "loading"
        if self.tally.outstanding + rows > self.settings.shadow_rows:
            return "full"
        if breaker is not None:
            breaker.allow()  # half-open, this is the one try
        return ""

    def _hand_over_soon(self) -> None:
        """Once the process is free, and enough has gathered or for long enough."""
        if self._sent or not self._waiting.rows:
            return
        if self._waiting.rows >= FRAME_ROWS:
            self._hand_over()
        elif self._due is None:
            self._due = asyncio.get_running_loop().call_later(GATHER, self._hand_over)

    def _hand_over(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._process is None or (offered := self._waiting.take()) is None:
            return
        self._begin()
        score = []
        for judge in offered.judges:
            self._number += 1
            self._sent[self._number] = Sent(judge, offered.rows.count)
            score.append((self._number, judge))
        self._process.send(offered.rows.frame(score))

    def _load(self, process: Process) -> None:
        while self._waiting.rows:
            self._hand_over()  # the process may forget the models that these are for
        assert self._lineup is not None  # noqa: S101
        models = [self._lineup.model(placed) for placed in self._lineup.deployment.shadows]
        self._begin()
        self._last_before_loading = self._number
        process.send(pack(self._loads.ask(models)))

    def _begin(self) -> None:
        """The time limit holds from now on, unless it holds already."""
        if not self._sent and not self._loads.loading:
            self._progress = time.monotonic()

    async def _keep(self) -> None:
        """Start a process when there is anyone to ask, and another one where it ends.

        Ever later, where none has stored anything since the newest lineup.
        """
        while True:
            while not self._any_to_ask():
                await self._rest(IDLE)
            try:
                process = await Process.start(self.program, self.settings)
            except Exception as failed:  # shadows end no server, and none of them for good
                log.warning("the shadows' process cannot be started: %s", failed)
            else:
                self._pause = FIRST_PAUSE if await self._attend(process) else self._pause
            self.restarts += 1
            await self._rest(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    async def _rest(self, seconds: float) -> None:
        """Sleep, but no longer than until the next lineup."""
        self._renewed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._renewed.wait(), seconds)

    def _any_to_ask(self) -> bool:
        """Whether some shadow is neither left out nor left alone: a process for none of them is work for nothing."""
        left_alone = {digest for digest, breaker in self._breakers.items() if not breaker.may_try}
        return bool({judge.digest for judge in self._judges} - left_alone - self.refused.keys())

    async def _attend(self, process: Process) -> bool:
        """Take what the process says until it ends; return whether it has stored anything."""
        stored = False
        self._process = process
        watch = asyncio.create_task(self._watch(process))
        try:
            self._load(process)
            while True:
                said = (await read(process.reader))[0]
                self._take(said)
                stored |= "stored" in said
        except (asyncio.IncompleteReadError, OSError):
            self._blame()
        except Exception:  # one that speaks nonsense is replaced like one that died
            log.exception("the shadows' process is ended")
        finally:
            watch.cancel()
            self._process = None
            self._loads.forget()
            self._lose("died")
            await process.end()
        return stored

    async def _watch(self, process: Process) -> None:
        """Kill the process when it owes an answer for too long."""
        while True:
            await asyncio.sleep(min(self.settings.shadow_time / 4, 1.0))
            sent = self._working_on()
            limit = LOADING if sent is None else self.settings.shadow_time
            if (sent or self._loads.loading) and time.monotonic() - self._progress > limit:
                self._process = None  # it may take a while to be gone, and is given nothing any more
                self._blame()
                self._lose("timeout")
                process.kill()
                return

    def _working_on(self) -> Sent | None:
        """The rows that the process is at, since it works in order; none while it loads or has nothing to do."""
        number, sent = next(iter(self._sent.items()), (0, None))
        return None if self._loads.loading and number > self._last_before_loading else sent

    def _blame(self) -> None:
        """The model that was loaded or at work, unless its rows were being stored already."""
        sent = self._working_on()
        if sent is None:
            self._loads.blame()
        elif sent.failed is None:
            self._record(sent.judge, succeeded=False, fatal=True)

    def _lose(self, why: str) -> None:
        for offered in self._waiting.take_all():
            for judge in offered.judges:
                self.tally.lose(judge.arm, offered.rows.count, why)
        for sent in self._sent.values():
            self.tally.lose(sent.judge.arm, sent.rows, why if sent.failed is None else "ledger")
        self._sent.clear()

    def _take(self, said: dict[str, Any]) -> None:
        self._progress = time.monotonic()
        if "number" in said:
            self._loads.take(said)
        elif "scored" in said:
            if sent := self._sent.get(said["scored"]):
                sent.failed = said["failed"]
                self._record(sent.judge, succeeded=said["failed"] < sent.rows / 2)
        elif "stored" in said and (sent := self._sent.pop(said["stored"], None)):  # else it is counted as dropped
            self._stored(sent, said["unstored"])
            self._hand_over_soon()

    def _stored(self, sent: Sent, unstored: str) -> None:
        if unstored:
            log.warning("what shadows said is not stored: %s", unstored)
            self.tally.lose(sent.judge.arm, sent.rows, "ledger")
        else:
            self.tally.settle(sent.judge.arm, sent.rows, sent.failed or 0)

    def _record(self, judge: Judge, succeeded: bool, fatal: bool = False) -> None:
        if judge.digest in self._breakers:
            self._breakers[judge.digest].record(succeeded, fatal)


def _judges(lineup: Lineup) -> tuple[Judge, ...]:
    return tuple(
        Judge(placed.name, placed.version, placed.digest, lineup.threshold(placed))
        for placed in lineup.deployment.shadows
    )
