"""The page of one window, drawn from its snapshot and its alerts alone."""

from collections.abc import Sequence
from typing import Any

from monitoring.pages import drawings
from monitoring.pages.environment import fill
from monitoring.pages.headline import headline, is_past
from understudy.problem import ProblemSpec
from understudy.records import Alert, Reading, Snapshot

NAMES = {
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "cost": "Cost per 1,000",
    "brier": "Brier score",
    "calibration": "Calibration error",
    "log_loss": "Log loss",
}
RISING = ("roc_auc", "pr_auc")
"""Figures of which more is better."""
CARDS = ("roc_auc", "pr_auc", "cost", "brier", "calibration")
ROOT = "../../../"
"""From the folder of the windows back to ``home``, which paths of incidents start from."""


def render_window(snapshot: Snapshot, alerts: Sequence[Alert], spec: ProblemSpec) -> str:
    """One self-contained HTML page. Names and values that come from requests are escaped."""
    return fill(
        "window.html",
        distribution=drawings.distribution,
        home=ROOT,
        title=spec.title,
        snapshot=snapshot,
        headline=headline(snapshot, alerts),
        alerts=sorted(alerts, key=lambda alert: (alert.state == "withheld", alert.rule, alert.subject)),
        past=[reading for reading in snapshot.readings if is_past(reading) and not _is_of_a_column(reading)],
        moved=sum(is_past(reading) and _is_of_a_column(reading) for reading in snapshot.readings),
        cards=[_card(snapshot, name) for name in CARDS],
        quality=[_row(snapshot, name) for name in NAMES],
        details=_with_all_sides(snapshot.details),
        drifts=_ranked(snapshot),
        shares=_readings(snapshot, "data.null.", "data.unseen.", "data.lag.", "data.grid."),
        overall=_readings(snapshot, "data.failed", "data.duplicates", "data.disorder"),
        service=_readings(snapshot, "service."),
        reliability=_reliability(snapshot),
        latency=_latency(snapshot),
        scores=_scores(snapshot),
    )


def _is_of_a_column(reading: Reading) -> bool:
    """Whether the table of what has moved shows it."""
    return reading.name.startswith(("drift.input.", "data.grid."))


def _with_all_sides(details: dict[str, Any]) -> dict[str, Any]:
    """A side that was not measured has no details."""
    return {name: details.get(name, {}) for name in ("champion", "data", "skew", "drift", "quality", "service")}


def _ranked(snapshot: Snapshot) -> list[dict[str, Any]]:
    columns = snapshot.details.get("drift", {}).get("columns", [])
    return sorted(columns, key=lambda column: (not column["drifted"], -column["excess"]))


def _readings(snapshot: Snapshot, *starts: str) -> list[Reading]:
    """Those that begin so: what is past its limit first, then by their share of it."""
    found = [reading for reading in snapshot.readings if reading.name.startswith(starts)]
    return sorted(found, key=lambda reading: (not is_past(reading), -(reading.value or 0.0)))


def _row(snapshot: Snapshot, name: str) -> dict[str, Any]:
    stem = f"quality.{name}"
    tested = snapshot.details.get("quality", {}).get("tested", {})
    return {
        "title": NAMES[name],
        "now": _plain(snapshot.reading(stem)),
        "tested": tested.get(name),
        "change": _plain(snapshot.reading(f"{stem}.change")),
        "previous": _plain(snapshot.reading(f"{stem}.previous")),
        "estimate": _plain(snapshot.reading(f"estimate.{name}")),
        "error": _plain(snapshot.reading(f"estimate.{name}.error")),
        "worse": _is_worse(snapshot.reading(f"{stem}.change"), name),
    }


def _is_worse(change: Reading | None, name: str) -> bool:
    """Whether it is worse than in the test beyond chance."""
    if change is None or change.low is None or change.high is None or name == "calibration":
        return False  # a calibration error is larger on fewer rows by itself
    return change.high < 0 if name in RISING else change.low > 0


def _plain(reading: Reading | None) -> dict[str, Any] | None:
    return reading.model_dump() if reading is not None else None


def _card(snapshot: Snapshot, name: str) -> dict[str, Any]:
    """A headline figure: its interval, the test's figure and the estimate as places (in percent) on a small scale."""
    row = _row(snapshot, name)
    now, tested, expected = (row[key] or {} for key in ("now", "tested", "estimate"))
    marks = {
        "value": now.get("value"),
        "low": now.get("low"),
        "high": now.get("high"),
        "test": tested.get("value"),
        "estimate": expected.get("value"),
    }
    there = [value for value in marks.values() if value is not None]
    low, high = min(there, default=0.0), max(there, default=1.0)
    places = {
        key: None if value is None else round(6 + 88 * (value - low) / ((high - low) or 1.0), 2)
        for key, value in marks.items()
    }
    better = "more is better" if name in RISING else "less is better"
    return row | {"better": better, "at": places, "why": now.get("about", "")}


def _reliability(snapshot: Snapshot) -> Any:
    bins = snapshot.details.get("quality", {}).get("reliability")
    return drawings.reliability(bins) if bins else ""


def _latency(snapshot: Snapshot) -> Any:
    found = snapshot.details.get("service", {}).get("latency", {})
    if not found.get("shares"):
        return ""
    return drawings.histogram(found["edges"], found["shares"], "ms", "Share of rows by latency")


def _scores(snapshot: Snapshot) -> Any:
    columns = snapshot.details.get("drift", {}).get("columns", [])
    found: dict[str, Any] = next((column["picture"] for column in columns if column["name"] == "score"), {"names": []})
    return drawings.compared(found, "score", "Share of rows by score") if found["names"] else ""
