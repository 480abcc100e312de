"""Changing an alert's record while others may change it too."""

from collections.abc import Callable
from typing import Any

from understudy.errors import ConflictError
from understudy.ports import WatchLog
from understudy.records import Alert

TRIES = 20


def change(log: WatchLog, alert_id: str, how: Callable[[Alert], dict[str, Any] | None]) -> Alert | None:
    """Read an alert, change the fields that ``how`` returns, and begin again if someone else was quicker.

    Returns:
        The alert as it stands then; none where ``how`` returns none, or there is no such alert.

    Raises:
        ConflictError: others were quicker time and again.
    """
    for left in reversed(range(TRIES)):
        standing = log.alert(alert_id)
        fields = how(standing) if standing else None
        if standing is None or fields is None:
            return None
        try:
            return log.advance(standing.model_copy(update=fields))
        except ConflictError:
            if not left:
                raise
    return None
