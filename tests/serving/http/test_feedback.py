"""Labels over HTTP."""

from datetime import datetime
from typing import Any

import pytest
from asgi_client import AsgiClient
from served import EXAMPLE

from serving.service import Service

pytestmark = pytest.mark.unit


def test_a_label_by_prediction_id_is_stored_once_and_contradictions_are_told(client: AsgiClient) -> None:
    name = client.post("/v1/predict", json=EXAMPLE).json()["prediction_id"]
    said = [client.post("/v1/feedback", json={"prediction_id": name, "value": value}).json() for value in (True, 1, 0)]
    assert [one["outcomes"] for one in said] == [["stored"], ["repeated"], ["contradicts"]]
    assert said[2] == {"outcomes": ["contradicts"], "stored": 0, "repeated": 0, "contradicts": 1}


def test_many_labels_by_key_with_times_and_sources(client: AsgiClient, service: Service) -> None:
    body = [
        {"key": "p-1", "value": False, "landed_at": "2026-03-02T01:00:00+01:00", "source": "register"},
        {"key": 12.0, "value": 1.0},
    ]
    assert client.post("/v1/feedback", json=body).json()["stored"] == 2
    ledger: Any = service.ledger
    first, second = (label for label, _ in ledger.labels)
    assert (first.key, first.value, first.landed_at, first.source) == ("p-1", 0.0, datetime(2026, 3, 2), "register")
    assert (second.key, second.value) == ("12", 1.0)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"value": true}', None),
        (b'{"key": "a", "prediction_id": "b", "value": true}', None),
        (b'{"key": "a"}', "value"),
        (b'{"key": "", "value": 1}', "key"),
        (b'{"key": "\\u0000", "value": 1}', "key"),
        (b'{"key": true, "value": 1}', "key"),
        (b'{"key": NaN, "value": 1}', "key"),
        (b'{"key": 1e999, "value": 1}', "key"),
        (b'{"key": -Infinity, "value": 1}', "key"),
        (b'{"key": 1e300, "value": 1}', "key"),
        (b'{"key": 1%s, "value": 1}' % (b"0" * 300), "key"),
        (b'{"key": "a", "value": 0.5}', "value"),
        (b'{"key": "a", "value": "yes"}', "value"),
        (b'{"key": "a", "value": NaN}', "value"),
        (b'{"key": "a", "value": 1, "landed_at": "yesterday"}', "landed_at"),
        (b'{"key": "a", "value": 1, "value": 0}', "value"),
        (b'{"key": "a", "value": 1, "valeu": 0}', "valeu"),
        (b"[]", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(client: AsgiClient, body: bytes, field: str | None) -> None:
    response = client.post("/v1/feedback", content=body)
    assert (response.status_code, response.json()["error"]["field"]) == (422, field)


def test_more_labels_than_the_limit_are_refused(client: AsgiClient) -> None:
    assert client.post("/v1/feedback", json=[{"key": "a", "value": 1}] * 51).status_code == 413


def test_a_number_as_key_is_as_the_document_says(client: AsgiClient) -> None:
    key = client.get("/openapi.json").json()["components"]["schemas"]["Feedback"]["properties"]["key"]
    number = next(kind for kind in key["anyOf"] if kind["type"] == "number")
    body = [{"key": number[end], "value": 1} for end in ("minimum", "maximum")]
    assert client.post("/v1/feedback", json=body).json()["stored"] == 2
    told = client.post("/v1/feedback", content=b'{"key": 1e39, "value": 1}').json()["error"]["what"]
    assert told == "key: give a finite number, from -3.4028235e+38 to 3.4028235e+38, or text."
