"""The flights of autumn 2013, watched week by week: calm stays quiet, faults are named, what costs more is acted on.

Runs with FULL_PROOFS=1 only: it trains flights, replays weeks to real servers and trains again. TRAINED_FLIGHTS may
name a project in which flights was trained by this code, to save the first training.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flights_story import DAY, FLIGHTS, WEEK, Story, trained
from pressure import FULL

from benchmarks.difficult_models import constant
from understudy.adapters import open_bundle_store, open_deployment_log, open_watch_log
from understudy.bundle import Bundle

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(9000),
    pytest.mark.skipif(
        not os.environ.get(FULL), reason=f"it trains flights and watches a third of a year: set {FULL}=1"
    ),
]

log = logging.getLogger(__name__)
BEGIN = datetime(2013, 9, 1)
CALM = datetime(2013, 10, 6)
"""Begin of the week in which things are broken."""
END = datetime(2013, 12, 29)
FAULTS: dict[str, tuple[tuple[str, ...], set[tuple[str, str]]]] = {
    "a column gone null": (("null:visibility_now",), {("request-broken", "data.null.visibility_now")}),
    "wind x 1.151": (
        ("scale:wind_speed_now=1.151", "scale:wind_gust_now=1.151"),
        {("request-broken", "data.grid.wind_speed_now"), ("request-broken", "data.grid.wind_gust_now")},
    ),
    "temperature in Celsius": (
        ("offset:temperature_now=-32", "scale:temperature_now=0.5556"),
        {("request-broken", "data.grid.temperature_now")},
    ),
    "the carriers of 2023": (
        ("set:carrier=YX@0.204", "set:carrier=NK@0.035"),
        {("request-broken", "data.unseen.carrier"), ("inputs-moved", "drift.input.carrier")},
    ),
    "one clock 5 h off": (("clock:scheduled_at=5h",), {("request-broken", "data.lag.scheduled_at")}),
    "every clock 5 h behind": (
        ("clock:predict_at=-5h", "clock:scheduled_at=-5h", "clock:scheduled_arrival_at=-5h"),
        {("features-stale", "service.stale.live_origin"), ("request-broken", "data.null.airport_due")},
    ),
    "a stale feature store": (("stale:live_origin",), {("features-stale", "service.stale.live_origin")}),
    "a constant answer": ((), {("constant-score", "service.constant")}),
}
"""What is broken, and the rules with their readings that must find it. Carriers: two that fly a quarter of 2023."""

Looks = Mapping[tuple[datetime, int], dict[str, Any]]
"""Looks by the end of their window and its days."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The champion of January to August, deployed, and the first five weeks watched."""
    with trained(tmp_path_factory.mktemp("flights") / "project", os.environ.get("TRAINED_FLIGHTS", "")) as made:
        yield made


@pytest.fixture(scope="module")
def september(story: Story) -> Looks:
    return watch(story, BEGIN, CALM)


@pytest.fixture(scope="module")
def calm(story: Story, september: Looks, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The past up to the calm week."""
    assert september
    return story.branch(tmp_path_factory.mktemp("calm") / "var")


@pytest.fixture(scope="module")
def autumn(story: Story, calm: Story, september: Looks) -> Looks:
    """Every week to the end of the year; the calm one through a real server."""
    story.replay(CALM, CALM + WEEK)
    looks = {**september, (CALM + WEEK, 7): story.look(CALM + WEEK)}
    return looks | watch(story, CALM + WEEK, END)


def watch(story: Story, since: datetime, until: datetime) -> dict[tuple[datetime, int], dict[str, Any]]:
    """A look at each week as it ends, and at each four weeks."""
    looks = {}
    for end in (since + WEEK * week for week in range(1, (until - since) // WEEK + 1)):
        story.score(end - WEEK, end)
        looks[end, 7] = tell(story.look(end))
        if (end - BEGIN) % (4 * WEEK) == 0 * DAY:
            looks[end, 28] = tell(story.look(end, "28d"))
    return looks


def tell(look: dict[str, Any]) -> dict[str, Any]:
    alerts = [f"{one['state']} {one['rule']} {one['subject']} {one['action']}" for one in look["alerts"]]
    log.info("%s to %s: %s", look["since"][:10], look["until"][:10], alerts or "nothing")
    return look


def raised(look: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(alert["rule"], alert["subject"]) for alert in look["alerts"]}


def reading(look: Mapping[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in look["readings"] if one["name"] == name)
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_raises_its_alert_within_one_window(calm: Story, tmp_path: Path, fault: str) -> None:
    broken, wanted = FAULTS[fault]
    story = calm.branch(tmp_path / "var")
    if not broken:
        release_a_constant(story, tmp_path)
    played = story.replay(CALM, CALM + WEEK, *broken)
    look = tell(story.look(CALM + WEEK))
    assert 6000 < look["rows"] <= played["answered"]
    assert wanted <= raised(look)
    incident = next(alert for alert in look["alerts"] if alert["incident"])
    assert (story.home / incident["incident"]).is_file()
    if broken:
        assert {alert["action"] for alert in look["alerts"]} == {"investigate"}
    else:
        rolled_back(look, story)


def rolled_back(look: Mapping[str, Any], story: Story) -> None:
    """The sound version is champion again, and nothing was trained on behalf of the other one."""
    newest = open_deployment_log(story.settings).newest(FLIGHTS)
    assert newest is not None
    assert (newest.revision, newest.champion.version) == (3, 1)
    trained = [alert for alert in look["alerts"] if alert["action"] == "retrain"]
    assert all(alert["outcome"]["what"].startswith("Overtaken") for alert in trained)


def test_the_same_week_without_a_fault_raises_nothing(autumn: Looks) -> None:
    look = autumn[CALM + WEEK, 7]
    assert raised(look) == set()
    assert reading(look, "skew.rows")["value"] == 0.0


def test_weather_that_keeps_within_its_limits_is_quiet(autumn: Looks) -> None:
    for look in autumn.values():
        direction = reading(look, "drift.input.wind_direction_now")
        assert direction["value"] < direction["limit"]
    moved = {subject for look in autumn.values() for _, subject in raised(look)}
    assert not {subject for subject in moved if "wind_direction" in subject or "temperature" in subject}


def test_the_shift_of_live_delays_and_decisions_is_investigated_not_learned(autumn: Looks) -> None:
    look = autumn[BEGIN + 4 * WEEK, 28]
    assert {("inputs-moved", "drift.input.all_arrival_delay"), ("decisions-moved", "drift.decision")} <= raised(look)
    assert {alert["action"] for alert in look["alerts"]} == {"investigate"}
    for (end, _), each in autumn.items():
        if end <= datetime(2013, 12, 1):
            assert reading(each, "quality.brier.change")["low"] < 0
            assert "retrain" not in {alert["action"] for alert in each["alerts"]}


def test_december_is_seen_tried_and_told(story: Story, autumn: Looks) -> None:
    worse = {
        end: look for (end, days), look in autumn.items()
        if days == 7 and end > datetime(2013, 12, 1) and reading(look, "quality.brier.change")["low"] > 0
    }  # fmt: skip
    assert worse
    tried = [alert for look in autumn.values() for alert in look["alerts"] if alert["action"] == "retrain"]
    done = [alert for alert in tried if alert["state"] == "done"]
    assert done
    for alert in done:
        page = unescape((story.home / alert["incident"]).read_text(encoding="utf-8"))
        log.info("retrained for the window to %s: %s", alert["until"], alert["outcome"]["what"])
        assert alert["outcome"]["accepted"] == (not alert["outcome"].get("failed"))
        assert all(check["why"] in page for check in alert["outcome"].get("failed", ()))
    stored = {alert.id: alert for alert in open_watch_log(story.settings).alerts(FLIGHTS, 1000)}
    assert all(stored[alert["id"]].state == "done" for alert in done)


def release_a_constant(story: Story, folder: Path) -> None:
    """Deploy a version that says the same to everything."""
    store, deployments = open_bundle_store(story.settings), open_deployment_log(story.settings)
    newest = deployments.newest(FLIGHTS)
    assert newest is not None
    sound = Bundle.load(store.fetch(newest.champion.digest, folder / "sound"))
    bad = constant(sound, folder / "bad")
    store.publish(bad)
    arm = newest.arms[0].model_copy(update={"version": 2, "digest": bad.digest})
    changes = {"revision": newest.revision + 1, "arms": (arm,), "why": "a bad release"}
    deployments.append(newest.model_copy(update=changes))
