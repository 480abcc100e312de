"""A server in step with its stores: what is new serves, what is bad is refused, and what runs goes on."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from bundle_corpus import Corpus, revision
from fake_deployment_log import FakeDeploymentLog
from fake_feature_store import FakeFeatureStore
from fake_ledger import FakeLedger
from small_bundle import small_model
from small_serving import SPEC, a_predictor, a_row

from serving.features import FeatureCache
from serving.predictor import Predictor
from serving.settings import ServingSettings
from serving.watcher import Watcher
from understudy.errors import StoreError
from understudy.features.snapshot import Result
from understudy.problem import View
from understudy.records import ArmReward, Deployment

pytestmark = pytest.mark.integration

DOWN = StoreError("The database cannot be reached.", "Start it.")


class House:
    """A server's stores and its watcher."""

    def __init__(self, folder: Path, predictor: Predictor) -> None:
        self.corpus, self.predictor = Corpus(folder), predictor
        self.log, self.features, self.ledger = FakeDeploymentLog(), FakeFeatureStore(), FakeLedger()
        self.home = folder / "var"
        settings = ServingSettings(poll=0.02, refresh=0.02)
        self.watcher = Watcher(predictor, self.log, self.corpus.store, self.features, self.ledger, self.home, settings)

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


@contextmanager
def a_house(folder: Path) -> Iterator[House]:
    with a_predictor() as predictor:
        yield House(folder, predictor)


def run(folder: Path, story: Callable[[House], Awaitable[None]]) -> None:
    """Tell a story in an event loop, and stop the watcher at its end."""

    async def told(house: House) -> None:
        try:
            await story(house)
        finally:
            await house.watcher.stop()

    with a_house(folder) as house:
        asyncio.run(told(house))


async def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def test_a_new_revision_serves_within_a_second(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.watcher.start()
        assert house.serving is None
        house.log.append(revision(1, (1, house.corpus.sound(1))))
        began = time.monotonic()
        await until(lambda: house.serving)
        assert time.monotonic() - began < 1
        assert await house.version_that_answers() == 1
        house.log.append(revision(2, (2, house.corpus.sound(2))))
        await until(lambda: house.serving and house.serving.revision == 2)
        assert await house.version_that_answers() == 2
        assert house.watcher.swaps == 2

    run(tmp_path, story)


def test_a_bad_bundle_is_refused_tried_again_and_mended(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.see(revision(1, (1, house.corpus.sound(1))))
        card = b""

        def spoil(bundle: Path) -> None:
            nonlocal card
            card = (bundle / "card.md").read_bytes()
            (bundle / "card.md").write_bytes(b"x" + card)

        digest = house.corpus.altered(2, spoil)
        assert await house.see(revision(2, (2, digest))) == 1
        refusal = house.watcher.refusal
        assert refusal is not None
        assert (refusal.revision, refusal.attempts) == (2, 1)
        assert "toy/2 as champion: The bundle is refused: card.md has" in refusal.reason
        assert list(house.watcher.refused) == [refusal]
        assert await house.version_that_answers() == 1
        await house.watcher.refresh()
        assert house.watcher.refusal.attempts == 1, "not before its pause is over"
        (house.corpus.store.root / digest / "card.md").write_bytes(card)
        await house.watcher.start()
        await until(lambda: house.watcher.refusal is None)
        assert await house.version_that_answers() == 2
        assert house.watcher.unreachable == {}

    run(tmp_path, story)


def test_each_attempt_is_counted_and_a_newer_revision_ends_them(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await house.see(revision(1, (1, house.corpus.sound(1))))
        await house.see(revision(2, (2, "a" * 64)))
        await house.watcher.start()
        await until(lambda: house.watcher.refusal and house.watcher.refusal.attempts == 2)
        assert [refused.revision for refused in house.watcher.refused] == [2]
        assert await house.see(revision(3, (1, house.serving.champion.digest))) == 3  # type: ignore[union-attr]
        assert house.watcher.refusal is None

    run(tmp_path, story)


def test_at_the_start_the_last_revision_that_can_serves(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.log.append(revision(1, (1, house.corpus.sound(1))))
        house.log.append(revision(2, (2, "a" * 64)))
        assert await house.see(revision(3, (3, "b" * 64))) == 1
        assert house.watcher.refusal is not None
        assert house.watcher.refusal.revision == 3
        assert await house.version_that_answers() == 1

    run(tmp_path, story)


def test_a_kill_and_a_rollback_wait_for_no_store(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        first, second = house.corpus.sound(1), house.corpus.sound(2)
        await house.see(revision(1, (1, first)))
        await house.see(revision(2, (2, second)))
        house.corpus.store.root.rename(tmp_path / "gone")
        assert await house.see(revision(3, (1, first), change="rollback", restores=1)) == 3
        assert await house.version_that_answers() == 1
        assert await house.see(revision(4, (1, first), (2, second), (3, "c" * 64), killed=True)) == 4
        assert await house.version_that_answers() == 1

    run(tmp_path, story)


def test_a_store_that_hangs_holds_up_no_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        first, hang = house.corpus.sound(1), threading.Event()
        await house.see(revision(1, (1, first)))
        fetch = house.corpus.store.fetch

        def slow(digest: str, into: Path) -> Path:
            hang.wait(30)
            return fetch(digest, into)

        monkeypatch.setattr(house.corpus.store, "fetch", slow)
        second = house.corpus.sound(2)
        await house.watcher.start()
        house.log.append(revision(2, (2, second)))
        await asyncio.sleep(0.2)
        assert house.serving is not None
        assert house.serving.revision == 1
        house.log.append(revision(3, (1, first), (2, second), killed=True))
        await until(lambda: house.serving and house.serving.revision == 3)
        hang.set()
        await asyncio.sleep(0.3)
        assert house.serving.revision == 3, "what was asked for before came too late"
        assert await house.version_that_answers() == 1

    run(tmp_path, story)


def test_the_lineup_before_stays_warm_and_older_ones_go(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        digests = [house.corpus.sound(version) for version in (1, 2, 3)]
        for number, digest in enumerate(digests, start=1):
            await house.see(revision(number, (number, digest)))
        [private] = (house.home / "serving").iterdir()
        kept = {folder.name.split("-")[0] for folder in private.iterdir()}
        assert kept == {digest[:12] for digest in digests[1:]}

    run(tmp_path, story)
    assert list((tmp_path / "var" / "serving").iterdir()) == []


def test_while_the_database_is_out_the_server_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down(*_: Any) -> None:
        raise DOWN

    async def story(house: House) -> None:
        await house.see(revision(1, (1, house.corpus.sound(1))))
        with monkeypatch.context() as outage:
            outage.setattr(house.log, "newest", down)
            await house.watcher.start()
            await until(lambda: house.watcher.unreachable)
            assert house.watcher.unreachable == {"deployments": "The database cannot be reached. Start it."}
            await asyncio.sleep(0.1)
            assert caplog.messages == ["deployments cannot be reached: The database cannot be reached. Start it."]
            assert await house.version_that_answers() == 1
        await until(lambda: not house.watcher.unreachable)
        assert house.watcher.refusal is None

    run(tmp_path, story)


def test_a_log_that_answers_nonsense_ends_no_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(house.log, "newest", lambda _: 1 // 0)
            await house.watcher.start()
            assert "ZeroDivisionError" in house.watcher.unreachable["deployments"]
        house.log.append(revision(1, (1, house.corpus.sound(1))))
        await until(lambda: house.serving)

    run(tmp_path, story)


def test_new_features_are_looked_up_and_an_outage_keeps_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> None:
        raise DOWN

    async def story(house: House) -> None:
        view = View(name="towns", sql="towns.sql", keys=("town",), every="1h", columns=("crowd",))
        house.predictor.features.cache = cache = FeatureCache(
            SPEC.model_copy(update={"features": SPEC.features.model_copy(update={"views": (view,)})})
        )
        await house.watcher.start()
        for hour in (8, 9):
            house.features.publish("toy", {"towns": Result(datetime(2026, 11, 22, hour), {("north",): (hour,)})})
            await until(lambda hour=hour: cache.newest() == {"towns": datetime(2026, 11, 22, hour)})
        monkeypatch.setattr(house.features, "since", down)
        await until(lambda: house.watcher.unreachable)
        assert house.watcher.unreachable == {"features": "The database cannot be reached. Start it."}
        nine = int((datetime(2026, 11, 22, 9) - datetime(1970, 1, 1)).total_seconds()) * 1_000_000
        values, _ = cache.look_up([a_row()], [nine])
        assert values["crowd"].tolist() == [9.0]

    run(tmp_path, story)


def test_a_bandit_goes_on_learning_over_revisions_with_the_same_arms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def rewards(problem: str, since: int, costs: Any) -> tuple[ArmReward, ...]:
        asked.append(since)
        return (ArmReward("champion", 200, 20.0), ArmReward("challenger", 200, 180.0))

    async def story(house: House) -> None:
        monkeypatch.setattr(house.ledger, "rewards", rewards)
        arms = ((1, house.corpus.sound(1)), (2, house.corpus.sound(2)))
        await house.see(revision(1, arms[0]))
        await house.see(revision(2, *arms, mode="bandit"))
        await house.see(revision(3, *arms, mode="bandit", shadows=()))
        assert asked == [2, 2]
        assert house.predictor.shares()[1] > 0.9

    run(tmp_path, story)


def test_a_hundred_swaps_under_load_fail_no_request_and_each_score_is_its_versions_own(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        digests = {1: house.corpus.sound(1)}
        flipped = small_model("score").replace(b"north", b"south")
        digests[2] = house.corpus.sound(2, model=flipped, example=_example_of(flipped))
        await house.see(revision(1, (1, digests[1])))
        scores, done = {}, False

        async def ask() -> None:
            while not done:
                [answer] = await house.predictor.predict([a_row()])
                scores.setdefault(answer.version, set()).add(round(answer.score or 0.0, 6))

        asking = [asyncio.create_task(ask()) for _ in range(4)]
        for number in range(2, 102):
            version = 1 + number % 2
            assert await house.see(revision(number, (version, digests[version]))) == number
            await asyncio.sleep(0)
        done = True
        await asyncio.gather(*asking)
        assert {version: len(found) for version, found in scores.items()} == {1: 1, 2: 1}
        assert scores[1] != scores[2]
        assert house.watcher.swaps == 101

    run(tmp_path, story)


def _example_of(model: bytes) -> Any:
    from small_bundle import INPUTS, expected_score

    from understudy.bundle import Scorer
    from understudy.bundle.columns import tensors
    from understudy.bundle.manifest import Example

    values = {"size": [1.0], "weight": [0.5], "town": ["north"]}
    score = float(Scorer(model, INPUTS).score(*tensors(INPUTS, values))[0])
    assert score != pytest.approx(expected_score(1.0, 0.5, "north"))
    return Example(request={"size": 1.0}, numbers=(1.0, 0.5), categories=("north",), score=score)
