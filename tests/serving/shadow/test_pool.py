"""Whatever happens to shadows, live answers do not change, and nothing is lost without being counted."""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import uvloop
from shadowed import FAILS, HANGS, Shadowed, settled, sizes, until
from small_bundle import expected_score
from small_serving import a_lineup, a_model, a_predictor, a_row

from serving.predictor import Predictor
from serving.routing.breaker import Breaker
from understudy.records import Prediction

pytestmark = pytest.mark.integration


@pytest.fixture
def shadowed(tmp_path: Path) -> Shadowed:
    return Shadowed(tmp_path)


def test_shadow_predictions_are_stored_and_joined_to_the_live_ones(shadowed: Shadowed) -> None:
    async def work(predictor: Predictor) -> list[Prediction]:
        found = await predictor.predict(sizes(0.1, 0.2, 0.3))
        await settled(predictor)
        assert predictor.shadows.tally.scored == {"shadow2": 3}
        assert not predictor.shadows.tally.dropped
        return found

    live = shadowed.run(work)
    stored = shadowed.records.read()
    assert shadowed.writer.of("live") == live
    assert [shadow.live for shadow in stored] == [prediction.id for prediction in live]
    for shadow, prediction in zip(stored, live, strict=True):
        assert shadow.score == pytest.approx(expected_score(prediction.request["size"], 0.5, "north"), abs=1e-6)
        assert (shadow.arm, shadow.version, shadow.revision, shadow.threshold) == ("shadow2", 2, 5, 0.95)
        assert (shadow.decision, shadow.propensity) == (False, 1.0)
        assert (shadow.key, shadow.unit, shadow.request, shadow.inputs) == (prediction.key, prediction.unit, {}, {})
        assert shadow.id != prediction.id


def test_a_shadow_that_raises_is_recorded_with_its_error(shadowed: Shadowed) -> None:
    async def work(predictor: Predictor) -> None:
        found = await predictor.predict(sizes(FAILS))
        await settled(predictor)
        assert (found[0].score, found[0].version) == (0.0, 1)
        assert predictor.shadows.tally.failed == {"shadow2": 1}
        assert predictor.shadows.restarts == 0

    shadowed.run(work)
    [shadow] = shadowed.records.read()
    assert (shadow.score, shadow.decision) == (None, None)
    assert shadow.error.startswith("Version 2 cannot score")


def test_a_slow_shadow_drops_what_it_cannot_keep_up_with(shadowed: Shadowed) -> None:
    """Each batch takes it about 50 ms; live answers come as they would without it."""

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

    took = shadowed.run(work, trips=20_000, shadow_rows=8)
    assert sorted(took)[50] < 0.02
    assert len(shadowed.writer.of("live")) == 100


def test_batches_gather_while_the_process_is_busy_and_a_bad_row_spoils_no_other(shadowed: Shadowed) -> None:
    async def work(predictor: Predictor) -> None:
        shadows = predictor.shadows
        for n in range(60):
            await predictor.predict(sizes(FAILS if n >= 40 else 1.0))
        await settled(predictor)
        assert shadows.tally.failed == {"shadow2": 20}
        assert shadows.tally.scored == {"shadow2": 40}
        assert shadows._number < 30
        assert shadows._breakers[shadows._lineup.deployment.shadows[0].digest].state == "closed"

    shadowed.run(work)
    live = {prediction.id: prediction for prediction in shadowed.writer.of("live")}
    for shadow in shadowed.records.read():
        failed = live[shadow.live].request["size"] == FAILS
        assert (shadow.score is None, shadow.error != "") == (failed, failed)


def test_a_shadow_that_hangs_holds_no_more_than_the_bound(shadowed: Shadowed) -> None:
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

    shadowed.run(work, shadow_rows=16, shadow_time=1.5)
    assert len(shadowed.writer.of("live")) == 51


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such scheduling")
def test_the_process_stands_back_for_the_server(tmp_path: Path) -> None:
    core = max(os.sched_getaffinity(0))

    async def work(**said: Any) -> tuple[int, set[int]]:
        with a_predictor(None, **said) as predictor:
            predictor.lineup = a_lineup(a_model(tmp_path / str(said), 1), shadows=(a_model(tmp_path / str(said), 2),))
            await until(lambda: predictor.shadows.pid)
            pid = predictor.shadows.pid or 0
            nice = os.getpriority(os.PRIO_PROCESS, pid)
            assert nice == predictor.shadows.settings.shadow_nice
            assert os.getsid(pid) == pid
            grouping = Path(f"/proc/{pid}/autogroup")
            if grouping.exists():
                assert grouping.read_text().split()[1:] in ([], ["nice", str(nice)])
            found = os.sched_getscheduler(pid), os.sched_getaffinity(pid)
            await predictor.close()
            return found

    assert asyncio.run(work(shadow_nice=19, shadow_cores=(core,))) == (os.SCHED_BATCH, {core})
    assert asyncio.run(work()) == (os.SCHED_BATCH, os.sched_getaffinity(0))


def test_shadow_predictions_are_no_work_of_the_ledger_that_live_ones_wait_for(shadowed: Shadowed) -> None:
    async def work(predictor: Predictor) -> None:
        for _ in range(3):
            await predictor.predict(sizes(1.0))
            await settled(predictor)

    shadowed.run(work)
    assert shadowed.writer.groups == [1, 1, 1]
    assert len(shadowed.records.read()) == 3


def test_a_ledger_that_fails_costs_shadow_rows_only_their_record(
    shadowed: Shadowed, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(predictor: Predictor) -> None:
        shadowed.records.file.mkdir()
        await predictor.predict(sizes(1.0, FAILS))
        await settled(predictor)
        assert predictor.shadows.tally.dropped == {("shadow2", "ledger"): 2}
        assert "what shadows said is not stored: The file is full" in caplog.text
        [breaker] = predictor.shadows._breakers.values()
        assert breaker.state == "closed"
        shadowed.records.file.rmdir()
        await predictor.predict(sizes(1.0))
        await settled(predictor)
        assert predictor.shadows.tally.scored == {"shadow2": 1}

    shadowed.run(work)
    assert len(shadowed.writer.of("live")) == 3


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
            assert predictor.shadows.tally.dropped == {("shadow2", "refused"): 1}
            await predictor.close()

    asyncio.run(work())


def test_shadows_come_and_go_with_the_lineup_and_uvloop_runs_them_too(tmp_path: Path) -> None:
    async def work() -> None:
        one, two, three = (a_model(tmp_path, version) for version in (1, 2, 3))
        with a_predictor(a_lineup(one)) as predictor:
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
