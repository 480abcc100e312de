"""Answering requests: features, routing, scoring, storing. Knows nothing of HTTP."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serving.answering import Batch, Intake, predictions
from serving.batching import Batcher, Item, requests_of
from serving.drill import Drills
from serving.errors import ModelFailed, NotReady
from serving.explain import Explanation, explain
from serving.features import FeatureCache, RequestFeatures
from serving.lineup import Lineup
from serving.loading import Models
from serving.model import FloatArray, LoadedModel
from serving.oddities import Oddities
from serving.routing.arm import Arm
from serving.routing.router import Router
from serving.settings import ServingSettings
from serving.shadow import Shadows
from serving.writes import Writes
from understudy.bundle.columns import tensors
from understudy.errors import DataError, RequestError, UnderstudyError
from understudy.features.code import code_hash
from understudy.ports import Ledger
from understudy.problem import ProblemSpec
from understudy.records import ArmReward, Prediction
from understudy.records.deployment import CHAMPION, Placed

Recalling = Callable[[str, int, int, Models], LoadedModel]
"""See ``Recall.model``."""


def utc_now() -> datetime:
    """UTC without zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class Predictor:
    """Everything between a checked request and its answer. For one event loop."""

    def __init__(
        self,
        spec: ProblemSpec,
        root: Path,
        ledger: Writes,
        cache: FeatureCache,
        shadows: Shadows,
        settings: ServingSettings,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """
        Args:
            root: folder of the checkout, which the views' paths are relative to.
            clock: UTC without zone.
        """
        self.spec, self.ledger, self.shadows, self.clock = spec, ledger, shadows, clock
        self.features = RequestFeatures(spec, cache)
        self.code_hash = code_hash(spec, root)
        """What a bundle's features must have been made by: see ``LoadedModel.load``."""
        self.router = Router(settings)
        self.batcher = Batcher(self._answer, settings.turn_rows, settings.waiting_rows, settings.batches_at_once)
        self._intake = Intake(spec, self.features)
        self.drills = Drills()
        self._lineup: Lineup | None = None
        self._oddities: Oddities | None = None
        self._aside: set[asyncio.Task[None]] = set()

    @property
    def lineup(self) -> Lineup | None:
        """What serves; none before the first deployment."""
        return self._lineup

    @lineup.setter
    def lineup(self, lineup: Lineup) -> None:
        """Swap. Batches that have begun end with the lineup that they began with.

        Raises:
            BundleError: a model reads other inputs than the problem makes; then the lineup stays as it is.
        """
        for placed in (*lineup.deployment.arms, *lineup.deployment.shadows):
            self.features.check(lineup.model(placed).manifest, placed.version)
        self._oddities = Oddities(lineup.manifest)
        self.router.take(lineup)
        self._lineup = lineup
        self.shadows.use(lineup)

    async def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """Answer the rows of one request, which have every field of the manifest's request, in order.

        Resolves when the answers are durable.

        Raises:
            NotReady: nothing is deployed yet.
            Overloaded: too much is asked at once.
            RequestError: a row lacks its event time.
            ModelFailed: the champion cannot score.
            DataError, StoreError: the answers cannot be stored.
        """
        self._ready()
        return await self.batcher.submit(rows)

    async def explain(self, row: Mapping[str, Any]) -> Explanation:
        """Why the champion scores a row as it does; stores nothing.

        Raises:
            NotReady, RequestError, ModelFailed: as for ``predict``.
        """
        lineup = self._ready()
        features = self.features.of([row])
        threshold = lineup.threshold(lineup.deployment.champion)
        return await asyncio.to_thread(explain, lineup.champion, features.numbers, features.categories, threshold)

    async def explain_prediction(self, stored: Mapping[str, Any], recall: Recalling) -> Explanation:
        """Why a stored prediction (fields of ``Prediction``) was what it was, from the inputs that its model read.

        Args:
            recall: gives the model of a problem, revision and version, out of those loaded or anew; blocks.

        Raises:
            RequestError: its inputs are not stored with it.
            DeploymentError, BundleError, StoreError: its model cannot be had any more: see ``Recall.model``.
        """
        version, inputs = stored["version"], stored["inputs"]
        if not inputs:
            where = f"its live prediction is {stored['live']}" if stored.get("live") else "it was stored without"
            raise RequestError(f"The inputs of {stored['id']} are not stored with it: {where}.", "Ask for that one.")
        loaded = self._ready().models
        model = await asyncio.to_thread(recall, self.spec.name, stored["revision"], version, loaded)
        columns = {name: [value] for name, value in inputs.items()}
        return await asyncio.to_thread(explain, model, *tensors(model.manifest.inputs, columns), stored["threshold"])

    async def learn(self, ledger: Ledger) -> None:
        """Let a bandit learn from the labels that have landed; nothing in other modes. About once a second.

        Raises:
            StoreError: the ledger cannot be reached; the arms keep their shares.
        """
        lineup = self._lineup
        if lineup is not None and lineup.deployment.mode == "bandit":
            costs = lineup.manifest.costs.model_dump()
            rewards = await asyncio.to_thread(ledger.rewards, self.spec.name, lineup.since, costs)
            self.reward(rewards)

    def reward(self, rewards: Sequence[ArmReward]) -> None:
        """Renew a bandit's shares by what the ledger said; nothing in other modes."""
        self.router.learn(rewards)

    def shares(self) -> tuple[float, ...]:
        """Share of the traffic that each arm has now, in the order of the deployment's arms."""
        return self.router.weights(self._lineup.deployment, self.clock()) if self._lineup else ()

    async def drain(self) -> None:
        """Return when everything that was asked is answered."""
        await self.batcher.drain()
        while self._aside:
            await asyncio.wait(self._aside)

    async def close(self) -> None:
        """Answer what was asked, then stop the challengers' threads and the shadows."""
        await self.drain()
        self.router.close()
        await self.shadows.close()

    def _ready(self) -> Lineup:
        if self._lineup is None:
            raise NotReady(
                "No model serves yet.", "Ask again shortly; `understudy deployments` shows what should serve."
            )
        return self._lineup

    async def _answer(self, items: list[Item]) -> None:
        lineup, oddities = self._lineup, self._oddities
        assert lineup is not None  # noqa: S101
        assert oddities is not None  # noqa: S101
        try:
            batch = self._intake.batch(lineup, oddities, items, self.clock())
        except Exception as error:  # a feature function may raise anything
            await self._apart(items, _named(error))
            return
        own, others = self.router.part(batch)
        for place, part in others:
            placed = lineup.deployment.arms[place]
            self._spawn(self._challenge(self.router.arm(placed), placed, part))
        if own is not None:
            await self._by_champion(own)

    async def _challenge(self, arm: Arm, placed: Placed, batch: Batch) -> None:
        features, delay = batch.features, self.drills.delay(placed.name)
        scores, fallback = await arm.score(features.numbers, features.categories, len(batch.rows), delay)
        if scores is not None:
            await self._finish(batch, predictions(batch, placed, scores, ""))
            return
        for flags in batch.flags:
            flags.append(f"assigned: {placed.name}")
        await self._by_champion(batch, fallback)

    async def _by_champion(self, batch: Batch, fallback: str = "") -> None:
        try:
            scores = await self._champion_scores(batch)
        except Exception as error:
            await self._apart(batch.items, _named(error))
            return
        await self._finish(batch, predictions(batch, batch.lineup.deployment.champion, scores, fallback))

    async def _champion_scores(self, batch: Batch) -> FloatArray:
        champion, features = batch.lineup.champion, batch.features
        if delay := self.drills.delay(CHAMPION):
            await asyncio.sleep(delay)
        if len(batch.rows) <= champion.inline_rows:
            return champion.score(features.numbers, features.categories)
        return await asyncio.to_thread(champion.score, features.numbers, features.categories)

    async def _finish(self, batch: Batch, made: list[Prediction]) -> None:
        try:
            await self.ledger.write(made)
        except Exception as error:
            await self._not_stored(batch, made, error)
            return
        for (request, place), prediction in zip(batch.items, made, strict=True):
            request.put(place, prediction)
        if batch.lineup.deployment.shadows:
            # In a later turn, so that the answers leave first.
            asyncio.get_running_loop().call_soon(self.shadows.offer, batch.lineup, made, batch.features)

    async def _not_stored(self, batch: Batch, made: list[Prediction], error: Exception) -> None:
        requests = requests_of(batch.items)
        if not isinstance(error, DataError) or len(requests) == 1:
            for request in requests:
                request.fail(error)
            return
        for request in requests:  # a row that no database can store costs its own request alone
            places = [place for place, item in enumerate(batch.items) if item[0] is request]
            await self._finish(batch.take(places), [made[place] for place in places])

    async def _apart(self, items: list[Item], error: UnderstudyError) -> None:
        """Find the request that a batch failed for: the others are answered by themselves."""
        requests = requests_of(items)
        if len(requests) == 1:
            requests[0].fail(error)
            return
        for request in requests:
            await self._answer([item for item in items if item[0] is request])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)


def _named(error: Exception) -> UnderstudyError:
    if isinstance(error, UnderstudyError):
        return error
    failed = ModelFailed(
        f"The request cannot be computed: {type(error).__name__}: {error}.", "Correct the feature code."
    )
    failed.__cause__ = error
    return failed
