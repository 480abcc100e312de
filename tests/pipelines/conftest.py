"""A small dated problem with a known structure, for the stages that learn."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.job import Job
from understudy.problem import ProblemSpec
from understudy.settings import Settings

PARTS = {"train": (0, 600), "calibration": (600, 750), "validation": (750, 900)}

LOGISTIC = {
    "name": "logistic_l2",
    "estimator": "sklearn.linear_model.LogisticRegression",
    "family": "linear",
    "scale": True,
    "impute": True,
    "fixed": {"max_iter": 500},
    "space": {"C": {"low": 0.01, "high": 10.0, "log": True}},
    "trials": 3,
}
MAJORITY = {
    "name": "majority",
    "estimator": "sklearn.dummy.DummyClassifier",
    "family": "baseline",
    "fixed": {"strategy": "prior"},
}
RATE = {
    "name": "rate_by_town",
    "estimator": "pipelines.models.baselines.HistoricalRate",
    "family": "baseline",
    "fixed": {"column": "town"},
}
TREE = {
    "name": "tree",
    "estimator": "sklearn.tree.DecisionTreeClassifier",
    "family": "tree",
    "space": {"max_depth": {"low": 1, "high": 6, "integer": True}},
    "trials": 3,
}


def make_table(rows: int = 900, seed: int = 0) -> pa.Table:
    """Rows an hour apart whose positive class depends on size, town and (weakly) street; 10 % of weight is missing."""
    rng = np.random.default_rng(seed)
    size, noise = rng.normal(size=(2, rows))
    weight = np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows))
    town, street = rng.choice(["north", "south", ""], rows), rng.integers(0, 40, rows)
    odds = 1.5 * size + 1.2 * (town == "north") + 0.03 * street + 0.8 * np.isnan(weight) - 2.5
    moment = np.datetime64("2024-01-01T00:00") + np.arange(rows) * np.timedelta64(1, "h")
    return pa.table(
        {
            "id": [f"r{i}" for i in range(rows)],
            "at": moment.astype("datetime64[ms]"),
            "known": (moment + np.timedelta64(5, "h")).astype("datetime64[ms]"),
            "sold": (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int8),
            "size": size.astype(np.float32),
            "noise": noise.astype(np.float32),
            "weight": weight.astype(np.float32),
            "town": town.astype(object),
            "street": np.array([f"street {i}" for i in street], dtype=object),
        }
    )


def make_values(**changes: Any) -> dict[str, Any]:
    """The problem's YAML as a dict; sections in ``changes`` replace its own."""
    columns = {
        "id": {"kind": "category", "role": "id"},
        "at": {"kind": "time", "role": "event_time"},
        "known": {"kind": "time", "role": "label_time"},
        "sold": {"kind": "flag", "role": "target"},
        "size": {"kind": "number"},
        "noise": {"kind": "number"},
        "weight": {"kind": "number", "nulls": 0.2},
        "town": {"kind": "category"},
        "street": {"kind": "category"},
    }
    groups = {"size": "body", "noise": "noise", "weight": "body", "town": "place", "street": "place"}
    kinds = {name: columns[name]["kind"] for name in groups}
    inputs = [{"name": name, "kind": kinds[name], "group": group} for name, group in groups.items()]
    return {
        "name": "toy",
        "title": "Toy",
        "task": "binary",
        "seed": 7,
        "source": {"path": "toy.csv"},
        "positive": None,
        "main": "rows",
        "tables": {"rows": {"columns": columns}},
        "features": {"inputs": inputs},
        "split": {"method": "ordered"},
        "probes": {},
        "candidates": [MAJORITY, RATE, LOGISTIC, TREE],
        "tuning": {"folds": 3, "imbalance": ["none", "weights"]},
        "training": {},
        "costs": {},
        "evaluation": {},
        "gates": {},
        **changes,
    }


@pytest.fixture
def toy_spec() -> Callable[..., ProblemSpec]:
    """Builds the toy problem, with sections replaced by keyword."""
    return lambda **changes: ProblemSpec.model_validate(make_values(**changes))


@pytest.fixture(scope="session")
def toy_table() -> pa.Table:
    return make_table()


@pytest.fixture
def toy_frame(toy_table: pa.Table) -> pd.DataFrame:
    """The toy table's inputs in model order, missing towns and unseen streets included."""
    names = ["size", "noise", "weight", "town", "street"]
    frame = toy_table.select(names).to_pandas()
    return frame.astype({"town": object, "street": object})


@pytest.fixture
def toy_job(tmp_path: Path, toy_table: pa.Table, toy_spec: Callable[..., ProblemSpec]) -> Callable[..., Job]:
    """Builds a job on a project folder that holds the toy problem's split."""
    folder = tmp_path / "data" / "toy" / "split"
    folder.mkdir(parents=True)
    for part, (start, stop) in PARTS.items():
        pq.write_table(toy_table.slice(start, stop - start), folder / f"{part}.parquet")
    settings = Settings(root=tmp_path, home=tmp_path / "var", threads=1)

    def build(profile: str = "full", **changes: Any) -> Job:
        return Job(spec=toy_spec(**changes), settings=settings, profile=profile)

    return build
