"""Errors as HTTP."""

import json

import pytest
from asgi_client import AsgiClient
from served import EXAMPLE

from serving.errors import ModelFailed, NotReady, Overloaded
from serving.http.problems import problem, status_of
from serving.refusals import NotJsonError, RowError, TooManyRowsError
from serving.service import Service
from understudy import errors

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotJsonError("a", "b"), 400),
        (errors.RequestError("a"), 422),
        (TooManyRowsError("a"), 413),
        (errors.ConflictError("a"), 409),
        (errors.DeploymentError("a"), 409),
        (errors.BundleError("a"), 409),
        (ModelFailed("a"), 500),
        (Overloaded("a"), 429),
        (NotReady("a"), 503),
        (errors.StoreError("a"), 503),
        (errors.StageError("a"), 500),
    ],
)
def test_each_error_has_its_status(error: errors.UnderstudyError, status: int) -> None:
    assert status_of(error) == status
    assert problem(error).status_code == status


def test_a_refusal_for_load_says_when_to_come_back() -> None:
    assert problem(Overloaded("a", retry_after=2.5)).headers["retry-after"] == "3"
    assert "retry-after" not in problem(errors.RequestError("a")).headers


def test_an_error_names_place_and_fix() -> None:
    said = json.loads(problem(RowError("what", "fix", "size", 3)).body)
    assert said == {"error": {"code": "request", "field": "size", "row": 3, "what": "what", "fix": "fix"}}


def test_what_nobody_foresaw_is_told_without_details(client: AsgiClient, service: Service) -> None:
    async def broken(rows: object) -> object:
        raise ZeroDivisionError("secret")

    service.predictor.predict = broken  # type: ignore[assignment,method-assign]
    response = client.post("/v1/predict", json=EXAMPLE)
    assert (response.status_code, response.json()["error"]["code"]) == (500, "unexpected")
    assert "secret" not in response.text


def test_unknown_paths_are_told_in_the_same_form(client: AsgiClient) -> None:
    assert client.get("/nothing").json()["error"]["code"] == "not_found"
    assert client.get("/v2/nothing").json() == {
        "error": "There is nothing at this path. GET /docs lists what there is."
    }


def test_where_a_store_is_stays_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    away = errors.StoreError("The database postgresql://ann@db.local/name cannot be used.", "Check /run/pg.")
    with caplog.at_level("ERROR", "understudy.serving"):
        said = problem(away)
    assert json.loads(bytes(said.body))["error"]["what"] == "A store of this server cannot be used at present."
    assert b"db.local" not in bytes(said.body)
    assert b"/run/pg" not in bytes(said.body)
    assert (said.status_code, said.headers["retry-after"]) == (503, "1")
    assert "postgresql://ann@db.local/name" in caplog.text
