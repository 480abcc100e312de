"""Predictions of a problem called ``toy``."""

from datetime import datetime, timedelta
from typing import Any

from understudy.records import Prediction

START = datetime(2013, 11, 1, 6)


def a_prediction(number: int = 1, **changes: Any) -> Prediction:
    """Number ``n`` was answered ``n`` seconds after ``START`` under the id ``p000n``; ``changes`` replace fields."""
    values: dict[str, Any] = {
        "id": f"p{number:04d}",
        "problem": "toy",
        "at": START + timedelta(seconds=number),
        "event_time": START + timedelta(hours=2),
        "key": f"k{number}",
        "unit": f"u{number % 3}",
        "standing": "live",
        "arm": "champion",
        "version": 1,
        "revision": 1,
        "experiment": "",
        "propensity": 1.0,
        "score": 0.25,
        "threshold": 0.2,
        "decision": True,
        "request": {"size": 1.5, "town": "ash"},
        "inputs": {"size": 1.5, "weight": None, "town": "ash"},
        "latency_ms": 1.25,
    }
    return Prediction(**{**values, **changes})


def a_shadow(number: int = 1, **changes: Any) -> Prediction:
    """What version 2 made of the same request, in the shadow."""
    values: dict[str, Any] = {"id": f"s{number:04d}", "standing": "shadow", "arm": "rehearsal", "version": 2}
    return a_prediction(number, **{**values, "live": f"p{number:04d}", **changes})
