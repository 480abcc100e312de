"""The shadows' process is started where there is anyone to ask, and started anew where it ended."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from shadowed import HANGS, Shadowed, settled, sizes, until
from small_serving import a_lineup, a_model, a_predictor

from serving.predictor import Predictor

pytestmark = pytest.mark.integration


@pytest.fixture
def shadowed(tmp_path: Path) -> Shadowed:
    return Shadowed(tmp_path)


def test_a_killed_process_is_replaced_and_its_rows_are_counted(shadowed: Shadowed) -> None:
    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        found = await predictor.predict(sizes(HANGS, 1.0))
        await until(lambda: shadows._sent)
        os.kill(shadows.pid or 0, signal.SIGKILL)
        found += await predictor.predict(sizes(1.0))
        await until(lambda: shadows.restarts == 1)
        lost = sum(shadows.tally.dropped.values())
        [breaker] = shadows._breakers.values()
        assert breaker.opened == 1
        assert {why for _, why in shadows.tally.dropped} <= {"died", "loading", "open circuit"}
        await until(lambda: shadows.ready and shadows.pid)
        found += await predictor.predict(sizes(1.0))
        await settled(predictor)
        assert lost + shadows.tally.scored["shadow2"] == 4
        assert len(found) == 4

    shadowed.run(work, breaker_cooldown=0.01)
    assert len(shadowed.writer.of("live")) == 4


def test_a_process_that_cannot_be_started_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    starts = 0
    really = subprocess.Popen

    def no_descriptor_left(*said: Any, **more: Any) -> Any:
        nonlocal starts
        starts += 1
        if starts < 3:
            raise OSError(24, "Too many open files")
        return really(*said, **more)

    async def work() -> None:
        monkeypatch.setattr("serving.shadow.process.subprocess.Popen", no_descriptor_left)
        with a_predictor() as predictor:
            one, two = (a_model(tmp_path, version) for version in (1, 2))
            predictor.lineup = a_lineup(one, shadows=(two,))
            await predictor.predict(sizes(1.0))
            await until(lambda: predictor.shadows.ready)
            await predictor.predict(sizes(1.0))
            await settled(predictor)
            assert predictor.shadows.tally.dropped == {("shadow2", "loading"): 1}
            assert predictor.shadows.tally.scored == {"shadow2": 1}
            assert predictor.shadows.restarts == 2
            await predictor.close()

    asyncio.run(work())
    assert caplog.text.count("the shadows' process cannot be started: [Errno 24] Too many open files") == 2


def test_a_server_ends_in_peace_though_its_shadows_never_started(tmp_path: Path) -> None:
    async def work() -> None:
        with a_predictor(None, shadow_cores=(9999,)) as predictor:
            predictor.lineup = a_lineup(a_model(tmp_path, 1), shadows=(a_model(tmp_path, 2),))
            await until(lambda: predictor.shadows.restarts)
            assert len(await predictor.predict(sizes(1.0))) == 1
            await predictor.close()

    asyncio.run(work())


def test_a_process_that_speaks_nonsense_is_replaced(shadowed: Shadowed, caplog: pytest.LogCaptureFixture) -> None:
    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        really = shadows._take

        def nonsense(said: dict[str, Any]) -> None:
            shadows._take = really  # type: ignore[method-assign]
            raise KeyError("scored")

        shadows._take = nonsense  # type: ignore[method-assign]
        await predictor.predict(sizes(1.0))
        await until(lambda: shadows.restarts == 1)
        assert shadows.tally.dropped == {("shadow2", "died"): 1}
        await until(lambda: shadows.ready and shadows.pid)
        await predictor.predict(sizes(1.0))
        await settled(predictor)
        assert shadows.tally.scored == {"shadow2": 1}

    shadowed.run(work)
    assert "the shadows' process is ended" in caplog.text


def test_no_process_is_started_for_a_lineup_without_shadows(shadowed: Shadowed, tmp_path: Path) -> None:
    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        one, two = (a_model(tmp_path / "others", version) for version in (1, 2))
        predictor.lineup = a_lineup(one)
        os.kill(shadows.pid or 0, signal.SIGKILL)
        await until(lambda: shadows.restarts == 1)
        await asyncio.sleep(0.5)
        assert shadows.pid is None
        predictor.lineup = a_lineup(one, shadows=(two,))
        await until(lambda: shadows.ready and shadows.pid)

    shadowed.run(work)


def test_no_process_is_started_for_a_model_that_is_left_out(tmp_path: Path) -> None:
    async def work() -> None:
        with a_predictor() as predictor:
            shadows, damaged = predictor.shadows, a_model(tmp_path, 2)
            (damaged.bundle.folder / "card.md").write_text("something else", encoding="utf-8")
            predictor.lineup = a_lineup(a_model(tmp_path, 1), shadows=(damaged,))
            await until(lambda: shadows.refused)
            os.kill(shadows.pid or 0, signal.SIGKILL)
            await until(lambda: shadows.restarts == 1)
            await asyncio.sleep(0.5)
            assert shadows.pid is None
            await predictor.close()

    asyncio.run(work())


def test_another_lineup_need_not_wait_until_the_last_one_is_tried_again(shadowed: Shadowed, tmp_path: Path) -> None:
    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        shadows._pause = 60.0
        await predictor.predict(sizes(HANGS))
        await until(lambda: shadows.restarts == 1)
        one, two = (a_model(tmp_path / "others", version) for version in (1, 3))
        predictor.lineup = a_lineup(one, shadows=(two,), revision=6)
        await until(lambda: shadows.ready and shadows.pid)
        await predictor.predict(sizes(HANGS))
        await settled(predictor)
        assert shadows.tally.scored == {"shadow3": 1}

    shadowed.run(work, shadow_time=0.2, breaker_cooldown=60.0)
