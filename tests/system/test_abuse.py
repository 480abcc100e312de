"""Clients that mean harm are refused in words, at the cost of little memory, and others hardly notice."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import abusers
import httpx
import psutil
import pytest
import steady_client
from pressure import FULL, size
from served import EXAMPLE, a_project
from served_process import REPOSITORY, Server, a_server, deploy

pytestmark = pytest.mark.e2e

log = logging.getLogger(__name__)
SECONDS, RATE = size(2, 15), size(50, 200)
MEMORY = 50 * 2**20
ALLOWED = {"200", "400", "408", "413", "415", "422", "429", "431", str(abusers.BROKEN)}
PATHS = os.pathsep.join((str(REPOSITORY), str(Path(abusers.__file__).parent)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    project = a_project(tmp_path_factory.mktemp("abuse") / "project")
    deploy(project)
    with a_server(project, UNDERSTUDY_SERVING_RECEIVE="8" if os.environ.get(FULL) else "1") as running:
        for _ in range(100):
            assert httpx.post(f"{running.url}/v1/predict", json=EXAMPLE).status_code == 200
        yield running


def started(program: Any, *arguments: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, program.__file__, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": PATHS}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def said(process: "subprocess.Popen[str]") -> Any:
    try:
        told, _ = process.communicate(timeout=120)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    return json.loads(told)


def steadily(server: Server, seconds: float) -> "subprocess.Popen[str]":
    return started(steady_client, server.url, json.dumps(EXAMPLE), server.process.pid, RATE, seconds)


@pytest.fixture(scope="module")
def calm(server: Server) -> dict[str, Any]:
    """What the well-behaved client sees while it is alone."""
    seen: dict[str, Any] = said(steadily(server, SECONDS))
    assert seen["statuses"].keys() == {"200"}
    return seen


@pytest.mark.parametrize("name", sorted(abusers.ABUSES))
def test_abuse_is_refused_and_others_hardly_notice(server: Server, calm: dict[str, Any], name: str) -> None:
    before = psutil.Process(server.process.pid).memory_info().rss
    abuse = started(abusers, name, server.url, SECONDS + 1)
    seen, told = said(steadily(server, SECONDS)), said(abuse)
    grown = max(seen["memory"], psutil.Process(server.process.pid).memory_info().rss) - before
    log.info(
        "%s: told %s; p99 %.1f ms (alone %.1f), health at most %.0f ms, memory +%.0f MB", name, told,
        seen["latency_ms"]["p99"], calm["latency_ms"]["p99"], seen["health_ms"], grown / 2**20,
    )  # fmt: skip
    assert told.keys() <= ALLOWED
    assert sum(told.values()) > 0
    assert seen["statuses"].keys() == seen["health"].keys() == {"200"}
    assert seen["broken"] == 0
    assert grown < MEMORY
    if os.environ.get(FULL):
        assert seen["health_ms"] < 100
        assert seen["latency_ms"]["p99"] < calm["latency_ms"]["p99"] + 25


def test_beyond_its_capacity_a_server_says_so_and_stays_well(server: Server) -> None:
    before = psutil.Process(server.process.pid).memory_info().rss
    flood = started(abusers, "a crowd", server.url, SECONDS + 1)
    seen, told = said(steadily(server, SECONDS)), said(flood)
    grown = seen["memory"] - before
    log.info("700 at once: told %s; the steady client %s, health at most %.0f ms, memory +%.0f MB", told,
             seen["statuses"], seen["health_ms"], grown / 2**20)  # fmt: skip
    assert {"200", "429"} <= told.keys() <= {"200", "413", "429", "503"}
    assert seen["statuses"].keys() <= {"200", "429", "503"}
    assert seen["health"].keys() == {"200"}
    assert grown < MEMORY
    if os.environ.get(FULL):
        assert seen["health_ms"] < 100
    assert httpx.post(f"{server.url}/v1/predict", json=EXAMPLE).status_code == 200
