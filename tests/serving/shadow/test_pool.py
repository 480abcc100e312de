"""Whatever happens to shadows, live answers do not change, and nothing is lost without being counted."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop
from small_bundle import FOREVER, expected_score, tricky_model
from small_serving import FakeWriter, a_lineup, a_model, a_predictor, a_row

from serving.predictor import Predictor
from serving.routing.breaker import Breaker
from understudy.errors import StoreError
from understudy.records import Prediction

pytestmark = pytest.mark.integration

HANGS, FAILS = 2000.0, -2000.0
Work = Callable[[Predictor], Awaitable[Any]]


def shadowed(
    folder: Path, work: Work, writer: FakeWriter, trips: int = FOREVER, plain: bool = False, **said: Any
) -> Any:
    """Run ``work`` with an ordinary champion, a tricky shadow (version 2) and, where ``plain``, another (version 3)."""

    async def whole() -> Any:
        with a_predictor(None, writer, **said) as predictor:
            shadows = (a_model(folder, 2, tricky_model(trips), threshold=0.95),)
            predictor.lineup = a_lineup(
                a_model(folder, 1), shadows=(*shadows, a_model(folder, 3)) if plain else shadows, revision=5
            )
            try:
                await until(lambda: predictor.shadows.ready)
                return await work(predictor)
            finally:
                await predictor.close()

    return asyncio.run(whole())


async def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        await asyncio.sleep(0.01)


async def settled(predictor: Predictor) -> None:
    await predictor.drain()
    await asyncio.sleep(0)
    await predictor.shadows.drain()


def sizes(*some: float) -> list[dict[str, Any]]:
    return [a_row(id=f"h{n}", size=size) for n, size in enumerate(some)]


def test_shadow_predictions_are_stored_and_joined_to_the_live_ones(tmp_path: Path) -> None:
    writer = FakeWriter()

    async def work(predictor: Predictor) -> list[Prediction]:
        found = await predictor.predict(sizes(0.1, 0.2, 0.3))
        await settled(predictor)
        assert predictor.shadows.tally.scored == {"shadow2": 3}
        assert not predictor.shadows.tally.dropped
        return found

    live = shadowed(tmp_path, work, writer)
    stored = writer.of("shadow")
    assert writer.of("live") == live
    assert [shadow.live for shadow in stored] == [prediction.id for prediction in live]
    for shadow, prediction in zip(stored, live, strict=True):
        assert shadow.score == pytest.approx(expected_score(prediction.request["size"], 0.5, "north"), abs=1e-6)
        assert (shadow.arm, shadow.version, shadow.revision, shadow.threshold) == ("shadow2", 2, 5, 0.95)
        assert (shadow.decision, shadow.propensity) == (False, 1.0)
        assert (shadow.key, shadow.unit, shadow.request, shadow.inputs) == (prediction.key, prediction.unit, {}, {})
        assert shadow.id != prediction.id


def test_a_shadow_that_raises_is_recorded_with_its_error(tmp_path: Path) -> None:
    writer = FakeWriter()

    async def work(predictor: Predictor) -> None:
        found = await predictor.predict(sizes(FAILS))
        await settled(predictor)
        assert (found[0].score, found[0].version) == (0.0, 1)
        assert predictor.shadows.tally.failed == {"shadow2": 1}
        assert predictor.shadows.restarts == 0

    shadowed(tmp_path, work, writer)
    [shadow] = writer.of("shadow")
    assert (shadow.score, shadow.decision) == (None, None)
    assert shadow.error.startswith("Version 2 cannot score")


def test_a_shadow_that_hangs_is_killed_and_the_next_one_works(tmp_path: Path) -> None:
    writer = FakeWriter()

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
        await predictor.predict(sizes(1.0))
        await settled(predictor)
        assert shadows.tally.scored == {"shadow2": 1}

    shadowed(tmp_path, work, writer, shadow_time=0.5)
    assert len(writer.of("live")) == 4
    assert len(writer.of("shadow")) == 1


def test_a_shadow_that_always_hangs_stops_troubling_the_others(tmp_path: Path) -> None:
    writer = FakeWriter()

    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        for _ in range(3):
            await until(lambda: shadows.ready and shadows.pid)
            restarts = shadows.restarts
            await predictor.predict(sizes(HANGS))
            await until(lambda before=restarts: shadows.restarts > before)
        await until(lambda: shadows.ready and shadows.pid)
        await predictor.predict(sizes(HANGS))
        await settled(predictor)
        assert shadows.tally.dropped["shadow2", "timeout"] == 3
        assert shadows.tally.dropped["shadow2", "open circuit"] == 1
        assert shadows.tally.scored["shadow3"] == 1

    shadowed(tmp_path, work, writer, plain=True, shadow_time=0.2, breaker_window=3)


def test_a_slow_shadow_drops_what_it_cannot_keep_up_with(tmp_path: Path) -> None:
    """Each batch takes it about 50 ms; live answers come as they would without it."""
    writer = FakeWriter()

    async def work(predictor: Predictor) -> list[float]:
        took = []
        for n in range(100):
            start = time.perf_counter()
            [found] = await predictor.predict([a_row(id=f"h{n}", size=HANGS)])
            took.append(time.perf_counter() - start)
            assert found.score == 1.0
            assert predictor.shadows.tally.outstanding <= 8
        await settled(predictor)
        assert predictor.shadows.tally.dropped["shadow2", "full"] + predictor.shadows.tally.scored["shadow2"] == 100
        assert predictor.shadows.tally.dropped["shadow2", "full"] > 50
        return took

    took = shadowed(tmp_path, work, writer, trips=20_000, shadow_rows=8)
    assert sorted(took)[50] < 0.02
    assert len(writer.of("live")) == 100


def test_batches_gather_while_the_process_is_busy_and_a_bad_row_spoils_no_other(tmp_path: Path) -> None:
    writer = FakeWriter()

    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        for n in range(60):
            await predictor.predict(sizes(FAILS if n % 3 == 0 else 1.0))
        await settled(predictor)
        assert shadows.tally.failed == {"shadow2": 20}
        assert shadows.tally.scored == {"shadow2": 40}
        assert shadows._number < 30
        assert shadows._breakers[shadows._lineup.deployment.shadows[0].digest].state == "closed"

    shadowed(tmp_path, work, writer)
    live = {prediction.id: prediction for prediction in writer.of("live")}
    for shadow in writer.of("shadow"):
        failed = live[shadow.live].request["size"] == FAILS
        assert (shadow.score is None, shadow.error != "") == (failed, failed)


def test_a_shadow_that_hangs_holds_no_more_than_the_bound(tmp_path: Path) -> None:
    writer = FakeWriter()

    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        await predictor.predict(sizes(HANGS))
        for n in range(50):
            [found] = await predictor.predict([a_row(id=f"h{n}", size=1.0)])
            assert found.score == pytest.approx(expected_score(1.0, 0.5, "north"), abs=1e-6)
            await asyncio.sleep(0)
            assert shadows.tally.outstanding <= 16
        assert shadows._waiting.rows <= 16
        assert shadows.tally.dropped == {("shadow2", "full"): 35}
        await until(lambda: shadows.restarts == 1)
        assert shadows.tally.dropped == {("shadow2", "full"): 35, ("shadow2", "timeout"): 16}

    shadowed(tmp_path, work, writer, shadow_rows=16, shadow_time=1.5)
    assert len(writer.of("live")) == 51


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such scheduling")
def test_the_process_stands_back_for_the_server(tmp_path: Path) -> None:
    core = max(os.sched_getaffinity(0))

    async def work(**said: Any) -> tuple[int, set[int]]:
        with a_predictor(None, **said) as predictor:
            predictor.lineup = a_lineup(a_model(tmp_path / str(said), 1), shadows=(a_model(tmp_path / str(said), 2),))
            await until(lambda: predictor.shadows.pid)
            pid = predictor.shadows.pid or 0
            assert os.getpriority(os.PRIO_PROCESS, pid) == (19 if predictor.shadows.settings.shadow_idle else 10)
            assert os.getsid(pid) == pid
            grouping = Path(f"/proc/{pid}/autogroup")
            if grouping.exists():
                nice = os.getpriority(os.PRIO_PROCESS, pid)
                assert grouping.read_text().split()[1:] in ([], ["nice", str(nice)])
            found = os.sched_getscheduler(pid), os.sched_getaffinity(pid)
            await predictor.close()
            return found

    assert asyncio.run(work(shadow_idle=True, shadow_cores=(core,))) == (os.SCHED_IDLE, {core})
    assert asyncio.run(work()) == (os.SCHED_BATCH, os.sched_getaffinity(0))


def test_a_killed_process_is_replaced_and_its_rows_are_counted(tmp_path: Path) -> None:
    writer = FakeWriter()

    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        found = await predictor.predict(sizes(HANGS, 1.0))
        await until(lambda: shadows.tally.outstanding == 2)
        os.kill(shadows.pid or 0, signal.SIGKILL)
        found += await predictor.predict(sizes(1.0))
        await until(lambda: shadows.restarts == 1)
        lost = sum(shadows.tally.dropped.values())
        assert set(shadows.tally.dropped) <= {("shadow2", "died"), ("shadow2", "loading")}
        await until(lambda: shadows.ready and shadows.pid)
        found += await predictor.predict(sizes(1.0))
        await settled(predictor)
        assert lost + shadows.tally.scored["shadow2"] == 4
        assert len(found) == 4

    shadowed(tmp_path, work, writer)
    assert len(writer.of("live")) == 4


def test_shadow_predictions_ride_along_with_the_next_live_ones_or_go_alone_after_a_while(tmp_path: Path) -> None:
    writer = FakeWriter()

    async def work(predictor: Predictor) -> None:
        for n in range(1, 4):
            await predictor.predict(sizes(1.0))
            await until(lambda: len(predictor.shadows.riders._waiting) == 1)
            assert len(writer.of("live")) == n
        assert writer.groups == [1, 2, 2]
        await until(lambda: predictor.shadows.tally.scored["shadow2"] == 3)
        assert writer.groups == [1, 2, 2, 1]
        assert predictor.shadows.tally.outstanding == 0

    shadowed(tmp_path, work, writer)


def test_a_ledger_that_fails_costs_shadow_rows_only_their_record(tmp_path: Path) -> None:
    writer = FakeWriter()

    async def work(predictor: Predictor) -> None:
        await predictor.predict(sizes(1.0))
        writer.failing = StoreError("full")
        await settled(predictor)
        assert predictor.shadows.tally.dropped == {("shadow2", "ledger"): 1}

    shadowed(tmp_path, work, writer)


def test_a_damaged_shadow_is_refused_with_a_reason(tmp_path: Path) -> None:
    async def work() -> None:
        with a_predictor() as predictor:
            damaged = a_model(tmp_path, 2)
            (damaged.bundle.folder / "card.md").write_text("something else", encoding="utf-8")
            predictor.lineup = a_lineup(a_model(tmp_path, 1), shadows=(damaged,))
            await until(lambda: predictor.shadows.ready)
            assert "card.md" in predictor.shadows.refused[damaged.digest]
            assert len(await predictor.predict(sizes(1.0))) == 1
            await settled(predictor)
            assert predictor.shadows.tally.dropped == {("shadow2", "loading"): 1}
            await predictor.close()

    asyncio.run(work())


def test_shadows_come_and_go_with_the_lineup_and_uvloop_runs_them_too(tmp_path: Path) -> None:
    writer = FakeWriter()

    async def work() -> None:
        one, two, three = (a_model(tmp_path, version) for version in (1, 2, 3))
        with a_predictor(a_lineup(one), writer) as predictor:
            assert predictor.shadows.pid is None
            for shadows in ((two,), (two, three), (three,)):
                predictor.lineup = a_lineup(one, shadows=shadows)
                await until(lambda: predictor.shadows.ready and predictor.shadows.pid)
                await predictor.predict(sizes(1.0))
                await settled(predictor)
            pid = predictor.shadows.pid
            assert pid
            predictor.lineup = a_lineup(one)
            await predictor.predict(sizes(1.0))
            await settled(predictor)
            await predictor.close()
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
            assert predictor.shadows.tally.scored == {"shadow2": 2, "shadow3": 2}

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())


def test_breakers_of_shadows_last_over_lineups(tmp_path: Path) -> None:
    async def work() -> None:
        one, two = a_model(tmp_path, 1), a_model(tmp_path, 2)
        with a_predictor() as predictor:
            predictor.lineup = a_lineup(one, shadows=(two,))
            before: Breaker = predictor.shadows._breakers[two.digest]
            predictor.lineup = a_lineup(one, shadows=(two,), revision=2)
            assert predictor.shadows._breakers[two.digest] is before
            await predictor.close()

    asyncio.run(work())
