import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.probe.future import changed_features, sample_moments
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit


@given(st.lists(st.integers(0, 200), min_size=0, max_size=300))
def test_the_sample_is_sorted_distinct_and_bounded(minutes: list[int]) -> None:
    times = np.sort(np.array(minutes, dtype="datetime64[m]"))
    places = sample_moments(times)
    assert (np.diff(places) > 0).all()
    assert len(places) <= 300
    assert len(places) or not minutes
    assert len(np.unique(times[places])) <= 12


def test_the_sample_reaches_all_of_history_and_several_hours() -> None:
    times = np.arange("2013-01-01", "2013-07-01", dtype="datetime64[h]")
    chosen = times[sample_moments(times)]
    assert len(np.unique(chosen.astype("datetime64[M]"))) >= 5
    assert len(np.unique(chosen.astype(int) % 24)) >= 4


def spec() -> ProblemSpec:
    columns = {
        "id": {"kind": "number", "role": "id"},
        "y": {"kind": "flag", "role": "target"},
        "x": {"kind": "number"},
        "word": {"kind": "category"},
    }
    learner = {"name": "tree", "family": "tree", "estimator": "sklearn.tree.DecisionTreeClassifier"}
    empty = {key: {} for key in ("features", "probes", "tuning", "training", "costs", "evaluation", "gates")}
    return ProblemSpec.model_validate(
        {"name": "toy", "title": "toy", "task": "binary", "seed": 1, "positive": None, "main": "rows", **empty}
        | {"source": {"path": "toy.csv"}, "split": {"method": "stratified"}}
        | {"tables": {"rows": {"columns": columns}}, "candidates": [learner]}
    )


def test_only_what_changes_is_found() -> None:
    stored = pa.table({"id": [1, 2, 3], "x": [1.0, None, 3.0], "word": ["a", "", "c"]})
    again = [
        {"id": 1, "x": 1.0 + 1e-7, "word": "a"},
        {"id": 2, "x": float("nan"), "word": ""},
        {"id": 3, "x": float("nan"), "word": "c"},
    ]
    found = {finding.feature: finding for finding in changed_features(stored, again, spec())}
    assert found["x"].failed
    assert found["x"].figure == pytest.approx(1 / 3)
    assert "In row 3 it is 3 with the future and nan without." in found["x"].detail
    assert not found["word"].failed
