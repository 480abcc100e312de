"""Alerts as events of a Prefect server, on which its automations can act."""

from collections.abc import Sequence

from monitoring.delivery.channels import Channel
from understudy.records import Alert

EVENT = "understudy.alert."
"""Followed by the alert's state: ``understudy.alert.decided`` calls for its action."""


def event_channel() -> Channel:
    """Emits to the server that Prefect's settings name."""
    return Channel("prefect events", _emit)


def _emit(alerts: Sequence[Alert], occasion: str) -> None:
    from prefect.events import emit_event

    for alert in alerts:
        emit_event(
            event=f"{EVENT}{alert.state}",
            resource={
                "prefect.resource.id": f"understudy.alert.{alert.id}",
                "prefect.resource.name": f"{alert.problem}: {alert.subject}",
                "understudy.problem": alert.problem,
                "understudy.action": alert.action,
            },
            payload={
                "problem": alert.problem,
                "alert": alert.id,
                "occasion": occasion,
                "rule": alert.rule,
                "action": alert.action,
                "why": alert.why,
                "what": alert.outcome.get("what"),
                "incident": alert.incident,
            },
        )
