"""The document follows the bundle."""

import json
from typing import Any

import pytest
from asgi_client import AsgiClient
from served import EXAMPLE, SCORE, Project, a_service

from serving.app import create_app

pytestmark = pytest.mark.unit


def test_a_request_has_its_real_fields_units_ranges_and_example(client: AsgiClient) -> None:
    row = client.get("/openapi.json").json()["components"]["schemas"]["Request"]
    fields: dict[str, Any] = row["properties"]
    assert list(fields) == ["id", "asked_at", "size", "weight", "town", "insured"]
    assert (row["required"], row["additionalProperties"]) == (["asked_at"], False)
    assert (fields["size"]["minimum"], fields["size"]["maximum"], fields["size"]["x-unit"]) == (-1000, 1000, "m2")
    assert fields["size"]["type"] == ["number", "null"]
    assert fields["town"]["examples"] == ["north", "south"]
    assert fields["insured"]["description"] == "whether it is insured"
    assert fields["asked_at"]["format"] == "date-time"
    assert row["examples"] == [EXAMPLE | {"asked_at": "2026-03-01T08:15:00Z"}]


def test_its_example_is_answered(client: AsgiClient) -> None:
    row = client.get("/openapi.json").json()["components"]["schemas"]["Request"]["examples"][0]
    assert client.post("/v1/predict", json=row).status_code == 200


def test_before_a_deployment_any_object_is_shown(project: Project) -> None:
    with AsgiClient(create_app(a_service(project))) as client:
        assert client.get("/openapi.json").json()["components"]["schemas"]["Request"] == {"type": "object"}
        assert client.get("/docs").status_code == 200


PATHS = {"name": "toy", "version": "1"}


@pytest.mark.parametrize("app", ["client", "admin"])
def test_every_path_has_an_example_of_its_answer_and_every_body_one(app: str, request: pytest.FixtureRequest) -> None:
    for path, operations in request.getfixturevalue(app).get("/openapi.json").json()["paths"].items():
        for operation in operations.values():
            (answered,) = operation["responses"]["200"]["content"].values()
            assert answered["examples"], path
            for asked in operation.get("requestBody", {}).get("content", {}).values():
                assert asked["examples"], path


def test_examples_are_answered_and_look_like_the_answers(client: AsgiClient) -> None:
    made = 0
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            (answered,) = operation["responses"]["200"]["content"].values()
            example = answered["examples"]["answer"]["value"]
            for media, named in operation.get("requestBody", {"content": {"": None}})["content"].items():
                for name, one in (named or {"examples": {"": None}})["examples"].items():
                    sent = {} if one is None else {"content": _sent(one["value"]), "headers": {"content-type": media}}
                    told = client.request(method.upper(), path.format(**PATHS), **sent)
                    unknown = name == "of a prediction"
                    assert told.status_code == (404 if unknown else 200), (path, name, told.text)
                    if isinstance(example, dict) and not unknown and name != "several":
                        assert set(told.json()) == set(example), (path, name)
                    made += 1
    assert made > 25


def test_the_answers_shown_are_the_bundles_own(client: AsgiClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]

    def shown(path: str) -> Any:
        return paths[path]["post"]["responses"]["200"]["content"]["application/json"]["examples"]["answer"]["value"]

    assert shown("/v1/predict")["score"] == pytest.approx(SCORE)
    assert shown("/v1/explain") == client.post("/v1/explain", json={"request": EXAMPLE}).json()
    outputs = {output["name"]: output for output in shown("/v2/models/{name}/infer")["outputs"]}
    assert outputs["score"]["data"] == [pytest.approx(SCORE)]


def _sent(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()
