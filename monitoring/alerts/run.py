"""From a window to what was done about it. Killed anywhere, the next call goes on from there and repeats nothing."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from threading import Thread
from typing import Any

from monitoring.alerts.acting import Acting, Occasion
from monitoring.alerts.changing import change
from monitoring.alerts.dry import rehearsed
from monitoring.alerts.lease import is_abandoned, take
from monitoring.alerts.rules import HARMLESS, find
from understudy.errors import ConflictError, UnderstudyError
from understudy.records import Alert, Snapshot

REACH = 5000
"""Alerts back to which those that stand are looked for."""
GRACE = timedelta(minutes=2)
"""After which an alert that was handed over, and that nobody has claimed, is acted on here."""
UNFINISHED = ("raised", "decided", "acting", "withheld")


def handle(snapshot: Snapshot, acting: Acting) -> tuple[Alert, ...]:
    """Record a window with the alerts it raises, in one transaction; then end, decide, tell and act.

    The same window again changes nothing, but for what was left undone. What an earlier call left undone comes first.
    A dry run does so with alerts of its own, and leaves the real ones as they stand.

    Returns:
        The window's alerts as they stand at the end, those that were raised earlier included.

    Raises:
        StoreError: the database cannot be reached. Call it again: nothing is lost, and nothing is done twice.
    """
    resume(acting)
    problem = snapshot.problem
    history = acting.log.snapshots(problem, until=snapshot.until)
    alerts = acting.log.alerts(problem, REACH)
    found = find(snapshot, history, alerts, acting.spec.monitoring.rules, acting.clock(), acting.dry)
    steps = [rehearsed(step, alerts) if acting.dry else step for step in acting.steps(snapshot)]
    standing = acting.log.record(snapshot, (*found.raised, *steps))
    for over in found.ended:
        change(acting.log, over.id, lambda one, at=over.ended_at: None if one.ended_at else {"ended_at": at})  # type: ignore[misc]
    return _taken(standing, acting)


def resume(acting: Acting) -> tuple[Alert, ...]:
    """Take up what was left undone: alerts nobody decided, decisions nobody acted on, leases that ran out.

    Returns:
        The alerts that were taken up, oldest first, as they stand at the end.
    """
    left = reversed(acting.log.alerts(acting.spec.name, REACH, UNFINISHED))
    return _taken([alert for alert in left if _is_left(alert, acting)], acting)


def act_on(alert: Alert, acting: Acting) -> Alert:
    """Act on a decided alert, or on one whose actor died, unless somebody else does; the alert as it stands then."""
    lease = take(alert, acting)
    if lease is None:
        return acting.log.alert(alert.id) or alert
    with lease:
        state, outcome = _attempt(lease.alert, acting)
        if lease.alert.action != HARMLESS:
            outcome |= _written_up(lease.alert, outcome, acting)
    incident = str(outcome.pop("incident", ""))
    ended = lease.finish(state, outcome, incident)
    if ended.state in ("done", "failed"):
        _tell([ended], "ended", acting)
    return ended


def _taken(alerts: Sequence[Alert], acting: Acting) -> tuple[Alert, ...]:
    decided = [_decided(alert, acting) for alert in alerts]
    untold = [one for one, mine in decided if acting.is_for(one) and (mine or "told" not in one.outcome)]
    # Beside the actions: a channel that answers slowly must not hold up a rollback.
    telling = Thread(target=_tell, args=(untold, "decided", acting), name="telling")
    telling.start()
    try:
        ended = [one if _is_elsewhere(one, acting) else act_on(one, acting) for one, _ in decided]
    finally:
        telling.join()
    return tuple(acting.log.alert(alert.id) or alert for alert in ended)


def _decided(alert: Alert, acting: Acting) -> tuple[Alert, bool]:
    return acting.decide(alert) if alert.state == "raised" and acting.is_for(alert) else (alert, False)


def _is_left(alert: Alert, acting: Acting) -> bool:
    if not acting.is_for(alert):
        return False
    if alert.state == "acting":
        return is_abandoned(alert, acting.clock())
    return alert.state != "withheld" or "told" not in alert.outcome


def _is_elsewhere(alert: Alert, acting: Acting) -> bool:
    """Whether another process is to act on a decided alert, and still has time to claim it; or this one may not."""
    if not acting.is_for(alert):
        return True
    if alert.state != "decided" or (alert.decided_at and alert.decided_at + GRACE <= acting.clock()):
        return False
    return acting.hand_over(alert)


def _attempt(alert: Alert, acting: Acting) -> tuple[str, dict[str, Any]]:
    try:
        return "done", dict(acting.actions[alert.action](alert))
    except ConflictError as error:
        return "failed", {"what": f"Overtaken: {error.what}", "fix": error.fix, "error": error.code}
    except UnderstudyError as error:
        return "failed", {"what": error.what, "fix": error.fix, "error": error.code}
    except Exception as error:
        return "failed", {"what": f"{type(error).__name__}: {error}", "error": "unexpected"}


def _written_up(alert: Alert, outcome: dict[str, Any], acting: Acting) -> dict[str, Any]:
    """An incident about what was done; that a page cannot be written undoes nothing."""
    if HARMLESS not in acting.actions:
        return {}
    try:
        page = acting.actions[HARMLESS](alert.model_copy(update={"outcome": alert.outcome | outcome}))
    except Exception as error:
        return {"incident_failed": f"{type(error).__name__}: {error}"}
    return {name: page[name] for name in ("incident", "suspects", "next_step") if name in page and name not in outcome}


def _tell(alerts: Sequence[Alert], occasion: Occasion, acting: Acting) -> None:
    """Tell people, and record which channel failed and why. Neither stops an action."""
    if not alerts:
        return
    try:
        said = dict(acting.deliver(alerts, occasion))
    except Exception as error:
        said = {"delivery": f"{type(error).__name__}: {error}"}
    for alert in alerts:
        with suppress(ConflictError):
            change(acting.log, alert.id, lambda one: {"outcome": _told(one.outcome, occasion, said)})


def _told(outcome: dict[str, Any], occasion: Occasion, said: dict[str, str]) -> dict[str, Any]:
    return outcome | {"told": outcome.get("told", {}) | {occasion: said}}
