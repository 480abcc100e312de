"""The newest revision serves, or is refused while the last good one goes on."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from bundle_corpus import revision
from small_bundle import INPUTS, expected_score, small_model
from small_serving import a_row

from understudy.bundle import Scorer
from understudy.bundle.columns import tensors
from understudy.bundle.manifest import Example
from understudy.records import ArmReward

pytestmark = pytest.mark.integration

Tell = Callable[[Callable[[Any], Awaitable[None]]], None]


def test_a_bad_bundle_is_refused_tried_again_and_mended(tell: Tell) -> None:
    async def story(house: Any) -> None:
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
        await house.until(lambda: house.watcher.refusal is None)
        assert await house.version_that_answers() == 2
        assert house.watcher.unreachable == {}

    tell(story)


def test_each_attempt_is_counted_and_a_newer_revision_ends_them(tell: Tell) -> None:
    async def story(house: Any) -> None:
        await house.see(revision(1, (1, house.corpus.sound(1))))
        await house.see(revision(2, (2, "a" * 64)))
        await house.watcher.start()
        await house.until(lambda: house.watcher.refusal and house.watcher.refusal.attempts == 2)
        assert [refused.revision for refused in house.watcher.refused] == [2]
        assert await house.see(revision(3, (1, house.serving.champion.digest))) == 3
        assert house.watcher.refusal is None

    tell(story)


def test_at_the_start_the_last_revision_that_can_serves(tell: Tell) -> None:
    async def story(house: Any) -> None:
        house.log.append(revision(1, (1, house.corpus.sound(1))))
        house.log.append(revision(2, (2, "a" * 64)))
        assert await house.see(revision(3, (3, "b" * 64))) == 1
        assert house.watcher.refusal is not None
        assert house.watcher.refusal.revision == 3
        assert await house.version_that_answers() == 1

    tell(story)


def test_a_kill_and_a_rollback_wait_for_no_store(tell: Tell, tmp_path: Path) -> None:
    async def story(house: Any) -> None:
        first, second = house.corpus.sound(1), house.corpus.sound(2)
        await house.see(revision(1, (1, first)))
        await house.see(revision(2, (2, second)))
        house.corpus.store.root.rename(tmp_path / "gone")
        assert await house.see(revision(3, (1, first), change="rollback", restores=1)) == 3
        assert await house.version_that_answers() == 1
        assert await house.see(revision(4, (1, first), (2, second), (3, "c" * 64), killed=True)) == 4
        assert await house.version_that_answers() == 1

    tell(story)


def test_a_store_that_hangs_holds_up_no_kill(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: Any) -> None:
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
        await house.until(lambda: house.serving and house.serving.revision == 3)
        hang.set()
        await asyncio.sleep(0.3)
        assert house.serving.revision == 3, "what was asked for before came too late"
        assert await house.version_that_answers() == 1

    tell(story)


def test_the_lineup_before_stays_warm_and_older_ones_go(tell: Tell, tmp_path: Path) -> None:
    async def story(house: Any) -> None:
        digests = [house.corpus.sound(version) for version in (1, 2, 3)]
        for number, digest in enumerate(digests, start=1):
            await house.see(revision(number, (number, digest)))
        [private] = (house.home / "serving").iterdir()
        kept = {folder.name.split("-")[0] for folder in private.iterdir()}
        assert kept == {digest[:12] for digest in digests[1:]}

    tell(story)
    assert list((tmp_path / "var" / "serving").iterdir()) == []


def test_a_bandit_goes_on_learning_over_revisions_with_the_same_arms(
    tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def rewards(problem: str, since: int, costs: Any) -> tuple[ArmReward, ...]:
        asked.append(since)
        return (ArmReward("champion", 200, 20.0), ArmReward("challenger", 200, 180.0))

    async def story(house: Any) -> None:
        monkeypatch.setattr(house.ledger, "rewards", rewards)
        arms = ((1, house.corpus.sound(1)), (2, house.corpus.sound(2)))
        await house.see(revision(1, arms[0]))
        await house.see(revision(2, *arms, mode="bandit"))
        await house.see(revision(3, *arms, mode="bandit", shadows=()))
        assert asked == [2, 2]
        assert house.predictor.shares()[1] > 0.9

    tell(story)


def test_a_hundred_swaps_under_load_fail_no_request_and_each_score_is_its_versions_own(tell: Tell) -> None:
    async def story(house: Any) -> None:
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

    tell(story)


def _example_of(model: bytes) -> Example:
    values = {"size": [1.0], "weight": [0.5], "town": ["north"]}
    score = float(Scorer(model, INPUTS).score(*tensors(INPUTS, values))[0])
    assert score != pytest.approx(expected_score(1.0, 0.5, "north"))
    return Example(request={"size": 1.0}, numbers=(1.0, 0.5), categories=("north",), score=score)
