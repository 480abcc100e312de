"""A thousand alerts at once: every cooldown and the cap hold, whoever decides."""

import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from itertools import combinations, pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from alert_storm import means_of, noting, storm_of
from storm_children import child

from monitoring.alerts import act_on
from understudy.ports import WatchLog
from understudy.records import Alert

pytestmark = pytest.mark.integration

ALERTS = 1000
COOLDOWN = timedelta(days=14)


def test_a_thousand_alerts_in_sixteen_threads(watch_log: WatchLog) -> None:
    ran: list[dict[str, Any]] = []
    lock = Lock()

    def note(alert: Alert) -> dict[str, Any]:
        with lock:
            ran.append({"id": alert.id, "action": alert.action})
        return {"what": "noted"}

    means = means_of(watch_log, noting(note), per_hour=40)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda alert: act_on(means.decide(alert)[0], means), storm_of(0, ALERTS)))
    assert_limits_held(watch_log, ran, 40)


def test_a_thousand_alerts_in_four_processes(watch_log: WatchLog, database: str, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                child("storm", address=database, first=n * ALERTS // 4, count=ALERTS // 4, ran=str(ran))
            )
            for n in range(4)
        ]
        for each in children:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in children:
            assert each.communicate("go\n", timeout=120)[0] == ""
            assert each.returncode == 0
    noted = [json.loads(line) for line in ran.read_text().splitlines()]
    assert_limits_held(watch_log, noted, 3)
    by_action = defaultdict(list)
    for one in sorted(noted, key=lambda one: one["began"]):
        by_action[one["action"]].append(one)
    for action in ("retrain", "rollback"):
        assert all(one["ended"] <= two["began"] for one, two in pairwise(by_action[action]))


def assert_limits_held(watch_log: WatchLog, ran: list[dict[str, Any]], per_hour: int) -> None:
    alerts = watch_log.alerts("toy", 2 * ALERTS)
    assert len(alerts) == ALERTS
    assert {one.state for one in alerts} == {"done", "withheld"}
    acted = [one for one in alerts if one.state == "done"]
    assert sorted(one["id"] for one in ran) == sorted(one.id for one in acted), "each once, and no other"
    harmful = [one for one in acted if one.action != "investigate"]
    assert len(harmful) == min(per_hour, len(harmful))
    assert len(harmful) == 3 if per_hour == 3 else len(harmful) > 3
    for one, other in combinations(acted, 2):
        if (one.rule, one.action) == (other.rule, other.action):
            assert abs(one.until - other.until) >= COOLDOWN
        if one.action == other.action == "investigate":
            assert one.until != other.until
    assert all(one.why for one in alerts)
