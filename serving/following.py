"""Following the deployment log: the newest revision serves, or is refused while the last good one goes on."""

import asyncio
import logging
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from serving.background import aside
from serving.lineup import Lineup
from serving.loading import Loader, Models, at_hand
from serving.predictor import Predictor
from understudy.deploying.history import competing_since
from understudy.errors import StoreError, UnderstudyError
from understudy.ports import DeploymentLog
from understudy.records import Deployment

LONGEST_PAUSE = 60.0
"""Seconds between two attempts at a revision that was refused; the first pauses are shorter."""
REMEMBERED = 20
REACH = 200
"""Revisions back to which a bandit's beginning is looked for."""
FALLBACKS = 5
"""Older revisions that are tried at the start when the newest is refused."""

log = logging.getLogger("understudy.serving")


@dataclass(frozen=True)
class Refusal:
    """A revision that does not serve here, and why."""

    revision: int
    reason: str
    since: datetime
    """When it was first refused, UTC without zone."""
    attempts: int = 1
    again: float = field(default=0.0, repr=False)
    """Moment of the monotonic clock before which it is not tried again."""


class Follower:
    """Brings the predictor in line with the log, one look at a time. For one event loop."""

    def __init__(self, predictor: Predictor, log: DeploymentLog, loader: Loader) -> None:
        self.refused: deque[Refusal] = deque(maxlen=REMEMBERED)
        """Each refused revision, the newest last."""
        self.refusal: Refusal | None = None
        """Of the newest revision, while it is refused."""
        self.swaps = 0
        self.looked = False
        """Whether the log has been read at least once."""
        self._predictor, self._log, self._loader = predictor, log, loader
        self._models: Models = {}
        self._looking = asyncio.Lock()
        self._loading: tuple[int, asyncio.Task[None]] | None = None

    async def look(self) -> None:
        """Ask for the newest revision. What is loaded already serves at once; else loading begins.

        Raises:
            StoreError: the log cannot be reached.
        """
        async with self._looking:
            newest = await aside(lambda: self._log.newest(self._predictor.spec.name))
            self.looked = True
            if newest is None:
                return
            if newest.revision == self._serving:
                self.refusal = None
            elif self._due(newest.revision):
                # A load that hangs holds up nobody: a newer revision is loaded beside it, and replaces it.
                self._loading = (newest.revision, asyncio.create_task(self._change(newest)))
                await asyncio.sleep(0)

    @property
    def loading(self) -> int:
        """Revision that is being loaded; 0 for none."""
        return self._loading[0] if self._loading else 0

    async def settled(self) -> None:
        """Return when nothing is being loaded."""
        while self._loading is not None:
            await asyncio.wait([self._loading[1]])

    async def stop(self) -> None:
        """Give up what is being loaded."""
        if self._loading is not None:
            self._loading[1].cancel()
            with suppress(asyncio.CancelledError):
                await self._loading[1]

    async def _change(self, newest: Deployment) -> None:
        try:
            since = await self._competing_since(newest)
            self._take(newest.revision, at_hand(newest, self._models, since) or await self._load(newest, since))
        except Exception as error:  # whatever a damaged file makes a library raise must not end the watch
            if self._wanted(newest.revision):
                log.warning("revision %d is refused: %s", newest.revision, error.__cause__ or error)
                self._refuse(newest.revision, _reason(error))
                await self._fall_back(newest)
        finally:
            if self._wanted(newest.revision):
                self._loading = None

    async def _load(self, deployment: Deployment, since: int) -> Lineup:
        lineup = self._predictor.lineup
        running, have = lineup.manifest if lineup else None, self._models
        return await aside(lambda: self._loader.load(deployment, have, running, since))

    async def _fall_back(self, newest: Deployment) -> None:
        """With nothing to go on with (at the start), serve the last revision that can."""
        if self._predictor.lineup is not None:
            return
        with suppress(UnderstudyError):
            for past in (await aside(lambda: self._log.history(newest.problem, FALLBACKS + 1)))[1:]:
                with suppress(UnderstudyError):
                    self._take(newest.revision, await self._load(past, past.revision))
                    return

    async def _competing_since(self, newest: Deployment) -> int:
        if newest.mode != "bandit":
            return newest.revision
        return competing_since(await aside(lambda: self._log.history(newest.problem, REACH)))

    def _take(self, wanted: int, lineup: Lineup) -> None:
        """Swap in one assignment, unless a newer revision was asked for meanwhile.

        The models of the lineup before stay warm, for a rollback.
        """
        if self._wanted(wanted):
            before = self._predictor.lineup
            self._predictor.lineup = lineup
            self.swaps += 1
            self.refusal = None if lineup.deployment.revision == wanted else self.refusal
            kept = _digests(lineup) | (_digests(before) if before else set())
            self._models = {digest: model for digest, model in lineup.models.items() if digest in kept}
        for digest in lineup.models.keys() - self._models.keys():
            self._loader.release(lineup.models[digest])

    @property
    def _serving(self) -> int:
        lineup = self._predictor.lineup
        return lineup.deployment.revision if lineup else 0

    def _wanted(self, revision: int) -> bool:
        """Whether it is still the newest revision that was asked for: of two loads, the older may end last."""
        return self._loading is not None and self._loading[0] == revision

    def _due(self, revision: int) -> bool:
        if self._wanted(revision):
            return False
        refusal = self.refusal
        return refusal is None or refusal.revision != revision or time.monotonic() >= refusal.again

    def _refuse(self, revision: int, reason: str) -> None:
        before = self.refusal
        if before is not None and before.revision == revision:
            attempts = before.attempts + 1
            self.refusal = replace(before, reason=reason, attempts=attempts, again=_again(attempts))
            self.refused.pop()
        else:
            self.refusal = Refusal(revision, reason, datetime.now(UTC).replace(tzinfo=None), again=_again(1))
        self.refused.append(self.refusal)


def _digests(lineup: Lineup) -> set[str]:
    return {placed.digest for placed in (*lineup.deployment.arms, *lineup.deployment.shadows)}


def _reason(error: Exception) -> str:
    if isinstance(error, StoreError):
        return "A store that it needs cannot be reached."  # clients read this, and the error says where the store is
    return str(error) if isinstance(error, UnderstudyError) else f"{type(error).__name__}: {error}"


def _again(attempts: int) -> float:
    return time.monotonic() + min(2.0 ** (attempts - 1), LONGEST_PAUSE)
