"""What a request may cost."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from asgi_client import AsgiClient
from served import EXAMPLE, Project, a_service

from serving.app import create_app
from serving.http.limits import Limits
from serving.metrics import Metrics
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
