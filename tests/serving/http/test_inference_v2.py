"""The Open Inference Protocol's routes; ``test_protocol_clients`` has Triton's own client."""

from typing import Any

import pytest
from asgi_client import AsgiClient
from served import SCORE, Project

from serving.service import Service
from understudy.records import Arm

pytestmark = pytest.mark.unit

INFER = "/v2/models/toy/infer"


def _asked(**more: Any) -> dict[str, Any]:
    columns = {
        "asked_at": ("BYTES", "2026-03-01"),
        "size": ("FP64", 1),
        "weight": ("FP64", 0.5),
        "town": ("BYTES", "north"),
    }
    inputs = [
        {"name": name, "shape": [1], "datatype": kind, "data": [value]} for name, (kind, value) in columns.items()
    ]
    return {"inputs": inputs, **more}


def test_it_answers_one_tensor_for_each_output(client: AsgiClient) -> None:
    said = client.post(INFER, json=_asked(id="r-1")).json()
    outputs = {output["name"]: output for output in said["outputs"]}
    assert (said["id"], said["model_name"], said["model_version"]) == ("r-1", "toy", "1")
    assert outputs["score"]["data"] == [pytest.approx(SCORE, abs=1e-6)]
    assert (outputs["score"]["datatype"], outputs["score"]["shape"]) == ("FP32", [1])
    assert outputs["decision"] == {"name": "decision", "datatype": "BOOL", "shape": [1], "data": [True]}


def test_only_the_outputs_asked_for_are_given(client: AsgiClient) -> None:
    outputs = client.post(INFER, json=_asked(outputs=[{"name": "decision"}])).json()["outputs"]
    assert [output["name"] for output in outputs] == ["decision"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[" * 900, 400),
        (b"[" * 5000, 413),
        (b"[]", 422),
        (b'{"inputs": 7}', 422),
        (b'{"inputs": [], "id": 7}', 422),
        (b'{"inputs": [], "outputs": 7}', 422),
        (b'{"inputs": [{"name": "size", "shape": [1], "datatype": "FP32", "data": [1]}]}', 422),
        (b'{"inputs": [{"name": "other", "shape": [1], "datatype": "FP32", "data": [1]}]}', 422),
    ],
)
def test_what_is_wrong_is_said_in_one_line(client: AsgiClient, body: bytes, status: int) -> None:
    response = client.post(INFER, content=body)
    assert response.status_code == status
    assert isinstance(response.json()["error"], str)


@pytest.mark.parametrize("length", ["", "x", "-1", "99999", "²", "9" * 5000, "0" * 5000 + "2"])
def test_the_length_of_the_json_part_must_be_true(client: AsgiClient, length: str) -> None:
    headers = {"inference-header-content-length": length.encode()}
    assert client.post(INFER, content=b"{}", headers=headers).status_code == 422


def test_an_unknown_output_or_model_is_refused(client: AsgiClient) -> None:
    assert client.post(INFER, json=_asked(outputs=[{"name": "mood"}])).status_code == 422
    assert client.post("/v2/models/other/infer", json=_asked()).status_code == 404
    assert client.get("/v2/models/toy/ready").json() == {"name": "toy", "ready": True}


def test_a_version_that_is_listed_can_be_asked_for(client: AsgiClient) -> None:
    (version,) = client.get("/v2/models/toy").json()["versions"]
    path = f"/v2/models/toy/versions/{version}"
    assert client.get(path).json() == client.get("/v2/models/toy").json()
    assert client.get(f"{path}/ready").json() == {"name": "toy", "ready": True}
    assert client.post(f"{path}/infer", json=_asked()).json()["model_version"] == version
    told = client.post("/v2/models/toy/versions/7/infer", json=_asked())
    assert told.status_code == 404
    assert told.json() == {"error": "Version '7' of toy does not serve here. Ask for version 1, or for none."}


def test_where_versions_share_the_traffic_none_is_listed(
    client: AsgiClient, service: Service, project: Project
) -> None:
    champion = project.deployment().champion.model_copy(update={"weight": 0.5})
    other = Arm(name="challenger", version=2, digest=project.bundles[2].digest, weight=0.5)
    service.log.append(project.deployment(2, mode="canary", arms=(champion, other)))
    client.runner.run(service.refresh())
    assert client.get("/v2/models/toy").json()["versions"] == []
    told = client.post("/v2/models/toy/versions/1/infer", json=_asked())
    assert told.status_code == 404
    assert "several share the traffic" in told.json()["error"]
