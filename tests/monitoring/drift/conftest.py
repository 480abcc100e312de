"""A small dated problem: parcels with a weight in steps, a delay that lingers for days, and a town."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from understudy.problem import ProblemSpec

START = np.datetime64("2024-01-01T00:00:00", "us")
TOWNS = ("north", "south", "west")

MakeSpec = Callable[..., ProblemSpec]
MakeRows = Callable[..., pa.Table]


@pytest.fixture(scope="session")
def make_spec() -> MakeSpec:
    """Builds the problem; keywords change its section ``monitoring``."""

    def make(dated: bool = True, **monitoring: Any) -> ProblemSpec:
        columns = {
            "parcel": {"kind": "category", "role": "id"},
            "sent_at": {"kind": "time", "role": "event_time"},
            "weight": {"kind": "number"},
            "delay": {"kind": "number"},
            "town": {"kind": "category"},
            "late": {"kind": "flag", "role": "target"},
        }
        if not dated:
            del columns["sent_at"]
        inputs = [{"name": "weight"}, {"name": "delay"}, {"name": "town", "kind": "category"}]
        return ProblemSpec.model_validate(
            {
                "name": "parcels",
                "title": "Will the parcel be late?",
                "task": "binary",
                "seed": 3,
                "source": {"path": "parcels.csv"},
                "positive": None,
                "main": "parcels",
                "tables": {"parcels": {"columns": columns}},
                "features": {"inputs": inputs, "watched": [{"name": "warmth"}]},
                "split": {"method": "ordered" if dated else "stratified"},
                "probes": {},
                "candidates": [{"name": "tree", "family": "tree", "estimator": "sklearn.tree.DecisionTreeClassifier"}],
                "tuning": {},
                "training": {},
                "costs": {},
                "evaluation": {},
                "gates": {},
                "monitoring": monitoring,
            }
        )

    return make


@pytest.fixture(scope="session")
def make_rows() -> MakeRows:
    """Builds ``days`` of rows from day ``first`` on: see the module."""

    def make(days: int = 180, first: int = 0, a_day: int = 40, seed: int = 0) -> pa.Table:
        draw = np.random.default_rng([seed, first])
        # Spells of about three days, the same ones whichever part of the time is asked for.
        spells = np.convolve(np.random.default_rng(9).normal(size=400), np.ones(3) / 3, "same")
        day = np.repeat(np.arange(first, first + days), a_day)
        rows = len(day)
        delay = (spells[day] + draw.normal(size=rows)).astype(np.float32)
        moment = START + day * np.timedelta64(1, "D") + draw.integers(0, 86400, rows) * np.timedelta64(1, "s")
        score = 1 / (1 + np.exp(2 - delay))
        return pa.table(
            {
                "sent_at": np.sort(moment),
                "weight": (draw.integers(1, 40, rows) * 0.25).astype(np.float32),
                "delay": delay,
                "town": draw.choice(TOWNS, rows, p=[0.5, 0.3, 0.2]).astype(object),
                "warmth": np.round(draw.normal(15, 3, rows), 1).astype(np.float32),
                "score": score.astype(np.float32),
                "late": (draw.random(rows) < score).astype(np.int8),
            }
        )

    return make


@pytest.fixture(scope="session")
def put() -> Callable[..., pa.Table]:
    """Puts other columns into a table."""

    def replaced(table: pa.Table, **columns: Any) -> pa.Table:
        for name, values in columns.items():
            place = table.column_names.index(name)
            table = table.set_column(place, name, pa.array(values, table.schema.field(name).type))
        return table

    return replaced
