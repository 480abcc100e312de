"""Keeps a server in step with what changes around it: deployments, features, rewards."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from serving.background import aside, every
from serving.following import Follower, Refusal
from serving.loading import Loader
from serving.predictor import Predictor
from serving.private_folder import PrivateFolder
from serving.recall import Recall
from serving.settings import ServingSettings
from understudy.errors import UnderstudyError
from understudy.ports import BundleStore, DeploymentLog, FeatureStore, Ledger

log = logging.getLogger("understudy.serving")


class Watcher:
    """Looks at the stores from time to time, off the event loop.

    While one of them is out of reach, the server goes on with what it has; ``unreachable`` says so. For one event loop.
    """

    def __init__(
        self,
        predictor: Predictor,
        log: DeploymentLog,
        bundles: BundleStore,
        features: FeatureStore,
        ledger: Ledger,
        home: Path,
        settings: ServingSettings,
    ) -> None:
        """
        Args:
            home: below it, fetched bundles are kept in a folder of this server's own.
        """
        self.unreachable: dict[str, str] = {}
        """Why ``deployments``, ``features`` or ``ledger`` cannot be read at present; empty when all can. It
        may tell where they are, so it is for the log, and not for clients."""
        self._predictor, self._features, self._ledger, self._settings = predictor, features, ledger, settings
        self._folder = PrivateFolder(home / "serving")
        loader = Loader(bundles, self._folder, predictor.code_hash, predictor.features.check)
        self._follower = Follower(predictor, log, loader)
        self.recall = Recall(log, loader)
        self._mark = 0
        self._renewing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def refused(self) -> deque[Refusal]:
        """Each revision that was refused, the newest last."""
        return self._follower.refused

    @property
    def refusal(self) -> Refusal | None:
        """Why the newest revision does not serve; none when it does."""
        return self._follower.refusal

    @property
    def looked(self) -> bool:
        """Whether the deployment log has been read at least once."""
        return self._follower.looked

    @property
    def loading(self) -> int:
        """Revision that is being loaded; 0 for none."""
        return self._follower.loading

    @property
    def swaps(self) -> int:
        """Times that another lineup took over."""
        return self._follower.swaps

    async def start(self) -> None:
        """Look once, load what should serve, and go on looking."""
        await self.refresh()
        self._tasks = [
            asyncio.create_task(every(self._settings.poll, self._follow)),
            asyncio.create_task(every(self._settings.refresh, self._renew)),
            asyncio.create_task(every(self._settings.refresh, self._learn)),
        ]

    async def refresh(self) -> None:
        """Look now; returns when what is new serves or is refused."""
        await asyncio.gather(self._follow(), self._renew())
        await self._follower.settled()
        await self._learn()

    async def stop(self) -> None:
        """Look no more, and remove what was fetched."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._follower.stop()
        self._folder.close()

    async def _follow(self) -> None:
        await self._reach("deployments", self._follower.look)

    async def _renew(self) -> None:
        await self._reach("features", self._renew_features)

    async def _learn(self) -> None:
        await self._reach("ledger", lambda: self._predictor.learn(self._ledger))

    async def _renew_features(self) -> None:
        features = self._predictor.features.cache
        if not features.views:
            return
        async with self._renewing:
            problem, mark = self._predictor.spec.name, self._mark
            mark, published = await aside(lambda: self._features.since(problem, mark))
            await aside(lambda: features.add(published))
            self._mark = mark

    async def _reach(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:  # a store that answers nonsense is as good as out of reach, and no reason to end
            reason = str(error) if isinstance(error, UnderstudyError) else repr(error)
            if self.unreachable.get(what) != reason:
                log.warning("%s cannot be reached: %s", what, reason)
            self.unreachable[what] = reason
        else:
            self.unreachable.pop(what, None)
