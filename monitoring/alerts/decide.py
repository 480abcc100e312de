"""Whether an alert is acted on: what a person in a hurry would forget to ask, with the reason in words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.alerts.dry import MARK, counting, is_dry
from monitoring.alerts.rules import ACTED, HARMLESS, length, saw_the_same
from understudy.records import Alert

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Terms:
    """The limits under which an alert is decided."""

    cooldown: timedelta
    """On the problem's clock, between two actions of the alert's rule; none for what is not repeated.

    Windows of another length count where the action changes something. Each length has incidents of its own.
    """
    per_hour: int
    """Actions that change something, over all rules, within an hour of the machine's clock."""
    dry_run: bool
    """Holds for alerts that a dry run raised in any case."""
    known: Collection[str]
    """Names of the actions that can be taken."""


def judge(others: Sequence[Alert], alert: Alert, terms: Terms, revision: int | None, now: datetime) -> Alert:
    """Decide an alert that nobody has decided yet; another is given back as it is.

    Args:
        others: alerts of the problem on which an action was decided; the rest does not matter.
        revision: the newest of the deployment log, kept as what the decision is based on.
        now: by the machine's clock.
    """
    if alert.state != "raised":
        return alert
    dry = terms.dry_run or is_dry(alert)
    acted = [one for one in counting(others, dry) if one.state in ACTED]
    decision = {"decided_at": now, "based_on": revision}
    if covering := _covered(acted, alert):
        reason = _covers(covering)
        return alert.model_copy(
            update=decision | {"state": "withheld", "why": reason, "outcome": {"covered_by": covering.id}}
        )
    if reason := _against(acted, alert, terms, now):
        return alert.model_copy(update=decision | {"state": "withheld", "why": reason})
    if dry:
        why = f"Dry run: {alert.action} would be next, and is not taken."
        return alert.model_copy(update=decision | {"state": "done", "why": why, "outcome": {MARK: True}})
    return alert.model_copy(update=decision | {"state": "decided", "why": _because(alert)})


def _against(acted: Sequence[Alert], alert: Alert, terms: Terms, now: datetime) -> str:
    if alert.action not in terms.known:
        return f"There is no action {alert.action!r} here."
    if alert.action != HARMLESS:
        if busy := next((one for one in acted if _is_under_way(one) and one.action == alert.action), None):
            return f"Alert {busy.id} has a {alert.action} under way, and two at once would work against each other."
        recent = [one for one in acted if one.action != HARMLESS and (one.decided_at or now) > now - HOUR]
        if len(recent) >= terms.per_hour:
            started = "would have been started" if any(is_dry(one) for one in recent) else "were started"
            return f"{len(recent)} actions {started} within an hour, and {terms.per_hour} are allowed."
        if same := next((one for one in acted if saw_the_same(one, alert) and one.state != "failed"), None):
            return f"Alert {same.id} {_acted(same)} on rows of this window already, seen in a window of another length."
    near = [one for one in acted if (one.rule, one.action) == (alert.rule, alert.action)]
    near = [one for one in near if alert.action != HARMLESS or length(one) == length(alert)]
    near = [one for one in near if abs(alert.until - one.until) < terms.cooldown]
    if near:
        last = max(near, key=lambda one: one.until)
        until = f"{last.until:%Y-%m-%d %H:%M}"
        return f"The rule {alert.rule} last {_acted(last)} on the window to {until} and is cooling down."
    return ""


def _covered(acted: Sequence[Alert], alert: Alert) -> Alert | None:
    if alert.action != HARMLESS:
        return None
    window = (HARMLESS, alert.since, alert.until)
    return next((one for one in acted if (one.action, one.since, one.until) == window and one.state != "failed"), None)


def _covers(covering: Alert) -> str:
    if is_dry(covering):
        return f"Dry run: {covering.id} of the same window would be investigated, and its incident would cover this."
    return f"Alert {covering.id} of the same window is investigated already: its incident covers this one."


def _acted(alert: Alert) -> str:
    return "would have acted" if is_dry(alert) else "acted"


def _because(alert: Alert) -> str:
    figure, limit = alert.evidence.get("figure"), alert.evidence.get("limit")
    if isinstance(figure, float) and isinstance(limit, float):
        return f"{alert.subject} is {figure:.4g}, beyond its limit of {limit:.4g}: {alert.action}."
    return str(alert.evidence.get("because") or f"{alert.subject}: {alert.action}.")


def _is_under_way(alert: Alert) -> bool:
    return alert.state in ("decided", "acting")
