"""A server in step with its stores: what is new is taken up, and while one of them is away it goes on and says so."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from bundle_corpus import revision
from small_serving import SPEC, a_row

from serving.features import FeatureCache
from understudy.errors import StoreError
from understudy.features.snapshot import Result
from understudy.problem import View

pytestmark = pytest.mark.integration

Tell = Callable[[Callable[[Any], Awaitable[None]]], None]
DOWN = StoreError("The database cannot be reached.", "Start it.")


def test_a_new_revision_serves_within_a_second(tell: Tell) -> None:
    async def story(house: Any) -> None:
        await house.watcher.start()
        assert house.serving is None
        house.log.append(revision(1, (1, house.corpus.sound(1))))
        began = time.monotonic()
        await house.until(lambda: house.serving)
        assert time.monotonic() - began < 1
        assert await house.version_that_answers() == 1
        house.log.append(revision(2, (2, house.corpus.sound(2))))
        await house.until(lambda: house.serving and house.serving.revision == 2)
        assert await house.version_that_answers() == 2
        assert house.watcher.swaps == 2

    tell(story)


def test_while_the_database_is_out_the_server_goes_on_and_says_so(
    tell: Tell, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down(*_: Any) -> None:
        raise DOWN

    async def story(house: Any) -> None:
        await house.see(revision(1, (1, house.corpus.sound(1))))
        with monkeypatch.context() as outage:
            outage.setattr(house.log, "newest", down)
            await house.watcher.start()
            await house.until(lambda: house.watcher.unreachable)
            assert house.watcher.unreachable == {"deployments": "The database cannot be reached. Start it."}
            await asyncio.sleep(0.1)
            assert caplog.messages == ["deployments cannot be reached: The database cannot be reached. Start it."]
            assert await house.version_that_answers() == 1
        await house.until(lambda: not house.watcher.unreachable)
        assert house.watcher.refusal is None

    tell(story)


def test_a_log_that_answers_nonsense_ends_no_watch(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: Any) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(house.log, "newest", lambda _: 1 // 0)
            await house.watcher.start()
            assert "ZeroDivisionError" in house.watcher.unreachable["deployments"]
        house.log.append(revision(1, (1, house.corpus.sound(1))))
        await house.until(lambda: house.serving)

    tell(story)


def test_new_features_are_looked_up_and_an_outage_keeps_the_old_ones(
    tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> None:
        raise DOWN

    async def story(house: Any) -> None:
        view = View(name="towns", sql="towns.sql", keys=("town",), every="1h", columns=("crowd",))
        house.predictor.features.cache = cache = FeatureCache(
            SPEC.model_copy(update={"features": SPEC.features.model_copy(update={"views": (view,)})})
        )
        await house.watcher.start()
        for hour in (8, 9):
            house.features.publish("toy", {"towns": Result(datetime(2026, 11, 22, hour), {("north",): (hour,)})})
            await house.until(lambda hour=hour: cache.newest() == {"towns": datetime(2026, 11, 22, hour)})
        monkeypatch.setattr(house.features, "since", down)
        await house.until(lambda: house.watcher.unreachable)
        assert house.watcher.unreachable == {"features": "The database cannot be reached. Start it."}
        nine = int((datetime(2026, 11, 22, 9) - datetime(1970, 1, 1)).total_seconds()) * 1_000_000
        values, _ = cache.look_up([a_row()], [nine])
        assert values["crowd"].tolist() == [9.0]

    tell(story)
