"""A process that acts on alerts, for tests that kill it or let several of them storm.

Arguments: what to do (``storm``, ``act`` or ``stream``), and its settings as JSON. A line on stdout
says where it stands still.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from alert_storm import means_of, noting, storm_of
from small_watch import NOW, an_alert
from some_versions import digest_of

from monitoring.actions.rollback import Rollback
from monitoring.alerts import Acting, act_on, resume
from understudy.adapters.bundle_folder import FolderBundles
from understudy.adapters.database.deployment_log import SqlDeploymentLog
from understudy.adapters.database.engine import database_at
from understudy.adapters.database.watch_log import SqlWatchLog
from understudy.deploying import Deployer
from understudy.records import Alert


class Halting:
    """A watch log that stands still for ever once it comes to a point."""

    def __init__(self, log: SqlWatchLog, point: str) -> None:
        self._log, self._point = log, point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def decide(self, alert: Alert, judge: Any) -> Alert:
        halt_at("before the decision", self._point)
        decided = self._log.decide(alert, judge)
        halt_at("after the decision", self._point)
        return decided

    def advance(self, alert: Alert) -> Alert:
        if alert.state in ("done", "failed"):
            halt_at("before the record", self._point)
        advanced = self._log.advance(alert)
        if alert.state == "acting":
            halt_at("after the claim", self._point)
        if alert.state in ("done", "failed"):
            halt_at("after the record", self._point)
        return advanced


def halt_at(point: str, wanted: str) -> None:
    if point == wanted:
        os.write(1, f"{point}\n".encode())
        time.sleep(600)


def act(address: str, point: str) -> None:
    """Take up whatever alerts there are, with a real action on the deployment log."""
    with tempfile.TemporaryDirectory() as folder:
        resume(rolling_back(address, Path(folder), point))
    os.write(1, b"over\n")


def stream(address: str, count: int) -> None:
    """Raise one alert after the other and act on it; those that are over stay so."""
    with tempfile.TemporaryDirectory() as folder:
        means = rolling_back(address, Path(folder))
        os.write(1, b"ready\n")
        for number in range(1, count + 1):
            means.log.raise_alert(against(number))
            resume(means)


def against(number: int) -> Alert:
    """An alert whose action takes challenger ``number`` out."""
    evidence = {"arm": f"challenger-{number}", "digest": digest_of(number + 1), "version": number + 1}
    return an_alert(number, rule="guardrail", subject="errors", action="rollback", raised_at=NOW, evidence=evidence)


def rolling_back(address: str, folder: Path, point: str = "") -> Acting:
    """Means whose only action takes an arm out of the deployment."""
    deployments = SqlDeploymentLog(database_at(address))
    action = Rollback(deployments, Deployer(deployments, None, FolderBundles(folder)))

    def rollback(alert: Alert) -> dict[str, Any]:
        outcome = action.act(alert)
        halt_at("after the change", point)
        return outcome

    log: Any = Halting(SqlWatchLog(database_at(address)), point)
    means = means_of(log, {"rollback": rollback}, per_hour=1000)
    return Acting(**{**vars(means), "lease": timedelta(seconds=1), "revision": lambda: 1})


def storm(address: str, first: int, count: int, ran: str) -> None:
    """Raise, decide and act on some of the alerts, and note when each action ran."""

    def note(alert: Alert) -> dict[str, Any]:
        began = time.time()
        time.sleep(0.02)
        line = json.dumps({"id": alert.id, "action": alert.action, "began": began, "ended": time.time()})
        with Path(ran).open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")
        return {"what": "noted"}

    means = means_of(SqlWatchLog(database_at(address)), noting(note))
    alerts: Sequence[Alert] = storm_of(first, count)
    os.write(1, b"ready\n")
    sys.stdin.readline()
    for alert in alerts:
        act_on(means.decide(alert)[0], means)


if __name__ == "__main__":
    {"act": act, "storm": storm, "stream": stream}[sys.argv[1]](**json.loads(sys.argv[2]))
