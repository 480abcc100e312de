"""A shadow that hangs, at rows or while it is loaded, costs itself and nobody else."""

import asyncio
import time
from pathlib import Path

import pytest
from shadowed import HANGS, Shadowed, settled, sizes, until
from small_bundle import FOREVER, tricky_model
from small_serving import a_lineup, a_model, a_predictor

from serving.predictor import Predictor
from serving.shadow.loads import TRIES
from serving.shadow.pool import LONGEST_COOLDOWN
from serving.shadow.process import Process

pytestmark = pytest.mark.integration


@pytest.fixture
def shadowed(tmp_path: Path) -> Shadowed:
    return Shadowed(tmp_path)


def test_a_shadow_that_hangs_is_killed_and_the_next_one_works(shadowed: Shadowed) -> None:
    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        first = shadows.pid
        start = time.perf_counter()
        [found] = await predictor.predict(sizes(HANGS))
        assert time.perf_counter() - start < 0.2
        assert found.score == 1.0
        await predictor.predict(sizes(1.0, 1.0))
        await until(lambda: shadows.restarts == 1)
        assert shadows.tally.dropped == {("shadow2", "timeout"): 3}
        await until(lambda: shadows.ready and shadows.pid)
        assert shadows.pid != first
        for _ in range(2):
            await predictor.predict(sizes(1.0))
            await settled(predictor)
        assert shadows.tally.scored == {"shadow2": 2}

    shadowed.run(work, shadow_time=0.5, breaker_cooldown=0.01)
    assert len(shadowed.writer.of("live")) == 5
    assert len(shadowed.records.read()) == 2


def test_a_shadow_that_hangs_once_is_left_alone_and_troubles_the_others_no_more(shadowed: Shadowed) -> None:
    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        await predictor.predict(sizes(HANGS))
        await until(lambda: shadows.restarts == 1)
        await until(lambda: shadows.ready and shadows.pid)
        for _ in range(3):
            await predictor.predict(sizes(HANGS))
            await settled(predictor)
        assert shadows.tally.dropped["shadow2", "timeout"] == 1
        assert shadows.tally.dropped["shadow2", "open circuit"] == 3
        assert shadows.tally.scored["shadow3"] == 3
        assert shadows.restarts == 1

    shadowed.run(work, plain=True, shadow_time=0.2)


def test_there_is_no_process_while_the_only_shadow_is_left_alone(shadowed: Shadowed) -> None:
    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        await predictor.predict(sizes(HANGS))
        await until(lambda: shadows.restarts == 1)
        [breaker] = shadows._breakers.values()
        while breaker.state == "open":
            assert shadows.pid is None
            await predictor.predict(sizes(1.0))
            await asyncio.sleep(0.05)
        assert {why for _, why in shadows.tally.dropped} - {"loading"} == {"timeout", "open circuit"}
        assert shadows.tally.outstanding == 0
        await until(lambda: shadows.ready and shadows.pid)
        await predictor.predict(sizes(1.0))
        await settled(predictor)
        assert shadows.tally.scored == {"shadow2": 1}
        assert shadows.restarts == 1

    shadowed.run(work, shadow_time=0.5, breaker_cooldown=1.5)


def test_a_server_ends_in_peace_while_its_shadow_is_left_alone(shadowed: Shadowed) -> None:
    async def work(predictor: Predictor) -> None:
        await predictor.predict(sizes(HANGS))
        await until(lambda: predictor.shadows.restarts == 1)
        await asyncio.sleep(0.5)
        assert predictor.shadows.pid is None

    shadowed.run(work, shadow_time=0.2, breaker_cooldown=60.0)


def test_a_shadow_that_goes_on_hanging_is_tried_ever_more_seldom(shadowed: Shadowed) -> None:
    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        [breaker] = shadows._breakers.values()
        for times in (1, 2, 4):
            await until(lambda: shadows.ready and shadows.pid)
            restarts = shadows.restarts
            await predictor.predict(sizes(HANGS))
            await until(lambda before=restarts: shadows.restarts > before)
            assert breaker._pause == pytest.approx(0.01 * times)
        assert breaker.longest == LONGEST_COOLDOWN

    shadowed.run(work, shadow_time=0.2, breaker_cooldown=0.01)


def test_a_process_that_hangs_has_no_more_time_because_another_lineup_comes(shadowed: Shadowed, tmp_path: Path) -> None:
    """It cannot load the new models before it is through with what hangs."""

    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        await predictor.predict(sizes(HANGS))
        await until(lambda: shadows._sent)
        others = tmp_path / "others"
        predictor.lineup = a_lineup(a_model(others, 1), shadows=(a_model(others, 3),), revision=6)
        await until(lambda: shadows.restarts == 1)
        await until(lambda: shadows.ready and shadows.pid)
        await predictor.predict(sizes(HANGS))
        await settled(predictor)
        assert shadows.tally.dropped == {("shadow2", "timeout"): 1}
        assert shadows.tally.scored == {"shadow3": 1}

    shadowed.run(work, shadow_time=0.5)


def test_who_is_offered_rows_while_another_ones_process_dies_is_not_to_blame(
    shadowed: Shadowed, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying: list[Process] = []
    really = Process.kill

    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        assert predictor.lineup
        hung, plain = (shadows._breakers[placed.digest] for placed in predictor.lineup.deployment.shadows)
        monkeypatch.setattr(Process, "kill", lambda process: dying.append(process))
        await predictor.predict(sizes(HANGS))
        await until(lambda: dying)
        await predictor.predict(sizes(1.0))
        await asyncio.sleep(0.5)
        monkeypatch.setattr(Process, "kill", really)
        dying[0].kill()
        await until(lambda: shadows.restarts == 1)
        assert (hung.opened, plain.opened) == (1, 0)
        assert shadows.tally.dropped["shadow3", "loading"] == 1
        assert shadows.tally.outstanding == 0

    shadowed.run(work, plain=True, shadow_time=0.2)


def test_a_model_that_hangs_while_it_is_loaded_is_left_out_and_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.shadow.pool.LOADING", 6.0)

    async def work() -> None:
        with a_predictor() as predictor:
            hangs, plain = a_model(tmp_path, 2, tricky_model(FOREVER)), a_model(tmp_path, 3)
            monkeypatch.setenv("HANGING_LOAD", hangs.digest)
            predictor.lineup = a_lineup(a_model(tmp_path, 1), shadows=(hangs, plain))
            await until(lambda: predictor.shadows.ready, 90)
            assert predictor.shadows.restarts >= TRIES
            assert "hung or died" in predictor.shadows.refused[hangs.digest]
            await predictor.predict(sizes(1.0))
            await settled(predictor)
            assert predictor.shadows.tally.scored == {"shadow3": 1}
            assert predictor.shadows.tally.dropped == {("shadow2", "refused"): 1}
            await predictor.close()

    asyncio.run(work())


def test_a_model_that_hangs_while_it_is_loaded_has_no_more_time_because_another_lineup_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.shadow.pool.LOADING", 2.0)

    async def work() -> None:
        with a_predictor() as predictor:
            champion, hangs = a_model(tmp_path, 1), a_model(tmp_path, 2, tricky_model(FOREVER))
            monkeypatch.setenv("HANGING_LOAD", hangs.digest)
            predictor.lineup = a_lineup(champion, shadows=(hangs,))
            end = time.monotonic() + 20
            while not predictor.shadows.restarts:
                assert time.monotonic() < end
                predictor.lineup = a_lineup(champion, shadows=(hangs,))
                await asyncio.sleep(0.5)
            await predictor.close()

    asyncio.run(work())
