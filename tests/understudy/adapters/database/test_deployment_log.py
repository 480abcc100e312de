"""The deployment log: append-only, and one winner for each revision."""

import threading
from datetime import datetime
from typing import Any

import pytest
from fake_deployment_log import FakeDeploymentLog

from understudy.adapters.database.deployment_log import SqlDeploymentLog
from understudy.adapters.database.engine import Database
from understudy.errors import ConflictError, DeploymentError, StoreError
from understudy.records import Arm, Deployment, Ramp, Shadow

pytestmark = pytest.mark.integration
AT = datetime(2026, 11, 1, 12, 30, 0, 5)


def revision(number: int, **changes: Any) -> Deployment:
    values: dict[str, Any] = {
        "problem": "toy",
        "revision": number,
        "mode": "canary",
        "arms": (
            Arm(name="champion", version=1, digest="a" * 64, weight=0.9),
            Arm(name="challenger", version=2, digest="b" * 64, weight=0.1),
        ),
        "shadows": (Shadow(name="rehearsal", version=3, digest="c" * 64),),
        "ramp": Ramp(shares=(0.05, 0.5), hold=60.0),
        "salt": "s",
        "change": "deploy",
        "who": "ann",
        "why": "a trial",
        "at": AT,
    }
    return Deployment(**{**values, **changes})


@pytest.fixture(params=["sql", "fake"])
def log(request: pytest.FixtureRequest, database: Database) -> SqlDeploymentLog | FakeDeploymentLog:
    return SqlDeploymentLog(database) if request.param == "sql" else FakeDeploymentLog()


def test_what_was_appended_comes_back(log: SqlDeploymentLog) -> None:
    assert log.newest("toy") is None
    assert log.history("toy") == ()
    first, second = revision(1), revision(2, why="more", ramp=None)
    assert log.append(first) == first
    assert log.append(second) == second
    log.append(revision(1, problem="other"))
    assert log.newest("toy") == second
    assert log.history("toy") == (second, first)
    assert log.history("toy", limit=1) == (second,)
    assert log.revision("toy", 1) == first
    with pytest.raises(DeploymentError, match="no revision 3"):
        log.revision("toy", 3)


def test_a_change_that_comes_second_is_told_of_the_first(log: SqlDeploymentLog) -> None:
    log.append(revision(1))
    with pytest.raises(ConflictError, match=r"Revision 1 .*was taken by ann \(deploy\): a trial"):
        log.append(revision(1, who="bob"))
    with pytest.raises(DeploymentError, match="no revision before it"):
        log.append(revision(3))
    assert log.newest("toy") == revision(1)


def test_of_racing_changes_one_wins(database: Database) -> None:
    log = SqlDeploymentLog(database)
    log.append(revision(1))
    outcomes: list[str] = []

    def race(who: str) -> None:
        try:
            outcomes.append(log.append(revision(2, who=who)).who)
        except ConflictError as error:
            outcomes.append(f"lost to {error.what.split('taken by ')[1].split(' ')[0]}")

    threads = [threading.Thread(target=race, args=(f"person{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = log.revision("toy", 2).who
    assert sorted(outcomes) == sorted([winner, *[f"lost to {winner}"] * 5])


def test_a_revision_from_the_future_is_said_to_be_one(database: Database) -> None:
    log = SqlDeploymentLog(database)
    log.append(revision(1))
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE deployments SET document = '{\"unheard\": 1}'")
    with pytest.raises(StoreError, match="cannot read"):
        log.newest("toy")
