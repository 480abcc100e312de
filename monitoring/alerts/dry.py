"""Alerts of a dry run: records of their own, which no real look takes for something that was done."""

from collections.abc import Iterable, Sequence

from understudy.records import Alert

PREFIX = "dry-"
MARK = "dry_run"


def is_dry(alert: Alert) -> bool:
    """Whether it was raised, or decided, by a dry run: nothing was done about it, and nothing will be."""
    return bool(alert.evidence.get(MARK) or alert.outcome.get(MARK))


def counting(alerts: Iterable[Alert], dry: bool) -> list[Alert]:
    """Those that count in a look: for a real one what is real, for a dry one everything."""
    return [one for one in alerts if dry or not is_dry(one)]


def told_once(alerts: Sequence[Alert]) -> list[Alert]:
    """Without what a dry run raised and a real look raised as well."""
    ids = {one.id for one in alerts}
    return [one for one in alerts if not one.id.startswith(PREFIX) or one.id.removeprefix(PREFIX) not in ids]


def rehearsed(alert: Alert, alerts: Iterable[Alert]) -> Alert:
    """An alert as a dry run raises it, under an id of its own; the real one where that is among ``alerts``."""
    if is_dry(alert) or any(one.id == alert.id for one in alerts):
        return alert
    return alert.model_copy(update={"id": f"{PREFIX}{alert.id}", "evidence": alert.evidence | {MARK: True}})
