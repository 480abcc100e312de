"""A storm of alerts over many rules, actions and windows, and means to act on them."""

from collections.abc import Mapping
from typing import Any

from small_watch import START, WEEK, an_alert
from watched_problem import watched

from monitoring.alerts import Acting
from monitoring.alerts.acting import Action
from understudy.ports import WatchLog
from understudy.records import Alert

ACTIONS = ("investigate", "retrain", "rollback")
NAMES = tuple(f"{action}-{letter}" for action in ACTIONS for letter in "abcd")
RULES: list[dict[str, Any]] = [
    {"name": name, "signal": "drift.*", "above": 0.0, "cooldown": "14d", "action": name.partition("-")[0]}
    for name in NAMES
]


def storm_of(first: int, count: int) -> list[Alert]:
    """Alerts ``first`` to ``first + count``, each of a rule and a window of its own."""
    return [
        an_alert(
            number,
            rule=NAMES[number % len(NAMES)],
            action=NAMES[number % len(NAMES)].partition("-")[0],
            since=START + (number // 7 % 12) * WEEK,
            until=START + (number // 7 % 12 + 1) * WEEK,
        )
        for number in range(first, first + count)
    ]


def means_of(log: WatchLog, actions: Mapping[str, Action], per_hour: int = 3) -> Acting:
    spec = watched(RULES, {"actions_per_hour": per_hour})
    return Acting(spec=spec, log=log, actions=actions, revision=lambda: 1)


def noting(note: Action) -> dict[str, Action]:
    """``note`` as every action; the incident that follows upon another action is not noted."""

    def investigate(alert: Alert) -> dict[str, Any]:
        return note(alert) if alert.action == "investigate" else {}

    return {"investigate": investigate, "retrain": note, "rollback": note}
