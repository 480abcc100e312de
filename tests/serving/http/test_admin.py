"""Changing what serves, over HTTP."""

from typing import Any

import pytest
from asgi_client import AsgiClient
from served import EXAMPLE, Project, a_service

from serving.app import create_admin
from serving.service import Service
from understudy.records import Shadow

pytestmark = pytest.mark.unit

ADA = {"who": "ada", "why": "a test"}


def _version(client: AsgiClient) -> int:
    return int(client.post("/v1/predict", json=EXAMPLE).json()["model_version"])


@pytest.fixture
def known(project: Project, service: Service) -> Service:
    """The log knows version 2, which served as revision 1; version 1 serves as revision 2."""
    log: Any = service.log
    log.kept = {}
    log.append(project.deployment(1, version=2))
    log.append(project.deployment(2, version=1))
    return service


def test_a_deployed_version_serves_by_the_time_of_the_answer(
    known: Service, client: AsgiClient, admin: AsgiClient
) -> None:
    assert _version(client) == 1
    changed = admin.post("/admin/deploy", json=ADA | {"version": 2})
    assert changed.status_code == 200
    assert (changed.json()["revision"], changed.json()["who"], changed.json()["why"]) == (3, "ada", "a test")
    assert _version(client) == 2
    assert admin.post("/admin/rollback", json=ADA | {"to": 2}).json()["restores"] == 2
    assert _version(client) == 1


def test_weights_promotion_and_the_kill_switch(known: Service, client: AsgiClient, admin: AsgiClient) -> None:
    placed = admin.post("/admin/deploy", json=ADA | {"version": 2, "mode": "ab", "weight": 40})
    assert [arm["weight"] for arm in placed.json()["arms"]] == [pytest.approx(0.6), pytest.approx(0.4)]
    routed = admin.post("/admin/route", json=ADA | {"weights": {"challenger": 100}})
    assert [arm["weight"] for arm in routed.json()["arms"]] == [0, 1]
    assert _version(client) == 2
    assert admin.post("/admin/kill", json=ADA).json()["killed"] is True
    assert _version(client) == 1
    assert admin.post("/admin/kill", json=ADA | {"on": False}).json()["killed"] is False
    assert admin.post("/admin/promote", json=ADA).json()["arms"][0]["version"] == 2
    assert _version(client) == 2


def test_a_change_that_comes_too_late_is_told_which_one_won(known: Service, admin: AsgiClient) -> None:
    admin.post("/admin/deploy", json=ADA | {"version": 2, "based_on": 2})
    late = admin.post("/admin/kill", json={"who": "bob", "why": "too slow", "based_on": 2})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
    assert "revision 3 stands: deploy by ada" in late.json()["error"]["what"]


def test_a_version_that_the_log_does_not_know_is_left_to_the_command_line(
    client: AsgiClient, admin: AsgiClient
) -> None:
    refused = admin.post("/admin/deploy", json=ADA | {"version": 3})
    assert refused.status_code == 409
    assert "has never been deployed" in refused.json()["error"]["what"]


def test_a_version_that_only_shadowed_does_not_answer(project: Project, service: Service, client: AsgiClient) -> None:
    log: Any = service.log
    shadow = Shadow(name="shadow", version=3, digest=project.bundles[3].digest)
    log.append(project.deployment(2, shadows=(shadow,)))
    refused = AsgiClient(create_admin(service), client.runner).post("/admin/deploy", json=ADA | {"version": 3})
    assert refused.status_code == 409
    said = refused.json()["error"]
    assert "A server asks no registry" in said["what"]
    assert said["fix"] == "`understudy deploy toy/3` asks the registry and places it."


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "who"),
        (ADA | {"version": 0.5}, "version"),
        (ADA | {"version": 1, "weight": 101}, "weight"),
        (ADA | {"x": 1}, "version"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(admin: AsgiClient, body: dict[str, Any], field: str) -> None:
    response = admin.post("/admin/deploy", json=body)
    assert (response.status_code, response.json()["error"]["field"]) == (422, field)


def test_a_form_of_another_site_is_refused(admin: AsgiClient) -> None:
    assert admin.post("/admin/kill", content=b"{}", headers={"content-type": "text/plain"}).status_code == 415


def test_history_and_refresh(known: Service, admin: AsgiClient) -> None:
    history = admin.get("/admin/deployments").json()["deployments"]
    assert [(one["revision"], one["arms"][0]["version"]) for one in history] == [(2, 1), (1, 2)]
    assert admin.post("/admin/refresh").json() == {"revision": 2}


@pytest.mark.parametrize(
    ("shown", "status"),
    [("", 401), ("Bearer wrong", 401), ("secret", 401), ("Bearer secret", 200), ("bearer secret", 200)],
)
def test_a_token_is_asked_for_where_one_is_set(project: Project, shown: str, status: int) -> None:
    service = a_service(project, admin_host="0.0.0.0", admin_token="secret")  # noqa: S104, S106
    with AsgiClient(create_admin(service)) as admin:
        headers = {"authorization": shown} if shown else {}
        assert admin.get("/admin/deployments", headers=headers).status_code == status
        assert admin.get("/healthz/live").status_code == 200


def test_a_drill_makes_a_challenger_late_until_the_champion_answers_for_it(
    known: Service, client: AsgiClient, admin: AsgiClient
) -> None:
    admin.post("/admin/deploy", json=ADA | {"version": 2, "mode": "ab", "weight": 100})
    assert client.post("/v1/predict", json=EXAMPLE).json()["fallback"] is None
    drill = {"arm": "challenger", "delay": 1.0, "seconds": 30}
    assert admin.post("/admin/drill", json=drill).json() == {"delays": {"challenger": 1.0}}
    late = client.post("/v1/predict", json=EXAMPLE).json()
    assert (late["arm"], late["fallback"], late["model_version"]) == ("champion", "timeout", 1)
    assert admin.post("/admin/drill", json=drill | {"delay": 0}).json() == {"delays": {}}


def test_a_drill_has_limits(admin: AsgiClient) -> None:
    refused = admin.post("/admin/drill", json={"arm": "champion", "delay": 60})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "delay")
