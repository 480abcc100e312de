"""What a server says of itself."""

from datetime import datetime
from pathlib import Path

import pytest
from asgi_client import AsgiClient
from served import EXAMPLE, Project

from serving.following import Refusal
from serving.service import Service
from understudy.adapters.bundle_folder import FolderBundles
from understudy.deploying import Deployer

pytestmark = pytest.mark.unit


def test_the_model_says_what_it_reads_and_where_it_comes_from(client: AsgiClient, project: Project) -> None:
    said = client.get("/v1/model").json()
    assert (said["problem"], said["version"], said["digest"]) == ("toy", 1, project.bundles[1].digest)
    assert [item["name"] for item in said["inputs"]["numbers"]] == ["size", "weight"]
    assert said["metrics"]["test"]["roc_auc"] == {"value": 0.8, "low": 0.7, "high": 0.9}


def test_routing_says_who_gets_what(client: AsgiClient) -> None:
    said = client.get("/v1/routing").json()
    assert (said["revision"], said["mode"], said["who"]) == (1, "single", "ada")
    assert [(arm["name"], arm["version"], arm["share"]) for arm in said["arms"]] == [("champion", 1, 1.0)]
    assert (said["refused"], said["delays"]) == (None, {})


def test_a_threshold_of_the_deployment_decides_and_is_shown(
    client: AsgiClient, service: Service, project: Project
) -> None:
    server = Deployer(service.log, None, FolderBundles(Path(project.settings.bundle_store)))
    server.threshold("toy", "champion", 0.999, "ann", "labels of March")
    client.runner.run(service.refresh())
    said = client.get("/v1/model").json()
    assert (said["threshold"], said["bundle_threshold"]) == (0.999, 0.4)
    arm = client.get("/v1/routing").json()["arms"][0]
    assert (arm["threshold"], arm["decides_at"]) == (0.999, 0.999)
    answer = client.post("/v1/predict", json=EXAMPLE).json()
    assert (answer["decision"], answer["threshold"]) == (False, 0.999)
    of_row = client.post("/v1/explain", json={"request": EXAMPLE}).json()
    of_stored = client.post("/v1/explain", json={"prediction_id": answer["prediction_id"]}).json()
    assert of_row["threshold"] == of_stored["threshold"] == 0.999


def test_routing_says_which_newer_revision_was_refused(client: AsgiClient, service: Service) -> None:
    service.watcher._follower.refusal = Refusal(2, "its digest differs", datetime(2026, 1, 1))
    assert client.get("/v1/routing").json()["refused"] == {"revision": 2, "reason": "its digest differs"}


def test_health_while_serving_and_while_ending(client: AsgiClient, service: Service) -> None:
    assert client.get("/healthz/live").json() == {"status": "live"}
    assert client.get("/healthz/ready").json() == {"status": "ready", "revision": 1, "unreachable": {}}
    service.watcher.unreachable["features"] = "the disk /srv/features is away"
    told = client.get("/healthz/ready")
    assert (told.status_code, told.json()["unreachable"]) == (
        200, {"features": "It cannot be reached; the server's log says why."},
    )  # fmt: skip
    service.draining = True
    told = client.get("/healthz/ready")
    assert (told.status_code, told.headers["retry-after"], told.headers["connection"]) == (503, "1", "close")
    assert client.get("/ping").status_code == 503
    assert client.get("/v2/health/ready").json()["error"].startswith("The server is about to end.")
    assert client.get("/healthz/live").status_code == 200


def test_metrics_count_by_route_and_arm_and_by_nothing_that_clients_choose(client: AsgiClient) -> None:
    client.post("/v1/predict", json=[EXAMPLE, EXAMPLE])
    client.post("/v1/predict", content=b"{")
    for path in ("/made-up/1", "/made-up/2", "/v2/models/made-up"):
        client.get(path)
    lines = client.get("/metrics").text.splitlines()
    assert 'understudy_requests_total{route="/v1/predict",status="2xx"} 1.0' in lines
    assert 'understudy_requests_total{route="/v1/predict",status="4xx"} 1.0' in lines
    assert 'understudy_requests_total{route="unmatched",status="4xx"} 2.0' in lines
    assert 'understudy_requests_total{route="/v2/models/{name}",status="4xx"} 1.0' in lines
    assert 'understudy_request_duration_seconds_count{route="/v1/predict"} 2.0' in lines
    assert 'understudy_predictions_total{arm="champion",version="1"} 2.0' in lines
    assert "understudy_ready 1.0" in lines
    assert "understudy_deployment_revision 1.0" in lines
    assert "understudy_ledger_queue_depth 0.0" in lines
    assert "understudy_ledger_written_total 2.0" in lines
    assert not [line for line in lines if "made-up" in line]
