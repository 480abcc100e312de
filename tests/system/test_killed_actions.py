"""Processes that are killed with an alert in their hands: it is resumed, and nothing is done twice."""

import random
import time
from pathlib import Path

import pytest
from acting_child import against, rolling_back, stream
from some_versions import NOON, digest_of
from storm_children import child

from monitoring.actions.standing import who
from monitoring.alerts import resume
from understudy.adapters.database.deployment_log import SqlDeploymentLog
from understudy.adapters.database.engine import database_at
from understudy.ports import WatchLog
from understudy.records import Arm, Deployment

pytestmark = pytest.mark.integration

POINTS = (
    "before the decision",
    "after the decision",
    "after the claim",
    "after the change",
    "before the record",
    "after the record",
)
LEASE = 1.0


def deployed(database: str, arms: int = 1) -> SqlDeploymentLog:
    """A deployment log whose newest revision has a champion and so many challengers."""
    log = SqlDeploymentLog(database_at(database))
    names = ["champion", *(f"challenger-{n}" for n in range(1, arms + 1))]
    placed = tuple(
        Arm(name=name, version=n, digest=digest_of(n), weight=1 / len(names)) for n, name in enumerate(names, 1)
    )
    log.append(
        Deployment(
            problem="toy", revision=1, mode="ab", arms=placed, change="deploy", who="ann", why="to compare", at=NOON
        )
    )
    return log


@pytest.mark.parametrize("point", POINTS)
def test_an_alert_is_acted_on_once_wherever_its_actor_is_killed(
    watch_log: WatchLog, database: str, point: str, tmp_path: Path
) -> None:
    deployments = deployed(database)
    watch_log.raise_alert(against(1))
    with child("act", address=database, point=point) as actor:
        assert actor.stdout is not None
        assert actor.stdout.readline() == f"{point}\n"
        actor.kill()
    time.sleep(LEASE)
    resume(rolling_back(database, tmp_path))
    assert resume(rolling_back(database, tmp_path)) == ()
    done = watch_log.alert("a0001")
    assert done is not None
    assert (done.state, done.outcome["revision"]) == ("done", 2)
    assert [one.who for one in deployments.history("toy")] == [who(done), "ann"]
    assert done.outcome["attempts"] == (2 if point in POINTS[2:5] else 1)


def test_alerts_of_actors_killed_at_any_moment_are_each_acted_on_once(
    watch_log: WatchLog, database: str, tmp_path: Path
) -> None:
    draw, count = random.Random(4), 60  # noqa: S311
    deployments = deployed(database, count)
    for _ in range(4):
        with child("stream", address=database, count=count) as actor:
            assert actor.stdout is not None
            assert actor.stdout.readline() == "ready\n"
            time.sleep(draw.random() / 2)
            actor.kill()
    time.sleep(LEASE)
    stream(database, count)
    alerts = watch_log.alerts("toy")
    done = [one for one in alerts if one.state == "done"]
    assert {one.state for one in alerts} <= {"done", "withheld"}
    assert all("has a rollback under way" in one.why for one in alerts if one.state == "withheld")
    assert len(alerts) == count
    assert len(done) > count / 2
    assert sorted(one.who for one in deployments.history("toy")) == sorted(["ann", *(who(one) for one in done)])
