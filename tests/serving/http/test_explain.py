"""Reasons over HTTP."""

import asyncio

import pytest
from asgi_client import AsgiClient
from served import EXAMPLE, SCORE, Project

from serving.http.explain import MOST_WAITING
from serving.service import Service

pytestmark = pytest.mark.unit


def test_a_request_is_explained_in_the_units_of_the_score(client: AsgiClient) -> None:
    said = client.post("/v1/explain", json={"request": EXAMPLE | {"size": 2.0}}).json()
    assert said["base"] + sum(item["contribution"] for item in said["contributions"]) == pytest.approx(said["score"])
    assert said["contributions"][0]["feature"] == "size"


def test_a_prediction_is_explained_later(client: AsgiClient) -> None:
    name = client.post("/v1/predict", json=EXAMPLE).json()["prediction_id"]
    said = client.post("/v1/explain", json={"prediction_id": name}).json()
    assert said["score"] == pytest.approx(SCORE, abs=1e-6)


def test_a_prediction_is_explained_when_its_version_serves_no_more(
    client: AsgiClient, service: Service, project: Project
) -> None:
    name = client.post("/v1/predict", json=EXAMPLE).json()["prediction_id"]
    for number in (2, 3, 4):
        service.log.append(project.deployment(number, version=2 + number % 2))
        client.runner.run(service.refresh())
    assert 1 not in {model.version for model in service.lineup.models.values()}
    said = client.post("/v1/explain", json={"prediction_id": name}).json()
    assert (said["version"], said["score"]) == (1, pytest.approx(SCORE, abs=1e-6))


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"prediction_id": "unheard of"}, 404, "prediction_id"),
        ({}, 422, None),
        ({"prediction_id": "a", "request": EXAMPLE}, 422, None),
        ({"request": {"asked_at": "soon"}}, 422, "asked_at"),
        ({"request": {"asked_at": "2026-03-01", "twon": 1}}, 422, "twon"),
    ],
)
def test_what_is_wrong_is_named(client: AsgiClient, body: dict[str, object], status: int, field: str | None) -> None:
    response = client.post("/v1/explain", json=body)
    assert (response.status_code, response.json()["error"]["field"]) == (status, field)


def test_more_questions_than_can_wait_are_sent_away(client: AsgiClient, service: Service) -> None:
    async def crowd() -> list[int]:
        body = {"request": EXAMPLE}
        asked = [client.client.post("/v1/explain", json=body) for _ in range(MOST_WAITING + 3)]
        return [response.status_code for response in await asyncio.gather(*asked)]

    statuses = client.runner.run(crowd())
    assert sorted(set(statuses)) == [200, 429]
    assert statuses.count(200) == MOST_WAITING
