"""The right to act on an alert: taken by one, kept while it acts, and free again soon after it dies."""

from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Any

from monitoring.alerts.acting import Acting
from monitoring.alerts.changing import change
from understudy.errors import UnderstudyError
from understudy.records import Alert

ATTEMPTS = 3
"""Times an action may be begun; one that takes its process down each time is then given up."""


def take(alert: Alert, acting: Acting) -> "Lease | None":
    """Claim a decided alert, or one whose lease has run out; none where somebody else has it, or it is over."""

    def claimed(standing: Alert) -> dict[str, Any] | None:
        now, attempts = acting.clock(), int(standing.outcome.get("attempts", 0)) + 1
        if standing.state != "decided" and not is_abandoned(standing, now):
            return None
        if attempts > ATTEMPTS:
            what = {"what": f"Given up: {ATTEMPTS} attempts ended without a word."}
            return {"state": "failed", "lease": None, "outcome": standing.outcome | what}
        return {"state": "acting", "lease": now + acting.lease, "outcome": standing.outcome | {"attempts": attempts}}

    taken = change(acting.log, alert.id, claimed)
    return Lease(taken, acting) if taken and taken.state == "acting" else None


def is_abandoned(alert: Alert, now: datetime) -> bool:
    """Whether someone began to act on it, and has not been heard of since."""
    return alert.state == "acting" and (alert.lease is None or alert.lease <= now)


class Lease:
    """A context in which the claim is renewed from a thread; its end time tells this claim from any other."""

    def __init__(self, alert: Alert, acting: Acting) -> None:
        self.alert = alert
        self._acting, self._until = acting, alert.lease
        self._over = Event()
        self._thread = Thread(target=self._renew, name=f"lease {alert.id}", daemon=True)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def finish(self, state: str, outcome: dict[str, Any], incident: str = "") -> Alert:
        """Record how it ended, unless the claim was lost; the alert as it stands then. Call it after the context."""

        def ended(standing: Alert) -> dict[str, Any] | None:
            if not self._is_mine(standing):
                return None
            fields = {"state": state, "lease": None, "outcome": standing.outcome | outcome}
            return fields | ({"incident": incident} if incident else {})

        return change(self._acting.log, self.alert.id, ended) or self._acting.log.alert(self.alert.id) or self.alert

    def _renew(self) -> None:
        span: timedelta = self._acting.lease
        while not self._over.wait(span.total_seconds() / 3):
            # A database that is out of reach may be back at the next turn.
            with suppress(UnderstudyError):
                renewed = change(self._acting.log, self.alert.id, self._longer)
                if renewed is None:
                    return
                self._until = renewed.lease

    def _longer(self, standing: Alert) -> dict[str, datetime] | None:
        return {"lease": self._acting.clock() + self._acting.lease} if self._is_mine(standing) else None

    def _is_mine(self, standing: Alert) -> bool:
        return standing.state == "acting" and standing.lease == self._until
