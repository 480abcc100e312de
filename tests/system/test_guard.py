"""A broken version at ten percent is taken out by its guardrail, by processes alone, and the record explains it."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from broken_models import constant_model, erring_model, inverted_model
from labelled_traffic import Traffic
from pressure import size
from served import Project, a_project
from served_process import a_server, deploy
from watch_process import a_watch

from understudy.adapters import open_deployment_log, open_watch_log
from understudy.records import CHALLENGER, CHAMPION, Arm

pytestmark = pytest.mark.e2e

log = logging.getLogger(__name__)
logging.getLogger("httpx").setLevel(logging.WARNING)
LONGEST = 60.0
"""Seconds from the deployment of a broken version to the rollback."""
BROKEN: dict[str, tuple[Callable[[], tuple[bytes, float]], set[str]]] = {
    "erring": (erring_model, {"errors", "fallbacks"}),
    "constant": (constant_model, {"constant", "decisions"}),
    "inverted": (inverted_model, {"cost", "decisions", "decisions.fewer"}),
}
"""Models, and the guardrails that may find them out."""


def canary(project: Project, version: int) -> None:
    arms = tuple(
        Arm(name=name, version=number, digest=project.bundles[number].digest, weight=weight)
        for name, number, weight in ((CHAMPION, 1, 0.9), (CHALLENGER, version, 0.1))
    )
    deploy(project, project.deployment(2, mode="canary", arms=arms, at=datetime.now(UTC).replace(tzinfo=None)))


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_canary_is_rolled_back_without_a_person(tmp_path: Path, fault: str) -> None:
    make, rails = BROKEN[fault]
    project = a_project(tmp_path / "project", versions=2, models={2: make()})
    deploy(project)
    with (
        a_server(project) as server,
        a_watch(project, "--every", "1s", "--no-windows") as watch,
        Traffic(server.url, rate=size(200, 50)) as traffic,
    ):
        time.sleep(1)
        began = time.monotonic()
        canary(project, 2)
        deployments = open_deployment_log(project.settings)
        while (newest := deployments.newest("toy")) is None or newest.revision < 3:
            assert time.monotonic() < began + LONGEST, traffic.asked
            time.sleep(0.1)
        seconds = time.monotonic() - began
        time.sleep(1)
        answered = {one["arm"] for one in httpx.post(f"{server.url}/v1/predict", json=traffic.rows()).json()}
        said = httpx.get(f"{watch.url}/metrics").text
        ended = watch.end()
        deployments.close()
    assert (newest.mode, newest.champion.version, newest.change) == ("single", 1, "route")
    assert answered == {CHAMPION}
    assert traffic.refused == 0
    (alert,) = open_watch_log(project.settings).alerts("toy")
    log.info("%s: %s in %.1f s, %s", fault, alert.subject, seconds, alert.why)
    assert newest.who == f"alert {alert.id}"
    assert alert.subject.removeprefix("guard.") in rails
    assert (alert.state, alert.rule, alert.action, alert.based_on) == ("done", "guard", "rollback", 2)
    assert (alert.evidence["arm"], alert.evidence["version"]) == (CHALLENGER, 2)
    assert alert.why == newest.why == alert.evidence["because"]
    assert alert.outcome["revision"] == 3
    assert alert.outcome["seconds"] < LONGEST
    assert "was taken out" in (project.settings.home / alert.incident).read_text(encoding="utf-8")
    assert 'understudy_watch_last_timestamp_seconds{chore="guard"}' in said
    assert [one["id"] for one in ended["breaches"]] == [alert.id]


def test_a_sound_canary_stays(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project", versions=2)
    deploy(project)
    canary(project, 2)
    with (
        a_server(project, UNDERSTUDY_SERVING_CHALLENGER_TIME="10") as server,
        a_watch(project, "--every", "1s", "--no-windows") as watch,
        Traffic(server.url, rate=400) as traffic,
    ):
        time.sleep(size(8, 60))
        ended = watch.end()
    assert ended["breaches"] == []
    assert ended["failed"]["guard"] == 0
    assert ended["looks"] >= 3
    assert traffic.asked > 1000
    newest = open_deployment_log(project.settings).newest("toy")
    assert newest is not None
    assert newest.revision == 2
