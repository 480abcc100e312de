"""The document follows the bundle."""

from typing import Any

import pytest
from asgi_client import AsgiClient
from served import EXAMPLE, Project, a_service

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
