"""What a request may cost."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgi_client import AsgiClient
from served import EXAMPLE, Project, a_service

from serving.app import create_app
from serving.http.limits import Limits
from serving.metrics import Metrics
from serving.service import Service
from serving.settings import ServingSettings

pytestmark = pytest.mark.unit


async def _chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * 5_000


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/feedback", "/invocations", "/v1/explain"])
def test_a_body_beyond_the_limit_is_refused_by_length_and_by_count(client: AsgiClient, path: str) -> None:
    for body in (b" " * 20_001, _chunks(5)):
        response = client.post(path, content=body)
        assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")


def test_under_v2_an_error_is_one_line(client: AsgiClient) -> None:
    response = client.post("/v2/models/toy/infer", content=b" " * 20_001)
    assert response.status_code == 413
    assert response.json() == {"error": "The body has more than 20,000 bytes. Send the rows in several requests."}


def test_a_compressed_body_is_refused_unread(client: AsgiClient) -> None:
    bomb = gzip.compress(b" " * 1_000_000)
    response = client.post("/v1/predict", content=bomb, headers={"content-encoding": "gzip"})
    assert (response.status_code, response.json()["error"]["code"]) == (415, "encoding")


def test_beyond_the_concurrency_others_wait_and_health_answers(project: Project) -> None:
    service = a_service(project, concurrency=2)
    with AsgiClient(create_app(service)) as client:

        async def crowd() -> list[int]:
            await service.start()
            release = asyncio.Event()
            predict = service.predictor.predict

            async def held(rows: object) -> object:
                await release.wait()
                return await predict(rows)  # type: ignore[arg-type]

            service.predictor.predict = held  # type: ignore[assignment,method-assign]
            first = [asyncio.create_task(client.client.post("/v1/predict", json=EXAMPLE)) for _ in range(2)]
            await asyncio.sleep(0.05)
            third = await client.client.post("/v1/predict", json=EXAMPLE)
            health = await client.client.get("/healthz/ready")
            release.set()
            answers = await asyncio.gather(*first)
            await service.stop()
            assert third.headers["retry-after"] == "1"
            return [*(answer.status_code for answer in answers), third.status_code, health.status_code]

        assert client.runner.run(crowd()) == [200, 200, 429, 200]


def test_what_is_no_request_passes_through() -> None:
    seen = []

    async def app(scope: object, receive: object, send: object) -> None:
        seen.append(scope)

    async def nothing(*_: object) -> dict[str, object]:
        return {}

    asyncio.run(Limits(app, ServingSettings(), Metrics())({"type": "lifespan"}, nothing, nothing))  # type: ignore[arg-type]
    assert seen == [{"type": "lifespan"}]


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/feedback"])
def test_who_left_before_the_body_was_whole_is_no_fault_of_the_server(client: AsgiClient, path: str) -> None:
    left: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [],
        "http_version": "1.1", "scheme": "http", "root_path": "", "client": None, "server": None,
    }  # fmt: skip

    async def ask() -> None:
        async def receive() -> dict[str, Any]:
            return left.pop(0) if left else {"type": "http.disconnect"}

        async def send(_: Any) -> None:
            return None

        await client.app(scope, receive, send)

    client.runner.run(ask())
    lines = client.get("/metrics").text.splitlines()
    assert f'understudy_requests_total{{route="{path}",status="4xx"}} 1.0' in lines
    assert not [line for line in lines if 'status="5xx"' in line]


def test_what_nobody_foresaw_is_one(client: AsgiClient, service: Service) -> None:
    async def broken(rows: object) -> object:
        raise ZeroDivisionError

    service.predictor.predict = broken  # type: ignore[assignment,method-assign]
    client.post("/v1/predict", json=EXAMPLE)
    lines = client.get("/metrics").text.splitlines()
    assert 'understudy_requests_total{route="/v1/predict",status="5xx"} 1.0' in lines


def test_what_is_refused_at_once_is_counted_under_the_route_it_was_meant_for(project: Project) -> None:
    service = a_service(project, concurrency=1)
    with AsgiClient(create_app(service)) as client:
        next(layer for layer in _layers(client.app) if isinstance(layer, Limits)).active = 1
        for path in ("/v1/predict", "/v2/models/made-up/infer", "/made-up"):
            assert client.post(path, json={}).status_code == 429
        lines = client.get("/metrics").text.splitlines()
        for route in ("/v1/predict", "/v2/models/{name}/infer", "unmatched"):
            assert f'understudy_requests_total{{route="{route}",status="4xx"}} 1.0' in lines
        assert not [line for line in lines if "made-up" in line]


def _layers(app: Any) -> Iterator[Any]:
    layer = app.middleware_stack or app.build_middleware_stack()
    app.middleware_stack = layer
    while layer is not None:
        yield layer
        layer = getattr(layer, "app", None)
