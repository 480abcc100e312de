"""A small problem with a view, a late fact and a feature function, and the orders that it is about.

A ``conftest.py`` that imports the two fixtures gives them to its folder.
"""

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml

from understudy.problem import ProblemSpec, parse_problem

FUNCTIONS = """
import numpy as np

def mean_minutes(shop_minutes, shop_delivered):
    return shop_minutes / shop_delivered

def relative_size(size, mean_minutes):
    return size / mean_minutes

def size_class(size):
    return np.where(size > 1, "large", "small")

def unused(nothing_has_this_name):
    return nothing_has_this_name

def _hidden(neither):
    return neither
"""

VIEW = """
SELECT clock.at, orders.shop, count(*) AS shop_delivered, sum(orders.minutes) AS shop_minutes
FROM clock JOIN orders ON orders.delivered_at > clock.at - INTERVAL 6 HOUR AND orders.delivered_at <= clock.at
GROUP BY ALL
"""

COLUMNS: dict[str, dict[str, Any]] = {
    "order": {"kind": "category", "role": "id"},
    "placed_at": {"kind": "time", "role": "event_time"},
    "shop": {"kind": "category"},
    "size": {"kind": "number"},
    "gift": {"kind": "flag"},
    "delivered_at": {"kind": "time", "role": "leak", "known_at": "delivered_at"},
    "minutes": {"kind": "number", "role": "leak", "known_at": "delivered_at"},
    "courier": {"kind": "category", "role": "leak"},
    "late": {"kind": "flag", "role": "target", "known_at": "delivered_at"},
}

INPUTS = [
    {"name": "shop", "kind": "category"},
    {"name": "size_class", "kind": "category"},
    {"name": "size"},
    {"name": "gift"},
    {"name": "shop_delivered"},
    {"name": "mean_minutes"},
    {"name": "relative_size"},
]

START = datetime(2024, 3, 1, 0, 5)
CANDIDATE = {"name": "tree", "estimator": "sklearn.tree.DecisionTreeClassifier", "family": "tree"}

MakeSpec = Callable[..., ProblemSpec]


@pytest.fixture
def make_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeSpec:
    """Build the problem below ``tmp_path``, with other texts, inputs or columns where a test wants them."""

    def make(
        view: str = VIEW,
        functions: str = FUNCTIONS,
        inputs: list[dict[str, str]] = INPUTS,
        columns: dict[str, dict[str, Any]] = COLUMNS,
        **changes: Any,
    ) -> ProblemSpec:
        (tmp_path / "shop.sql").write_text(view)
        (tmp_path / "toy_functions.py").write_text(functions)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "toy_functions", raising=False)
        shop = {"name": "shop", "sql": "shop.sql", "keys": ["shop"], "every": "1h", "max_age": "3h"}
        values = {
            "name": "orders",
            "title": "Late?",
            "task": "binary",
            "seed": 1,
            "positive": None,
            "main": "orders",
            "source": {"path": "orders.csv"},
            "tables": {"orders": {"columns": columns}},
            "features": {
                "views": [shop | {"columns": ["shop_delivered", "shop_minutes"]}],
                "functions": "toy_functions",
                "inputs": inputs,
            },
            "split": {"method": "ordered"},
            "candidates": [CANDIDATE],
            **{name: {} for name in ("probes", "tuning", "training", "costs", "evaluation", "gates")},
        }
        return parse_problem(yaml.safe_dump(values | changes, sort_keys=False), Path("orders.yaml"))

    return make


@pytest.fixture
def orders() -> pa.Table:
    """400 orders, over three days."""
    return orders_table(400, ("corner", "market", "pier"))


def orders_table(count: int, shops: tuple[str, ...], seed: int = 7) -> pa.Table:
    """Orders, one every ten minutes, in no order; some without shop or size, some never delivered."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in rng.permutation(count):
        placed = START + timedelta(minutes=int(number) * 10)
        minutes = int(rng.integers(5, 300))
        delivered = None if rng.random() < 0.05 else placed + timedelta(minutes=minutes)
        rows.append(
            {
                "order": f"o{number:03d}",
                "placed_at": placed,
                "shop": None if rng.random() < 0.02 else str(rng.choice(shops)),
                "size": None if rng.random() < 0.1 else float(rng.normal(1.5)),
                "gift": bool(rng.random() < 0.3),
                "delivered_at": delivered,
                "minutes": minutes if delivered else None,
                "courier": str(rng.choice(["ann", "bob"])),
                "late": minutes > 60,
            }
        )
    return pa.Table.from_pylist(rows)
