"""A store that goes away for seconds costs answers, but no row that was answered; the server needs no help after it."""

import asyncio
import contextlib
import logging
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from postgres_server import Postgres, postgres_server
from pressure import Answer, Pressure, size, until
from served import EXAMPLE, Project, a_project
from served_process import Server, a_server, deploy

from understudy.adapters import open_ledger

pytestmark = pytest.mark.e2e

log = logging.getLogger(__name__)
CONNECTIONS = 8
AWAY = size(2, 10)
FILLER = 2**16


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server


def through(server: Server, pressure: Pressure, away: Callable[[], Any], back: Callable[[], Any]) -> float:
    """Ask before, while the store is away and after; return the seconds until the first answer after it came back."""

    async def outage() -> float:
        await until(lambda: len(pressure.answers) > 200)
        await asyncio.to_thread(away)
        await until(lambda: len(told(pressure.answers[-CONNECTIONS:])) == 1 and pressure.answers[-1].status == 503)
        refused = await asyncio.to_thread(httpx.post, f"{server.url}/v1/predict", json=EXAMPLE, timeout=10)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["error"]["code"] == "store"
        assert (await asyncio.to_thread(httpx.get, f"{server.url}/healthz/live")).status_code == 200
        await asyncio.sleep(AWAY)
        await asyncio.to_thread(back)
        start = time.monotonic()
        before = answered(pressure)
        recovered = await until(lambda: answered(pressure) > before) - start
        await until(lambda: answered(pressure) > before + 200)
        return recovered

    async def run() -> float:
        outcome = asyncio.get_running_loop().create_future()

        async def work() -> None:
            outcome.set_result(await outage())

        await pressure.on(server.url, CONNECTIONS, work())
        return float(await outcome)

    return asyncio.run(run())


def told(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def answered(pressure: Pressure) -> int:
    return told(pressure.answers)[200]


def assert_nothing_is_lost(project: Project, pressure: Pressure) -> None:
    said = {answer.said["prediction_id"]: answer for answer in pressure.answers if answer.status == 200}
    ledger = open_ledger(project.settings)
    stored = [row for rows in ledger.read("toy") for row in rows]
    ledger.close()
    keys = Counter(row["id"] for row in stored)
    assert not said.keys() - keys.keys()
    assert set(keys.values()) == {1}
    scores = {row["id"]: (row["key"], row["score"]) for row in stored}
    assert all(scores[name] == (answer.request["id"], answer.said["score"]) for name, answer in said.items())


def report(what: str, pressure: Pressure, recovered: float) -> None:
    log.info("%s: told %s, answered %.2f s after it came back", what, dict(told(pressure.answers)), recovered)


def test_a_postgresql_that_crashes_and_comes_back(tmp_path: Path, postgres: Postgres) -> None:
    project, pressure = a_project(tmp_path / "project").at(postgres()), Pressure()
    deploy(project)
    with a_server(project) as server:
        recovered = through(server, pressure, postgres.stop, postgres.start)
        assert server.process.poll() is None
        assert httpx.get(f"{server.url}/healthz/ready").status_code == 200
    report("PostgreSQL away", pressure, recovered)
    assert told(pressure.answers).keys() == {200, 503}
    assert pressure.broken == 0
    assert_nothing_is_lost(project, pressure)


def test_a_postgresql_that_hangs_delays_and_loses_nothing(tmp_path: Path, postgres: Postgres) -> None:
    project, pressure = a_project(tmp_path / "project").at(postgres()), Pressure()
    deploy(project)

    async def hang(server: Server) -> None:
        await until(lambda: answered(pressure) > 200)
        stopped = postgres.processes
        for process in stopped:
            process.suspend()
        try:
            await asyncio.sleep(AWAY)
            health = await asyncio.to_thread(httpx.get, f"{server.url}/healthz/live", timeout=1)
            assert health.status_code == 200
        finally:
            for process in stopped:
                process.resume()
        before = answered(pressure)
        await until(lambda: answered(pressure) > before + 200)

    with a_server(project) as server:
        asyncio.run(pressure.on(server.url, CONNECTIONS, hang(server)))
    report("PostgreSQL hung", pressure, 0.0)
    assert told(pressure.answers).keys() <= {200, 503}
    assert pressure.broken == 0
    assert_nothing_is_lost(project, pressure)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk of one's own takes root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(file: Path) -> None:
    """Leave not a byte."""
    with file.open("wb", buffering=0) as stream:
        for block in (FILLER, 1):
            with contextlib.suppress(OSError):
                while stream.write(bytes(block)):
                    pass


def test_a_full_disk_is_said_and_survived(tmp_path: Path, disk: Path) -> None:
    project, pressure = a_project(tmp_path / "project").at(f"sqlite:///{disk / 'understudy.db'}"), Pressure()
    deploy(project)
    with a_server(project) as server:
        recovered = through(server, pressure, lambda: fill(disk / "filler"), (disk / "filler").unlink)
        assert server.process.poll() is None
        report("disk full", pressure, recovered)
        assert told(pressure.answers).keys() == {200, 503}
        assert pressure.broken == 0
        assert any(
            "store of this server" in answer.said["error"]["what"]
            for answer in pressure.answers
            if answer.status == 503
        )
        assert_nothing_is_lost(project, pressure)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of other processes are Linux's")
def test_a_file_that_may_not_grow_is_survived(tmp_path: Path) -> None:
    project, pressure = a_project(tmp_path / "project"), Pressure()
    deploy(project)
    database = Path(project.settings.database_url.removeprefix("sqlite:///"))
    with a_server(project) as server:
        process = psutil.Process(server.process.pid)

        def limit(most: int) -> None:
            process.rlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

        def largest() -> int:
            return max(file.stat().st_size for file in database.parent.glob(f"{database.name}*"))

        recovered = through(server, pressure, lambda: limit(largest()), lambda: limit(resource.RLIM_INFINITY))
        report("file at its limit", pressure, recovered)
    assert told(pressure.answers).keys() == {200, 503}
    assert pressure.broken == 0
    assert_nothing_is_lost(project, pressure)
