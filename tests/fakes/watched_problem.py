"""The problem ``toy`` with rules by which it is watched."""

from pathlib import Path
from typing import Any

import yaml

from understudy.problem import ProblemSpec, parse_problem

DRIFT = {"name": "drift", "signal": "drift.*", "above": "limit", "minimum": 1, "cooldown": "14d"}
WORSE = {"name": "worse", "signal": "quality.brier", "above": 0.2, "minimum": 1, "cooldown": "14d", "action": "retrain"}

COLUMNS = {
    "id": {"kind": "category", "role": "id"},
    "asked_at": {"kind": "time", "role": "event_time"},
    "size": {"kind": "number"},
    "town": {"kind": "category"},
    "late": {"kind": "flag", "role": "target"},
}


def watched(rules: list[dict[str, Any]] | None = None, monitoring: dict[str, Any] | None = None) -> ProblemSpec:
    """The problem with the rules ``DRIFT`` and ``WORSE``, or others."""
    values = {
        "name": "toy",
        "title": "Late?",
        "task": "binary",
        "seed": 1,
        "positive": None,
        "main": "orders",
        "source": {"path": "orders.csv"},
        "tables": {"orders": {"columns": COLUMNS}},
        "split": {"method": "ordered"},
        "candidates": [{"name": "tree", "estimator": "sklearn.tree.DecisionTreeClassifier", "family": "tree"}],
        **{name: {} for name in ("features", "probes", "tuning", "training", "costs", "evaluation", "gates")},
        "monitoring": {"rules": [DRIFT, WORSE] if rules is None else rules, **(monitoring or {})},
    }
    return parse_problem(yaml.safe_dump(values, sort_keys=False), Path("toy.yaml"))
