"""What people and programs are told of alerts."""

from collections.abc import Sequence
from typing import Any

from understudy.records import Alert

MOST = 20
"""Alerts that one message spells out; the rest is counted."""
LONGEST = 300


def title(alerts: Sequence[Alert], occasion: str) -> str:
    count = f"{len(alerts)} alert{'s' if len(alerts) > 1 else ''}"
    return (
        f"{alerts[0].problem}: {count}" if occasion == "decided" else f"{alerts[0].problem}: {alerts[0].action} ended"
    )


def text(alerts: Sequence[Alert], occasion: str) -> str:
    """A line for each alert, with what was decided or done; those that another's incident covers are counted."""
    told = [alert for alert in alerts if "covered_by" not in alert.outcome] or alerts
    lines = [_line(alert, occasion) for alert in told[:MOST]]
    left = len(alerts) - len(lines)
    return "\n".join([*lines, *([f"… and {left} more"] if left else [])])


def payload(alerts: Sequence[Alert], occasion: str) -> dict[str, Any]:
    """The body of a webhook; ``text`` is what chat services show."""
    fields = {"id", "rule", "subject", "action", "since", "until", "state", "why", "incident"}
    return {
        "text": f"{title(alerts, occasion)}\n{text(alerts, occasion)}",
        "problem": alerts[0].problem,
        "occasion": occasion,
        "alerts": [
            {**alert.model_dump(mode="json", include=fields), "what": alert.outcome.get("what")} for alert in alerts
        ],
    }


def _line(alert: Alert, occasion: str) -> str:
    said = alert.outcome.get("what", alert.state) if occasion == "ended" else alert.why
    return plain(f"{alert.subject}: {alert.action} ({alert.state}). {said} [{alert.id}]")


def plain(words: str) -> str:
    """One line without control characters and chat services' marks: what requests carried may be part of it."""
    clean = "".join(character if character.isprintable() else " " for character in words)
    for mark in "<>@`*":
        clean = clean.replace(mark, " ")
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 1]}…"
