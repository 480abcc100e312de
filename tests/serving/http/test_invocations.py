"""MLflow's scoring protocol; ``test_protocol_clients`` has MLflow's own client."""

from typing import Any

import pytest
from asgi_client import AsgiClient
from served import EXAMPLE, SCORE

from serving.service import Service

pytestmark = pytest.mark.unit

COLUMNS = {name: [value] for name, value in EXAMPLE.items()}
CSV = "id,asked_at,size,weight,town,insured\np-1,2026-03-01,1.0,0.5,north,true\n,2026-03-01,,0.5,,\n"


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"index": [0], "columns": list(EXAMPLE), "data": [list(EXAMPLE.values())]}},
        {"dataframe_records": [EXAMPLE]},
        {"instances": [EXAMPLE]},
        {"inputs": COLUMNS},
        {"inputs": {name: [[value]] for name, value in EXAMPLE.items()}, "params": {}},
    ],
)
def test_every_form_of_a_frame_gives_scores(client: AsgiClient, service: Service, body: dict[str, Any]) -> None:
    said = client.post("/invocations", json=body).json()
    assert said["predictions"] == [pytest.approx(SCORE, abs=1e-6)]
    assert service.ledger.prediction(said["prediction_ids"][0]) is not None


def test_a_missing_number_may_be_nan(client: AsgiClient) -> None:
    body = b'{"dataframe_split": {"columns": ["asked_at", "size"], "data": [["2026-03-01", NaN]]}}'
    headers = {"content-type": "application/json; charset=utf-8"}
    assert client.post("/invocations", content=body, headers=headers).json()["predictions"] == [0.5]


def test_csv_is_read_by_the_kinds_of_its_columns(client: AsgiClient, service: Service) -> None:
    said = client.post("/invocations", content=CSV, headers={"content-type": "text/csv"}).json()
    assert said["predictions"][0] == pytest.approx(SCORE, abs=1e-6)
    stored = service.ledger.prediction(said["prediction_ids"][1])
    assert stored is not None
    assert (stored["request"]["size"], stored["request"]["insured"]) == (None, None)


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "application/json", 422),
        (b'{"instances": [7]}', "application/json", 422),
        (b'{"instances": "x"}', "application/json", 422),
        (b'{"instances": [], "inputs": {}}', "application/json", 422),
        (b'{"inputs": {"size": [1], "weight": [1, 2]}}', "application/json", 422),
        (b'{"dataframe_split": {"columns": ["a", "a"], "data": []}}', "application/json", 422),
        (b'{"dataframe_split": {"columns": ["size"], "data": [[1, 2]]}}', "application/json", 422),
        (b'{"dataframe_split": {"columns": ["size"], "data": [1e999]}}', "application/json", 422),
        (b'{"dataframe_records": [{"asked_at": "2026-03-01", "size": 1e999}]}', "application/json", 422),
        (b"", "text/csv", 422),
        (b"size\n\xff\n", "text/csv", 422),
        (b"size,asked_at\nmany,2026-03-01\n", "text/csv", 422),
        (b"size,asked_at\n1\n", "text/csv", 422),
        (b'size\n"1', "text/csv", 422),
        (b"insured,asked_at\nperhaps,2026-03-01\n", "text/csv", 422),
        (b"x", "application/x-parquet", 415),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(client: AsgiClient, body: bytes, media: str, status: int) -> None:
    response = client.post("/invocations", content=body, headers={"content-type": media})
    assert response.status_code == status
    assert response.json()["error"]["fix"]
