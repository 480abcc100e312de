"""What a window comes to, in two or three sentences."""

from collections.abc import Sequence

from monitoring.pages.figures import count, fixed, moment, percent
from understudy.records import Alert, Reading, Snapshot


def headline(snapshot: Snapshot, alerts: Sequence[Alert], standing: Sequence[Alert] = ()) -> str:
    """Alerts first, then how good the answers were or are thought to be, then what moved.

    Args:
        alerts: that the window raised.
        standing: of earlier windows, whose reading is not back yet, as far as they are known.
    """
    first = _of_alerts(snapshot, alerts, standing)
    if not snapshot.rows:
        return f"Nothing was asked. {first}" if alerts or standing else "Nothing was asked."
    return " ".join(filter(None, (first, _of_quality(snapshot), _of_drift(snapshot), _of_skew(snapshot))))


def is_past(reading: Reading) -> bool:
    """Whether a reading is beyond its own limit."""
    return reading.value is not None and reading.limit is not None and reading.value > reading.limit


def _of_alerts(snapshot: Snapshot, alerts: Sequence[Alert], standing: Sequence[Alert]) -> str:
    if not alerts and standing:
        first = min(alert.until for alert in standing)
        since = f"since {moment(first)}" if len(standing) == 1 else f"the first since {moment(first)}"
        return f"No new alert: {len(standing)} {'stands' if len(standing) == 1 else 'stand,'} {since}."
    if not alerts:
        past = sum(is_past(reading) for reading in snapshot.readings)
        return f"No new alert: {count(past, 'reading')} past the limit." if past else "No rule fired."
    subjects = list(dict.fromkeys(alert.subject for alert in alerts))
    named = ", ".join(subjects[:3]) + (f" and {len(subjects) - 3} more" if len(subjects) > 3 else "")
    return f"{count(len(alerts), 'alert')}: {named}."


def _of_quality(snapshot: Snapshot) -> str:
    cost, change = snapshot.reading("quality.cost"), snapshot.reading("quality.cost.change")
    if cost is None or cost.value is None:
        return _of_estimate(snapshot)
    said = f"Decisions cost {fixed(cost.value)} per 1,000"
    return f"{said}, {_compared(change)}." if change is not None and change.value is not None else f"{said}."


def _compared(change: Reading) -> str:
    assert change.value is not None  # noqa: S101
    words = f"{fixed(abs(change.value))} {'more' if change.value > 0 else 'less'} than on the test rows"
    sure = change.low is not None and change.high is not None and (change.low > 0 or change.high < 0)
    return words if sure else f"{words}, which chance alone explains"


def _of_estimate(snapshot: Snapshot) -> str:
    expected = snapshot.reading("estimate.cost")
    if expected is None or expected.value is None:
        return "Too little was answered to judge it."
    landed = f"{snapshot.labelled:,} of {count(snapshot.rows, 'label')}"
    return f"{landed} have landed; by its own scores, decisions will cost {fixed(expected.value)} per 1,000."


def _of_drift(snapshot: Snapshot) -> str:
    columns = snapshot.details.get("drift", {}).get("columns", [])
    if not any(column["value"] is not None for column in columns):
        return ""
    moved = sorted((column for column in columns if column["drifted"]), key=lambda column: -column["excess"])
    if not moved:
        return "No column has moved beyond what calm windows do."
    named = ", ".join(column["name"] for column in moved[:3])
    return f"{count(len(moved), 'column')} moved further than in calm windows, first {named}."


def _of_skew(snapshot: Snapshot) -> str:
    skew = snapshot.reading("skew.rows")
    if skew is None or skew.value is None:
        return "Served features could not be made again."
    if skew.value == 0:
        return "Served features equal those made again, value by value."
    return f"{percent(skew.value)} of the rows that were made again differ from what was served."
