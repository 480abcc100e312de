"""Whatever a shadow does, clients are told the same, and every row that it was to score is accounted for."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from pressure import Pressure
from served import SCORE, Project, a_project
from served_process import Server, a_server, deploy
from small_bundle import FOREVER, tricky_model

from understudy.adapters import open_ledger
from understudy.records import Shadow

pytestmark = pytest.mark.e2e

REQUESTS = 150
TRICKY = {
    "hangs": (2, tricky_model(FOREVER, large=2.5)),
    "raises": (3, tricky_model(0, small=-1)),
    "slow": (4, tricky_model(4_000, large=1)),
}
"""Version and model; 4,000 rounds take about 10 ms, where the model takes 10 µs otherwise."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    models = {version: (model, SCORE) for version, model in TRICKY.values()}
    made = a_project(tmp_path / "project", versions=4, models=models)
    deploy(made)
    return made


@pytest.fixture
def server(project: Project) -> Iterator[Server]:
    patient = {"UNDERSTUDY_SERVING_SHADOW_NICE": "0"}  # other tests may leave work that stands back no time at all
    with a_server(project, UNDERSTUDY_SERVING_SHADOW_TIME="0.4", **patient) as running:
        yield running


def with_shadows(project: Project, server: Server, revision: int, *names: str) -> None:
    shadows = tuple(
        Shadow(name=name, version=TRICKY[name][0], digest=project.bundles[TRICKY[name][0]].digest) for name in names
    )
    deploy(project, project.deployment(revision, shadows=shadows))
    assert httpx.post(f"{server.admin}/admin/refresh", timeout=20).json() == {"revision": revision}


def told(server: Server, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What clients are told, less what differs by nature: one request at a time, then all in one list."""
    with httpx.Client(base_url=server.url, timeout=20) as client:
        answers = [client.post("/v1/predict", json=request) for request in requests]
        answers.append(client.post("/v1/predict", json=requests))
    assert {answer.status_code for answer in answers} == {200}
    *each, together = (answer.json() for answer in answers)
    return [
        {name: value for name, value in said.items() if name not in ("prediction_id", "latency_ms")}
        for said in (*each, *together)
    ]


def counted(server: Server) -> Counter[tuple[str, str]]:
    """Rows by shadow and by what became of them."""
    found: Counter[tuple[str, str]] = Counter()
    text = httpx.get(f"{server.url}/metrics").text
    for what, labels, value in re.findall(r"^understudy_shadow_(\w+)_total\{(.*)\} (\S+)$", text, re.MULTILINE):
        found[re.findall('shadow="(.*?)"', labels)[0], what] += int(float(value))
    return found


def settled(server: Server, name: str, rows: int) -> dict[str, int]:
    """What became of the rows, once something has become of each."""
    end = time.monotonic() + 30
    while sum((of := outcomes(server, name)).values()) < rows:
        assert time.monotonic() < end, of
        time.sleep(0.05)
    return of


def outcomes(server: Server, name: str) -> dict[str, int]:
    return {what: count for (shadow, what), count in counted(server).items() if shadow == name}


def loaded(server: Server, name: str, request: dict[str, Any]) -> int:
    """Ask until the shadow scores; return how many rows that took."""
    asked = 0
    while not outcomes(server, name).get("scored"):
        assert httpx.post(f"{server.url}/v1/predict", json=request).status_code == 200
        asked += 1
        time.sleep(0.05)
    return asked


def test_shadows_that_hang_raise_or_dawdle_change_no_answer(project: Project, server: Server) -> None:
    pressure = Pressure()
    requests = [pressure.request() for _ in range(REQUESTS)]
    harmless = {**requests[0], "size": 0.0}
    alone = told(server, requests)
    became = {}
    for revision, name in enumerate(TRICKY, 2):
        with_shadows(project, server, revision, name)
        asked = loaded(server, name, harmless)
        assert told(server, requests) == alone
        became[name] = settled(server, name, asked + 2 * REQUESTS)
        assert sum(became[name].values()) == asked + 2 * REQUESTS
    assert became["hangs"]["dropped"] > 0
    assert became["raises"]["failed"] > 0
    assert became["slow"]["scored"] > REQUESTS / 2
    with_shadows(project, server, 5, *TRICKY)
    assert told(server, requests) == alone
    for name, before in became.items():
        rows = sum(before.values()) + 2 * REQUESTS
        became[name] = settled(server, name, rows)
        assert sum(became[name].values()) == rows
    stored = {row["arm"]: row for row in stored_of(project) if row["standing"] == "shadow"}
    for name, of in became.items():
        assert stored[name]["predictions"] >= of.get("scored", 0) + of.get("failed", 0)
        assert stored[name]["errors"] == of.get("failed", 0)


def stored_of(project: Project) -> list[dict[str, Any]]:
    ledger = open_ledger(project.settings)
    try:
        return ledger.counts("toy")
    finally:
        ledger.close()


def test_a_hanging_shadow_ends_with_a_server_that_is_killed(project: Project) -> None:
    """It never sees that its socket is closed."""
    patient = {"UNDERSTUDY_SERVING_SHADOW_NICE": "0", "UNDERSTUDY_SERVING_SHADOW_TIME": "60"}
    with a_server(project, **patient) as server:
        with_shadows(project, server, 2, "hangs")
        loaded(server, "hangs", Pressure().request() | {"size": 0.0})
        (worker,) = psutil.Process(server.process.pid).children()
        before = worker.cpu_times().user
        assert httpx.post(f"{server.url}/v1/predict", json=Pressure().request() | {"size": 3.0}).status_code == 200
        end = time.monotonic() + 30
        while worker.cpu_times().user < before + 0.5:
            assert time.monotonic() < end
            time.sleep(0.05)
        server.process.kill()
        assert psutil.wait_procs([worker], timeout=5) == ([worker], [])
