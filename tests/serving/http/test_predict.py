"""The fast path, from the outside."""

import json
from typing import Any

import pytest
from asgi_client import AsgiClient
from served import EXAMPLE, SCORE

from serving.service import Service
from understudy.errors import StoreError

pytestmark = pytest.mark.unit


def test_one_object_gives_one_answer(client: AsgiClient, service: Service) -> None:
    response = client.post("/v1/predict", json=EXAMPLE)
    answer = response.json()
    assert response.status_code == 200
    assert answer["score"] == pytest.approx(SCORE, abs=1e-6)
    assert answer | {"prediction_id": "", "score": 0, "latency_ms": 0} == {
        "prediction_id": "", "score": 0, "decision": True, "threshold": 0.4, "model_version": 1, "arm": "champion",
        "experiment": None, "fallback": None, "flags": [], "latency_ms": 0,
    }  # fmt: skip
    stored = service.ledger.prediction(answer["prediction_id"])
    assert stored is not None
    assert (stored["key"], stored["score"], stored["request"]["town"]) == ("p-1", answer["score"], "north")


def test_a_list_gives_a_list_in_its_order(client: AsgiClient) -> None:
    answers = client.post("/v1/predict", json=[EXAMPLE | {"size": size} for size in (-2, 0, 2)]).json()
    assert [answer["score"] for answer in answers] == sorted(answer["score"] for answer in answers)
    assert len({answer["prediction_id"] for answer in answers}) == 3


def test_what_is_missing_is_accepted(client: AsgiClient) -> None:
    response = client.post("/v1/predict", json={"asked_at": "2026-03-01"})
    assert response.status_code == 200
    assert response.json()["score"] == pytest.approx(0.5)


def test_an_unseen_category_is_accepted_and_flagged(client: AsgiClient) -> None:
    assert client.post("/v1/predict", json=EXAMPLE | {"town": "west"}).json()["flags"] == ["unseen category: town"]


@pytest.mark.parametrize(
    ("body", "status", "code", "field", "row"),
    [
        (b"{", 400, "not_json", None, None),
        (b"", 400, "not_json", None, None),
        (b"\xff\xfe", 400, "not_json", None, None),
        (b"[" * 900, 400, "not_json", None, None),
        (b'{"a":' * 900, 400, "not_json", None, None),
        (b"[" * 15_000, 413, "too_many_rows", None, None),
        (b"null", 422, "request", None, None),
        (b"[]", 422, "request", None, None),
        (b"[7]", 422, "request", None, 0),
        (b"{}", 422, "request", "asked_at", None),
        (b'{"asked_at": "2026-03-01", "size": NaN}', 422, "request", "size", None),
        (b'{"asked_at": "2026-03-01", "size": -Infinity}', 422, "request", "size", None),
        (b'{"asked_at": "2026-03-01", "size": 1e999}', 422, "request", "size", None),
        (b'{"asked_at": "2026-03-01", "size": 1001}', 422, "request", "size", None),
        (b'{"asked_at": "2026-03-01", "weight": 1e39}', 422, "request", "weight", None),
        (b'{"asked_at": "2026-03-01", "size": "1"}', 422, "request", "size", None),
        (b'{"asked_at": "2026-03-01", "insured": 1}', 422, "request", "insured", None),
        (b'{"asked_at": "2026-03-01", "town": "\\u0000"}', 422, "request", "town", None),
        (b'[{"asked_at": "2026-03-01"}, {"asked_at": "soon"}]', 422, "request", "asked_at", 1),
        (b'{"asked_at": "2026-03-01", "twon": "x"}', 422, "request", "twon", None),
        (b'{"asked_at": "2026-03-01", "size": 1, "size": 2}', 422, "request", "size", None),
        (b'{"asked_at": "2026-03-01", "size" :1, "s\\u0069ze": 2}', 422, "request", "size", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    client: AsgiClient, body: bytes, status: int, code: str, field: str | None, row: int | None
) -> None:
    response = client.post("/v1/predict", content=body)
    error = response.json()["error"]
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, error["code"], error["field"], error["row"]) == (status, code, field, row)
    assert error["what"]
    assert error["fix"]


def test_a_misspelt_field_is_met_with_the_right_one(client: AsgiClient) -> None:
    error = client.post("/v1/predict", json=EXAMPLE | {"twon": "north"}).json()["error"]
    assert "Did you mean town?" in error["fix"]


def test_more_rows_than_the_limit_are_refused(client: AsgiClient) -> None:
    assert client.post("/v1/predict", json=[{"asked_at": "2026-03-01"}] * 50).status_code == 200
    response = client.post("/v1/predict", json=[{"asked_at": "2026-03-01"}] * 51)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_many_rows")


def test_what_cannot_be_stored_is_not_answered(client: AsgiClient, service: Service) -> None:
    ledger: Any = service.ledger
    ledger.failing = StoreError("The disk is full.", "Free some.")
    response = client.post("/v1/predict", json=EXAMPLE)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["error"]["code"] == "store"
    assert response.json()["error"]["what"] == "A store of this server cannot be used at present."


def test_times_come_in_any_zone(client: AsgiClient, service: Service) -> None:
    answer = client.post("/v1/predict", json=EXAMPLE | {"asked_at": "2026-03-01T10:15:00+02:00"}).json()
    stored = service.ledger.prediction(answer["prediction_id"])
    assert stored is not None
    assert stored["event_time"].isoformat() == "2026-03-01T08:15:00"


def test_another_method_is_told_which_to_use(client: AsgiClient) -> None:
    response = client.get("/v1/predict")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert json.loads(response.content)["error"]["code"] == "method"
