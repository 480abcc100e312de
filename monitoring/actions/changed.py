"""What else changed between a window and the one before: deployments, the version judged, the service."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from understudy.records import Deployment, Snapshot

NOTABLE = 0.2
"""Relative change of a service figure that is worth a line."""


def what_changed(snapshot: Snapshot, before: Snapshot | None, history: Sequence[Deployment]) -> list[dict[str, str]]:
    """Lines of ``what`` and ``change``, the deployments first.

    Args:
        before: a window as long, next to this one; none where there is no such window.
        history: revisions, newest first; those made between the two looks count, by the machine's clock. Without a
            window before it is the newest alone.
    """
    known = (past for past in history if past.at <= snapshot.made_at)
    lines = [
        {
            "what": f"revision {past.revision}",
            "change": f"{past.change} by {past.who} on {past.at:%Y-%m-%d %H:%M}: {past.why}",
        }
        for past in (islice(known, 1) if before is None else known)
        if before is None or past.at > before.made_at
    ]
    if before is None:
        none = "No window as long was watched next before it: there is none to compare with."
        return [*lines, {"what": "window", "change": none}]
    if before.version != snapshot.version:
        judged = f"{before.problem}/{before.version}, now {snapshot.problem}/{snapshot.version}"
        lines.append({"what": "champion judged", "change": judged})
    return lines + _service(snapshot, before)


def _service(snapshot: Snapshot, before: Snapshot) -> list[dict[str, Any]]:
    lines = []
    for reading in snapshot.readings:
        then = before.reading(reading.name)
        if not reading.name.startswith(("service.", "data.rows")) or then is None:
            continue
        if then.value is None or reading.value is None or then.value == reading.value:
            continue
        share = (reading.value - then.value) / (abs(then.value) or abs(reading.value))
        if abs(share) >= NOTABLE:
            change = f"{then.value:.4g} before, {reading.value:.4g} now ({share:+.0%})"
            lines.append({"what": reading.name, "change": change})
    return lines
