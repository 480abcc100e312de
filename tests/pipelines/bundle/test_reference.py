"""The training rows that later traffic is compared with."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipelines.bundle import reference
from pipelines.bundle.reference import reference_sample
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit

UNUSED: Any = None
"""Stands for the compiled model."""


@pytest.fixture(autouse=True)
def halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "score_frame", lambda _scorer, frame, _spec: np.full(len(frame), 0.5, np.float32))


def test_it_has_what_drift_is_measured_on(toy_spec: Callable[..., ProblemSpec], toy_table: pa.Table) -> None:
    spec = toy_spec(features={"inputs": [{"name": "size"}], "watched": [{"name": "weight"}]})
    sample = reference_sample(toy_table, UNUSED, spec)
    assert sample.column_names == ["at", "size", "weight", "score", "sold"]
    assert sample["at"].to_pylist() == toy_table["at"].to_pylist()
    np.testing.assert_array_equal(sample["weight"].to_numpy(), toy_table["weight"].to_numpy())
    assert sample.schema.field("weight").type == pa.float32()


def test_an_undated_problem_has_no_event_time(toy_spec: Callable[..., ProblemSpec], toy_table: pa.Table) -> None:
    spec = toy_spec()
    columns = {name: column for name, column in spec.columns.items() if name not in ("at", "known")}
    tables = {"rows": spec.tables["rows"].model_copy(update={"columns": columns})}
    undated = spec.model_copy(update={"tables": tables})
    assert "at" not in reference_sample(toy_table, UNUSED, undated).column_names


def test_a_large_table_is_sampled_the_same_way_each_time(
    toy_spec: Callable[..., ProblemSpec], toy_table: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "ROWS", 300)
    first, second = (reference_sample(toy_table, UNUSED, toy_spec()) for _ in range(2))
    assert first.num_rows == 300
    assert first.select(["at", "town", "sold"]).equals(second.select(["at", "town", "sold"]))
    times = first["at"].to_numpy()
    assert (np.diff(times) > np.timedelta64(0, "ms")).all()
    halves = np.searchsorted(times, toy_table["at"].to_numpy()[450])
    assert 120 < halves < 180
