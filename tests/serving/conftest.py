"""What bundles are fetched from and where to, and a server that follows stores in memory."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bundle_corpus import Corpus
from fake_deployment_log import FakeDeploymentLog
from fake_feature_store import FakeFeatureStore
from fake_ledger import FakeLedger
from small_serving import a_predictor, a_row

from serving.predictor import Predictor
from serving.private_folder import PrivateFolder
from serving.settings import ServingSettings
from serving.watcher import Watcher
from understudy.records import Deployment


class House:
    """A server's stores and its watcher."""

    def __init__(self, corpus: Corpus, predictor: Predictor) -> None:
        self.corpus, self.predictor = corpus, predictor
        self.log, self.features, self.ledger = FakeDeploymentLog(), FakeFeatureStore(), FakeLedger()
        self.home = corpus.folder / "var"
        settings = ServingSettings(poll=0.02, refresh=0.02)
        self.watcher = Watcher(predictor, self.log, corpus.store, self.features, self.ledger, self.home, settings)

    @property
    def serving(self) -> Deployment | None:
        return self.predictor.lineup.deployment if self.predictor.lineup else None

    async def see(self, deployment: Deployment) -> int:
        """Append, look, and return the revision that serves now."""
        self.log.append(deployment)
        await self.watcher.refresh()
        return self.serving.revision if self.serving else 0

    async def version_that_answers(self) -> int:
        return (await self.predictor.predict([a_row()]))[0].version

    async def until(self, true: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 10
        while not true():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """A bundle store to which sound and altered bundles are published."""
    return Corpus(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[PrivateFolder]:
    """The folder of a server of its own, empty."""
    folder = PrivateFolder(tmp_path / "home" / "serving")
    yield folder
    folder.close()


@pytest.fixture
def tell(corpus: Corpus) -> Iterator[Callable[[Callable[[House], Awaitable[None]]], None]]:
    """Tells a story of a house in an event loop, and stops its watcher at the end."""

    async def told(house: House, story: Callable[[House], Awaitable[None]]) -> None:
        try:
            await story(house)
        finally:
            await house.watcher.stop()

    with a_predictor() as predictor:
        yield lambda story: asyncio.run(told(House(corpus, predictor), story))
