"""Explanations point at the one input that the model reads, and add up where they must."""

import numpy as np
import pytest
from parcels import LOGISTIC, make_job, make_spec, write_inputs

from pipelines.evaluate.dependence import partial_dependence
from pipelines.evaluate.evidence import Evidence, read_evidence
from pipelines.evaluate.importance import permutation_importance
from pipelines.evaluate.shapley import column_sources, shap_values, swarm
from pipelines.models.calibration import log_odds

pytestmark = [
    pytest.mark.integration,
    # SHAP's plots, which its package imports, use names that matplotlib is about to drop.
    pytest.mark.filterwarnings("ignore:The set_(bad|over|under) function:PendingDeprecationWarning"),
]


def test_shuffling_hurts_only_where_the_model_looks(evidence: Evidence) -> None:
    first, *others = permutation_importance(evidence, 3)["importance"]
    assert first["feature"] == "size"
    assert first["low"] > 0.1
    assert all(row["mean"] == row["low"] == row["high"] == 0 for row in others)


def test_dependence_follows_the_score(evidence: Evidence) -> None:
    size, town = partial_dependence(evidence, ["size", "town"])
    assert size["mean"] == sorted(size["mean"])
    assert size["mean"] == pytest.approx(1 / (1 + np.exp(10 - np.array(size["values"]))), abs=1e-4)
    assert set(town["values"]) == {"north", "south", ""}
    assert np.ptp(town["mean"]) == pytest.approx(0, abs=1e-6)


def test_shap_values_of_trees_add_up_to_the_score(tmp_path) -> None:
    spec = make_spec()
    write_inputs(spec, tmp_path / "data")
    evidence = read_evidence(make_job(spec, tmp_path))
    found = shap_values(evidence)
    assert [row["feature"] for row in found["features"]][:2] == ["size", "town"]
    assert set(found["points"]) == {"size", "noise", "town"}
    part = evidence.test.spread(200)
    raw = log_odds(evidence.model.estimator.predict_proba(part.rows.frame)[:, 1])
    added = sum(np.array(points["adds"]) for points in found["points"].values())
    assert np.ptp(raw - added) < 2e-3


@pytest.mark.parametrize(
    ("estimator", "family"),
    [("sklearn.ensemble.RandomForestClassifier", "bagging"), ("sklearn.neighbors.KNeighborsClassifier", "neighbours")],
)
def test_other_families_are_explained_in_probability(tmp_path, estimator: str, family: str) -> None:
    fixed = {"n_estimators": 10, "max_depth": 6} if family == "bagging" else {"n_neighbors": 20}
    spec = make_spec({"name": "other", "estimator": estimator, "family": family, "fixed": fixed})
    write_inputs(spec, tmp_path / "data")
    evidence = read_evidence(make_job(spec, tmp_path))
    found = shap_values(evidence)
    assert found["scale"] == "probability"
    assert {row["feature"] for row in found["features"][:2]} == {"size", "town"}
    raw = evidence.model.estimator.predict_proba(evidence.test.spread(found["rows"]).rows.frame)[:, 1]
    added = sum(np.array(points["adds"]) for points in found["points"].values())
    assert np.ptp(raw - added) < 2e-3


def test_prepared_columns_are_credited_to_their_inputs(tmp_path) -> None:
    spec = make_spec(LOGISTIC)
    write_inputs(spec, tmp_path / "data")
    evidence = read_evidence(make_job(spec, tmp_path))
    prepare = evidence.model.estimator["prepare"]
    names = list(evidence.test.rows.frame.columns)
    sources = [names[place] for place in column_sources(prepare, names)]
    assert sources == ["size", "noise", "size", "town", "town", "town"]


def test_a_swarm_keeps_its_width() -> None:
    offsets = swarm(np.array([0.0, 0.0, 0.0, 5.0]))
    assert sorted(offsets[:3]) == pytest.approx([-0.24, 0, 0.24])
    assert offsets[3] == 0
