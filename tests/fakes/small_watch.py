"""Snapshots, alerts and plans of a problem called ``toy``."""

from datetime import datetime, timedelta
from typing import Any

from understudy.records import Alert, Experiment, Reading, Snapshot

START = datetime(2013, 11, 1)
WEEK = timedelta(days=7)
NOW = datetime(2026, 1, 1)


def a_snapshot(week: int = 0, **changes: Any) -> Snapshot:
    """What was seen of week number ``week`` at its end; ``changes`` replace fields."""
    values: dict[str, Any] = {
        "problem": "toy",
        "since": START + week * WEEK,
        "until": START + (week + 1) * WEEK,
        "as_of": START + (week + 1) * WEEK,
        "made_at": NOW,
        "version": 1,
        "digest": "a" * 64,
        "rows": 10,
        "labelled": 0,
        "readings": (Reading(name="drift.score", value=0.1, limit=0.2, rows=10),),
    }
    return Snapshot(**{**values, **changes})


def an_alert(number: int = 1, **changes: Any) -> Alert:
    """Alert number ``n`` was raised ``n`` seconds after ``NOW``."""
    values: dict[str, Any] = {
        "id": f"a{number:04d}",
        "problem": "toy",
        "rule": "score",
        "subject": "drift.score",
        "action": "investigate",
        "since": START,
        "until": START + WEEK,
        "raised_at": NOW + timedelta(seconds=number),
    }
    return Alert(**{**values, **changes})


def an_experiment(name: str = "first", **changes: Any) -> Experiment:
    values: dict[str, Any] = {
        "problem": "toy",
        "name": name,
        "plan": {"alpha": 0.05},
        "digest": "d",
        "who": "me",
        "why": "to know",
        "planned_at": START,
    }
    return Experiment(**{**values, **changes})
