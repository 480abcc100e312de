"""Looking into an alert: an incident with its suspects, the segments hit, what changed, and what to do next."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from monitoring.actions.changed import what_changed
from monitoring.actions.incident import render
from monitoring.actions.next_step import next_step
from monitoring.actions.suspects import segments_hit, suspects
from monitoring.alerts.dry import is_dry
from understudy.errors import DataError
from understudy.files import write_json, write_text
from understudy.ports import DeploymentLog, WatchLog
from understudy.problem import ProblemSpec
from understudy.records import Alert, Snapshot

REACH = 1000


class Investigate:
    """Writes an incident as a page for people and as JSON beside it. It changes nothing else."""

    def __init__(
        self,
        spec: ProblemSpec,
        log: WatchLog,
        deployments: DeploymentLog,
        importance: Callable[[str], Mapping[str, float]],
        home: Path,
    ) -> None:
        """
        Args:
            importance: from a bundle's digest to the loss of quality by shuffling each input, as its metrics say.
        """
        self._spec, self._log, self._deployments = spec, log, deployments
        self._importance, self._home = importance, home

    def act(self, alert: Alert) -> dict[str, Any]:
        """
        Raises:
            DataError: the window that the alert is about is not in the watch log.
            MachineError: the disk is full.
        """
        snapshot, before = self._windows(alert)
        incident = self._incident(alert, snapshot, before)
        place = incident_path(alert)
        write_json(self._home / f"{place}.json", incident)
        write_text(self._home / f"{place}.html", render(incident))
        named = [suspect["name"] for suspect in incident["suspects"]]
        return {
            "what": f"Suspected: {', '.join(named[:3])}." if named else "No column stands out.",
            "suspects": named,
            "segments": [row["segment"] for row in incident["segments"]],
            "next_step": incident["next_step"],
            "incident": f"{place}.html",
        }

    def _windows(self, alert: Alert) -> tuple[Snapshot, Snapshot | None]:
        seen = self._log.snapshots(alert.problem, REACH, until=alert.until)
        here = next((one for one in seen if (one.since, one.until) == (alert.since, alert.until)), None)
        here = here or next(iter(seen), None)
        if here is None:
            raise DataError(
                f"Nothing was watched of {alert.problem} up to {alert.until}.",
                f"`understudy monitor --problem {alert.problem} --as-of {alert.until.isoformat()}` looks at it.",
            )
        return here, next((one for one in seen if _is_next_before(one, here)), None)

    def _incident(self, alert: Alert, snapshot: Snapshot, before: Snapshot | None) -> dict[str, Any]:
        accused = suspects(snapshot, self._importance(snapshot.digest), self._spec)
        window = (alert.since, alert.until)
        others = [one for one in self._log.alerts(alert.problem, REACH) if (one.since, one.until) == window]
        return {
            "alert": alert.model_dump(mode="json"),
            "title": self._spec.title,
            "others": [
                {"id": one.id, "rule": one.rule, "subject": one.subject, "action": one.action, "state": one.state}
                for one in others
                if one.id != alert.id and not is_dry(one)
            ],
            "snapshot": {
                **snapshot.model_dump(mode="json", include={"since", "until", "as_of", "version", "rows", "labelled"}),
                "report": snapshot.report,
            },
            "suspects": [suspect.json() for suspect in accused],
            "segments": segments_hit(snapshot),
            "changed": what_changed(snapshot, before, self._deployments.history(alert.problem, REACH)),
            "readings": _telling(snapshot, before),
            "next_step": next_step(alert, snapshot, [suspect.name for suspect in accused]),
        }


def incident_path(alert: Alert) -> str:
    """Path of an alert's incident from ``home``, without its ending."""
    return f"reports/{alert.problem}/incidents/{re.sub('[^A-Za-z0-9_-]', '-', alert.id)}"


def _is_next_before(one: Snapshot, here: Snapshot) -> bool:
    """Whether it is as long, and no window as long is missing between the two."""
    span = here.until - here.since
    return one.until - one.since == span and here.since - span < one.until <= here.since


def _telling(snapshot: Snapshot, before: Snapshot | None) -> list[dict[str, Any]]:
    """Readings beyond their limits, and those of quality, each beside the window before."""
    rows = []
    for reading in snapshot.readings:
        past = reading.value is not None and reading.limit is not None and reading.value > reading.limit
        if past or (reading.name.startswith("quality.") and ".segment." not in reading.name):
            then = before.reading(reading.name) if before else None
            rows.append({**reading.model_dump(), "past": past, "before": then.value if then else None})
    return rows
