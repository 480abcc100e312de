"""A server's life, from the outside."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from served import EXAMPLE, SCORE, Project, a_project
from served_process import Server, a_server, deploy

from serving.server import Listeners
from serving.settings import ServingSettings
from understudy.adapters import open_ledger
from understudy.errors import MachineError

pytestmark = pytest.mark.integration

FOREIGN = ("sklearn", "pandas", "mlflow", "prefect", "dvc", "evidently", "pyarrow", "duckdb", "scipy", "matplotlib")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = a_project(tmp_path / "project")
    deploy(made)
    return made


@pytest.fixture
def server(project: Project) -> Iterator[Server]:
    with a_server(project) as running:
        yield running


def test_it_is_ready_soon_answers_in_little_memory_and_loads_nothing_foreign(project: Project, tmp_path: Path) -> None:
    start = time.monotonic()
    modules = tmp_path / "modules.txt"
    with a_server(project, MODULES_AT_EXIT=str(modules)) as server:
        assert httpx.get(f"{server.url}/healthz/ready").status_code == 200
        ready = time.monotonic() - start
        answer = httpx.post(f"{server.url}/v1/predict", json=EXAMPLE).json()
        assert answer["score"] == pytest.approx(SCORE, abs=1e-6)
        assert (
            httpx.post(f"{server.url}/v1/explain", json={"prediction_id": answer["prediction_id"]}).status_code == 200
        )
        resident = psutil.Process(server.process.pid).memory_info().rss / 2**20
        assert server.terminate() == 0
    loaded = {name.split(".")[0] for name in modules.read_text(encoding="utf-8").splitlines()}
    assert not loaded & set(FOREIGN)
    assert "onnxruntime" in loaded
    assert resident < 200
    assert ready < 10  # 3 s on a quiet machine; the benchmark measures it


def test_it_ends_with_everything_answered_and_stored(project: Project) -> None:
    answered: list[str] = []
    failed: list[int] = []
    stop = threading.Event()

    def ask(url: str) -> None:
        with httpx.Client(base_url=url) as client:
            while not stop.is_set():
                try:
                    response = client.post("/v1/predict", json=EXAMPLE)
                except httpx.TransportError:
                    return
                answered.append(response.json()["prediction_id"]) if response.status_code == 200 else failed.append(1)

    with a_server(project) as server:
        clients = [threading.Thread(target=ask, args=(server.url,)) for _ in range(4)]
        for client in clients:
            client.start()
        time.sleep(0.7)
        assert server.terminate() == 0
        stop.set()
        for client in clients:
            client.join()
    stored = {row["id"] for rows in open_ledger(project.settings).read("toy") for row in rows}
    assert len(answered) > 50
    assert not failed
    assert set(answered) <= stored


def test_versions_change_under_load_without_a_failed_request(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project", versions=2)
    deploy(project, project.deployment(1, version=2), project.deployment(2, version=1))
    seen: list[tuple[int, int, float]] = []
    stop = threading.Event()

    def ask(url: str) -> None:
        with httpx.Client(base_url=url) as client:
            while not stop.is_set():
                response = client.post("/v1/predict", json=EXAMPLE)
                said = response.json()
                seen.append((response.status_code, said.get("model_version"), said.get("threshold")))

    with a_server(project) as server:
        clients = [threading.Thread(target=ask, args=(server.url,)) for _ in range(3)]
        for client in clients:
            client.start()
        for number in range(20):
            change = {"who": "ada", "why": "a drill", "version": 2 - number % 2}
            assert httpx.post(f"{server.admin}/admin/deploy", json=change, timeout=20).status_code == 200
        stop.set()
        for client in clients:
            client.join()
    assert {status for status, *_ in seen} == {200}
    assert {(version, round(threshold, 6)) for _, version, threshold in seen} == {(1, 0.4), (2, 0.41)}


def test_readiness_fails_before_anything_else_does(project: Project) -> None:
    with a_server(project, UNDERSTUDY_SERVING_NOTICE="1.5") as server, httpx.Client(base_url=server.url) as client:
        assert client.get("/healthz/ready").status_code == 200
        server.process.terminate()
        time.sleep(0.3)
        told = client.get("/healthz/ready")
        assert (told.status_code, told.json()["error"]["what"]) == (503, "The server is about to end.")
        assert client.post("/v1/predict", json=EXAMPLE).status_code == 200
        assert server.process.wait(20) == 0


def test_without_a_deployment_it_lives_and_says_what_is_lacking(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    with a_server(project) as server:
        assert httpx.get(f"{server.url}/healthz/live").status_code == 200
        told = httpx.get(f"{server.url}/healthz/ready")
        assert told.status_code == 503
        assert told.json()["error"]["what"] == "No deployment of toy serves yet."
        assert httpx.post(f"{server.url}/v1/predict", json=EXAMPLE).status_code == 503
        deploy(project)
        httpx.post(f"{server.admin}/admin/refresh", headers={"content-type": "application/json"})
        assert httpx.post(f"{server.url}/v1/predict", json=EXAMPLE).status_code == 200


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MachineError, match=f"Port {port} on 127.0.0.1 cannot be had: Address already in use"):
            Listeners(ServingSettings(port=port, admin_port=0))


def test_a_request_that_trickles_is_cut_off_and_others_are_unaffected(project: Project) -> None:
    body = json.dumps(EXAMPLE).encode()
    head = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    beginnings = [b"", b"POST /v1/pre", head, head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:10]]
    with a_server(project, UNDERSTUDY_SERVING_RECEIVE="1") as server:
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50) for _ in beginnings]
        for place, connection in enumerate(slow):
            connection.sendall(beginnings[place % len(beginnings)])
        start = time.monotonic()
        while time.monotonic() - start < 1.0:
            assert httpx.post(f"{server.url}/v1/predict", json=EXAMPLE).status_code == 200
        for connection in slow:
            connection.settimeout(5)
            assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")
            connection.close()
        assert time.monotonic() - start < 8
        assert server.process.poll() is None


def test_beyond_the_limit_of_connections_only_health_is_answered(project: Project) -> None:
    with a_server(project, UNDERSTUDY_SERVING_CONNECTIONS="5") as server:
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(6)]
        refused = httpx.post(f"{server.url}/v1/predict", json=EXAMPLE)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        start = time.monotonic()
        assert httpx.get(f"{server.url}/healthz/live").status_code == 200
        assert time.monotonic() - start < 1
        for connection in idle:
            connection.close()
        time.sleep(0.1)
        assert httpx.post(f"{server.url}/v1/predict", json=EXAMPLE).status_code == 200


def test_fifty_megabytes_in_chunks_are_refused_without_being_held(server: Server) -> None:
    process = psutil.Process(server.process.pid)
    httpx.post(f"{server.url}/v1/predict", json=EXAMPLE)
    before = process.memory_info().rss
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
        for _ in range(800):
            connection.sendall(chunk)
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")
    assert process.memory_info().rss - before < 50 * 2**20
    assert httpx.post(f"{server.url}/v1/predict", json=EXAMPLE).status_code == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"x: " + b"y" * 65_600 + b"\r\n", 431),
        (b"x: " + b"y" * 70_000, 431),
        (b"a: b\r\n" * 100, 400),
        (b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 20_001, 400),
    ],
)
def test_heads_and_chunks_have_limits(server: Server, head: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
        connection.settimeout(5)
        told = connection.recv(4096)
    assert told.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(told.split(b"\r\n\r\n")[1])["error"]["fix"]


def test_who_was_told_to_come_back_later_is_not_listened_to_at_once(project: Project) -> None:
    with a_server(project, UNDERSTUDY_SERVING_CONNECTIONS="1") as server:
        with socket.create_connection(("127.0.0.1", server.port)), httpx.Client(base_url=server.url) as client:
            assert client.post("/v1/predict", json=EXAMPLE).status_code == 429
            start = time.monotonic()
            assert client.post("/v1/predict", json=EXAMPLE).status_code == 429
            assert time.monotonic() - start > 0.3
        time.sleep(0.7)
        assert httpx.post(f"{server.url}/v1/predict", json=EXAMPLE).status_code == 200
