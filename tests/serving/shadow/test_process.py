"""The shadows' process as the operating system sees it."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from serving.settings import ServingSettings
from serving.shadow.process import TRIES, Process, Program, stand_back

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such scheduling"),
]


async def a_child() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)


def left_by(settings: ServingSettings) -> dict[str, Any]:
    async def work() -> dict[str, Any]:
        child = await a_child()
        try:
            await stand_back(child.pid, settings)
            return {
                "nice": os.getpriority(os.PRIO_PROCESS, child.pid),
                "policy": os.sched_getscheduler(child.pid),
                "cores": os.sched_getaffinity(child.pid),
            }
        finally:
            child.kill()
            await child.wait()

    return asyncio.run(work())


def test_it_is_batch_work_of_the_lowest_priority_where_it_may_be() -> None:
    core = max(os.sched_getaffinity(0))
    assert left_by(ServingSettings(shadow_cores=(core,))) == {"nice": 19, "policy": os.SCHED_BATCH, "cores": {core}}


def test_it_is_never_less_nice_than_the_server() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert left_by(ServingSettings(shadow_nice=own))["nice"] == own
    if own:
        assert left_by(ServingSettings(shadow_nice=own - 1))["nice"] == own


def test_a_wish_for_the_sessions_priority_that_comes_too_soon_is_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    wishes: list[str] = []

    def too_soon(path: Path, text: str) -> int:
        assert path.name == "autogroup"
        wishes.append(text)
        if len(wishes) < TRIES:
            raise BlockingIOError
        return len(text)

    monkeypatch.setattr(Path, "write_text", too_soon)
    monkeypatch.setattr("serving.shadow.process.APART", 0.001)
    left_by(ServingSettings())
    assert wishes == ["19"] * TRIES


@pytest.mark.parametrize("core", [9999, -1, 10**10])
def test_cores_that_are_not_there_are_named_and_nothing_is_left_running(
    monkeypatch: pytest.MonkeyPatch, core: int
) -> None:
    started: list[int] = []

    async def noticed(pid: int, settings: ServingSettings) -> None:
        started.append(pid)
        await stand_back(pid, settings)

    monkeypatch.setattr("serving.shadow.process.stand_back", noticed)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match=f"UNDERSTUDY_SERVING_SHADOW_CORES names {core}"):
        asyncio.run(Process.start(Program("shadow_recorder", {}), ServingSettings(shadow_cores=(core,))))
    [pid] = started
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
