"""Orders, whose shops' deliveries a view counts; featurized, with a bundle that reads three of the features."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from orders_problem import orders_table
from small_bundle import a_bundle

from pipelines.job import Job
from pipelines.score import Order
from pipelines.stages import run_stage
from understudy.bundle import Bundle
from understudy.bundle.manifest import FeatureCode, Inputs, ModelInput, Reference
from understudy.features.code import code_hash
from understudy.problem import ProblemSpec, parse_problem
from understudy.settings import Settings

FUNCTIONS = """
def relative_size(size, shop_minutes, shop_delivered):
    return size / (shop_minutes / shop_delivered)
"""
VIEW = """
SELECT clock.at, orders.shop, count(*) AS shop_delivered, sum(orders.minutes) AS shop_minutes
FROM clock JOIN orders ON orders.delivered_at > clock.at - INTERVAL 6 HOUR AND orders.delivered_at <= clock.at
GROUP BY ALL
"""
VALUES: dict[str, Any] = {
    "name": "orders",
    "title": "Late?",
    "task": "binary",
    "seed": 1,
    "positive": None,
    "main": "orders",
    "source": {"path": "orders.csv"},
    "tables": {
        "orders": {
            "columns": {
                "order": {"kind": "category", "role": "id"},
                "placed_at": {"kind": "time", "role": "event_time"},
                "shop": {"kind": "category"},
                "size": {"kind": "number"},
                "gift": {"kind": "flag"},
                "delivered_at": {"kind": "time", "role": "leak", "known_at": "delivered_at"},
                "minutes": {"kind": "number", "role": "leak", "known_at": "delivered_at"},
                "late": {"kind": "flag", "role": "target", "known_at": "delivered_at"},
            }
        }
    },
    "features": {
        "functions": "order_functions",
        "views": [
            {
                "name": "shop",
                "sql": "shop.sql",
                "keys": ["shop"],
                "every": "1h",
                "columns": ["shop_delivered", "shop_minutes"],
            }
        ],
        "inputs": [{"name": "relative_size"}, {"name": "size"}, {"name": "shop", "kind": "category"}],
    },
    "split": {"method": "ordered"},
    "candidates": [{"name": "tree", "estimator": "sklearn.tree.DecisionTreeClassifier", "family": "tree"}],
    **{name: {} for name in ("probes", "tuning", "training", "costs", "evaluation", "gates")},
}
REQUEST = ["order", "placed_at", "shop", "size", "gift"]


def make_orders(rows: int = 900, seed: int = 7) -> pa.Table:
    """The orders of three shops, without what this problem does not declare."""
    return orders_table(rows, ("north", "market", "pier"), seed).drop_columns(["courier"])


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProblemSpec:
    (tmp_path / "shop.sql").write_text(VIEW)
    (tmp_path / "order_functions.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "order_functions", raising=False)
    return parse_problem(yaml.safe_dump(VALUES, sort_keys=False), Path("orders.yaml"))


@pytest.fixture
def job(spec: ProblemSpec, tmp_path: Path) -> Job:
    """The orders validated and featurized."""
    job = Job(spec, Settings(root=tmp_path, home=tmp_path / "var", threads=2))
    job.folder("validate").mkdir(parents=True)
    pq.write_table(make_orders(), job.input("validate", "orders.parquet"))
    run_stage("featurize", job)
    return job


@pytest.fixture
def bundle(job: Job, tmp_path: Path) -> Bundle:
    """Score = sigmoid(2 relative_size - size + [shop is north]); training never saw the pier."""
    spec = job.spec
    numbers = tuple(ModelInput(name=name) for name in spec.numbers)
    return a_bundle(
        tmp_path / "bundle",
        problem="orders",
        features=FeatureCode(functions="order_functions", views=(), code_hash=code_hash(spec, tmp_path)),
        inputs=Inputs(numbers=numbers, categories=(ModelInput(name="shop"),)),
        reference=Reference(known={"shop": ("market", "north")}, numbers=(), categories=()),
    )


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    """The orders as requests, in ten row groups."""
    path = tmp_path / "requests.parquet"
    pq.write_table(make_orders().select(REQUEST), path, row_group_size=90)
    return path


@pytest.fixture
def make_order(bundle: Bundle, requests: Path, tmp_path: Path) -> Callable[..., Order]:
    """Builds an order: nine parts of the requests, by version 3."""
    order = Order(requests, tmp_path / "scores.parquet", bundle, version=3, rows=100)
    return lambda **changes: replace(order, **changes)


@pytest.fixture
def expected() -> Callable[[Job, Bundle], dict[str, float]]:
    """Scores by id of what featurize wrote."""

    def scored(job: Job, bundle: Bundle) -> dict[str, float]:
        features = pq.read_table(job.input("featurize", "features.parquet"))
        scores = bundle.score_columns({name: features[name].to_pylist() for name in ("relative_size", "size", "shop")})
        return dict(zip(features["order"].to_pylist(), scores.tolist(), strict=True))

    return scored


@pytest.fixture
def by_id() -> Callable[[Path], dict[str, float]]:
    """Reads a file of scores."""

    def read(path: Path) -> dict[str, float]:
        table = pq.read_table(path)
        return dict(zip(table["order"].to_pylist(), table["score"].to_pylist(), strict=True))

    return read
