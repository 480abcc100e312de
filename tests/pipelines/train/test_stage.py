from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines.job import Job
from pipelines.models.frame import read_rows
from pipelines.models.persistence import load_model
from pipelines.stages import run_stage
from understudy.errors import DataError
from understudy.files import read_json, write_json
from understudy.statistics.decisions import best_threshold, cost_per_1000
from understudy.statistics.metrics import roc_auc

pytestmark = pytest.mark.integration


BASELINE = {"name": "majority", "estimator": "sklearn.dummy.DummyClassifier", "family": "baseline"}
FOREST = {
    "name": "forest",
    "estimator": "sklearn.ensemble.RandomForestClassifier",
    "family": "bagging",
    "fixed": {"n_estimators": 40},
    "impute": True,
}
TREE = {"name": "tree", "estimator": "sklearn.tree.DecisionTreeClassifier", "family": "tree", "impute": True}


def chosen(job: Job, candidate: str = "logistic_l2", imbalance: str = "none", **params: Any) -> Job:
    written = {"candidate": candidate, "params": params, "imbalance": imbalance}
    write_json(job.folder("tune") / "choice.json", written)
    return job


def test_every_file_of_the_contract(toy_job: Callable[..., Job]) -> None:
    job = chosen(toy_job(), C=0.5)
    out = run_stage("train", job)
    told = read_json(out / "train.json")
    validation = read_rows(job.input("split", "validation.parquet"), job.spec)
    scores = pq.read_table(out / "validation_scores.parquet").to_pandas()
    model = load_model(out / "model.skops")
    found = best_threshold(validation.y, scores["score"].to_numpy(), job.spec.costs)

    assert (told["candidate"], told["family"], told["imbalance"]) == ("logistic_l2", "linear", "none")
    assert told["params"] == {"C": 0.5, "max_iter": 500}
    assert told["rows"] == {"train": 600, "calibration": 150, "validation": 150}
    assert scores["id"].tolist() == validation.ids.tolist()
    assert (model.predict_proba(validation.frame)[:, 1] == scores["score"].to_numpy()).all()
    assert told["threshold"] == found.value
    assert told["validation"]["cost_per_1000"] == pytest.approx(found.cost_per_1000)
    assert told["validation"]["roc_auc"] == pytest.approx(roc_auc(validation.y, scores["score"].to_numpy()))
    assert 0.75 < told["validation"]["roc_auc"] < 0.95
    assert len(told["threshold_curve"]) == 201
    assert min(cost for _, cost in told["threshold_curve"]) >= found.cost_per_1000 - 1e-9
    assert told["calibration"]["method"] == "sigmoid"
    assert told["coefficients"]["numbers__size"] > 0.5


def test_the_threshold_is_worth_having(toy_job: Callable[..., Job]) -> None:
    job = chosen(toy_job())
    told = read_json(run_stage("train", job) / "train.json")
    y = read_rows(job.input("split", "validation.parquet"), job.spec).y
    never, always = (cost_per_1000(y, np.full(len(y), flag), job.spec.costs) for flag in (0, 1))

    assert told["validation"]["cost_per_1000"] < min(never, always)


def test_baselines_are_fitted_on_the_same_rows(toy_job: Callable[..., Job]) -> None:
    job = chosen(toy_job())
    baselines = load_model(run_stage("train", job) / "baselines.skops")
    train = read_rows(job.input("split", "train.parquet"), job.spec)

    assert sorted(baselines) == ["majority", "rate_by_town"]
    assert baselines["majority"].predict_proba(train.frame)[0, 1] == pytest.approx(train.y.mean())
    assert np.unique(baselines["rate_by_town"].predict_proba(train.frame)[:, 1]).size == 3


def test_calibration_undoes_weights(toy_job: Callable[..., Job]) -> None:
    told = read_json(run_stage("train", chosen(toy_job(), imbalance="weights")) / "train.json")

    assert told["calibration"]["intercept"] < -0.3
    assert told["validation"]["calibration_error"] < 0.15


@pytest.mark.parametrize("candidate", [TREE, FOREST], ids=lambda candidate: str(candidate["name"]))
def test_two_runs_write_the_same_bytes_on_however_many_threads(
    toy_job: Callable[..., Job], candidate: dict[str, Any]
) -> None:
    built = toy_job(candidates=[BASELINE, candidate])
    contents = []
    for threads in (2, 2, 1):
        settings = built.settings.model_copy(update={"threads": threads})
        job = chosen(replace(built, settings=settings), candidate["name"], max_depth=6)
        contents.append({path.name: path.read_bytes() for path in run_stage("train", job).iterdir()})

    assert len(contents[0]) == 4
    assert contents[1:] == contents[:1] * 2


def test_a_saved_forest_gives_the_same_bits_at_every_call(toy_job: Callable[..., Job]) -> None:
    built = toy_job(candidates=[BASELINE, FOREST])
    job = chosen(replace(built, settings=built.settings.model_copy(update={"threads": 2})), "forest")
    model = load_model(run_stage("train", job) / "model.skops")
    frame = read_rows(job.input("split", "validation.parquet"), job.spec).frame

    assert len({model.predict_proba(frame).tobytes() for _ in range(10)}) == 1
    assert model.estimator[-1].n_jobs == 1


def test_a_choice_of_other_candidates_is_refused(toy_job: Callable[..., Job]) -> None:
    with pytest.raises(DataError, match="The search chose forest, which is no longer a candidate"):
        run_stage("train", chosen(toy_job(), "forest"))


def test_a_sampled_candidate_learns_from_no_more_rows(toy_job: Callable[..., Job], toy_spec: Any) -> None:
    candidates = [candidate.model_dump() for candidate in toy_spec().candidates[:2]]
    neighbours = {
        "name": "neighbours",
        "estimator": "sklearn.neighbors.KNeighborsClassifier",
        "family": "neighbours",
        "rows": 200,
        "always_sample": True,
    }
    job = chosen(toy_job(candidates=[*candidates, neighbours]), "neighbours", n_neighbors=20)
    model = load_model(run_stage("train", job) / "model.skops")

    assert model.estimator[-1].n_samples_fit_ == 200
