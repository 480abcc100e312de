"""The bundle stage, from trained model to verified folder."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stage_folders import THRESHOLD, bundled, write_stages

from pipelines.bundle import run
from pipelines.job import Job
from pipelines.models.frame import model_frame
from pipelines.models.persistence import load_model
from understudy.bundle import FILES, MANIFEST, Bundle
from understudy.errors import BundleError
from understudy.files import sha256_file, sha256_json
from understudy.problem import Candidate

pytestmark = pytest.mark.integration

LOGISTIC = Candidate(
    name="logistic", estimator="sklearn.linear_model.LogisticRegression", family="linear", scale=True, impute=True
)
BOOSTING = Candidate(
    name="boosting",
    estimator="sklearn.ensemble.HistGradientBoostingClassifier",
    family="boosting",
    fixed={"max_iter": 30},
)
FOREST = Candidate(
    name="forest", estimator="sklearn.ensemble.RandomForestClassifier", family="bagging", fixed={"n_estimators": 20}
)


@pytest.fixture
def job(toy_job: Callable[..., Job], toy_table: pa.Table) -> Job:
    made = toy_job()
    write_stages(made, toy_table, LOGISTIC)
    return bundled(made)


def test_bundle_holds_what_was_learned(job: Job, toy_table: pa.Table) -> None:
    bundle = Bundle.load(job.folder("bundle"))
    manifest = bundle.manifest
    assert {path.name for path in bundle.folder.iterdir()} == FILES | {MANIFEST}
    assert (manifest.problem, manifest.candidate, manifest.threshold) == ("toy", "logistic", THRESHOLD)
    assert manifest.inputs.number_names == job.spec.numbers
    assert manifest.inputs.category_names == job.spec.categories
    assert [field.name for field in manifest.request] == ["id", "at", "size", "noise", "weight", "town", "street"]
    assert manifest.output == "probability that sold is true"
    assert manifest.metrics.test["roc_auc"].value is not None
    assert manifest.lineage.data_hash == "d" * 64
    assert manifest.parity.max_difference <= 1e-5
    assert manifest.parity.rows == 150 + 3 * 150 + 3
    model = load_model(job.input("train", "model.skops"))
    rows = toy_table.slice(750)
    columns = {name: rows[name].to_pylist() for name in ("street", "town", "weight", "noise", "size")}
    np.testing.assert_allclose(
        bundle.score_columns(columns), model.predict_proba(model_frame(rows, job.spec))[:, 1], atol=1e-5
    )


def test_example_is_the_first_training_row(job: Job, toy_table: pa.Table) -> None:
    bundle = Bundle.load(job.folder("bundle"))
    example = bundle.manifest.example
    first = toy_table.slice(0, 1).to_pylist()[0]
    assert example.request["id"] == first["id"]
    assert example.request["at"] == "2024-01-01T00:00:00"
    assert example.request["town"] == first["town"]
    assert "sold" not in example.request
    assert "known" not in example.request
    numbers = np.array([[np.nan if value is None else value for value in example.numbers]], np.float32)
    again = bundle.score(numbers, np.array([example.categories], object))
    assert float(again[0]) == example.score


def test_reference_is_scored_training_rows(job: Job) -> None:
    bundle = Bundle.load(job.folder("bundle"))
    reference = pq.read_table(bundle.folder / "reference.parquet")
    assert reference.num_rows == 500
    assert reference.column_names == ["at", *job.spec.numbers, *job.spec.categories, "score", "sold"]
    names = bundle.manifest.inputs.number_names + bundle.manifest.inputs.category_names
    again = bundle.score_columns({name: reference[name].to_pylist() for name in names})
    np.testing.assert_array_equal(again, reference["score"].to_numpy())


def test_manifest_has_the_training_rows_in_brief(job: Job, toy_table: pa.Table) -> None:
    bundle = Bundle.load(job.folder("bundle"))
    brief, sample = bundle.manifest.reference, pq.read_table(bundle.folder / "reference.parquet").to_pylist()
    assert brief is not None
    train = toy_table.slice(0, 500)
    assert brief.known == {
        name: tuple(sorted(set(train[name].to_pylist()) - {None, ""})) for name in job.spec.categories
    }
    assert len(brief.numbers) == len(brief.categories) == 64
    for place, row in ((0, sample[0]), (-1, sample[-1])):
        assert brief.categories[place] == tuple(row[name] for name in job.spec.categories)
        expected = [np.float32(row[name]) for name in job.spec.numbers]
        np.testing.assert_array_equal(np.array(brief.numbers[place], np.float32), expected)


def test_bundles_from_before_keep_their_digest(job: Job) -> None:
    manifest = Bundle.load(job.folder("bundle")).manifest.model_copy(update={"reference": None})
    values = manifest.model_dump(
        mode="json", exclude={"reference": True, "lineage": {"git_commit", "git_dirty", "as_of"}}
    )
    assert manifest.digest == sha256_json(values)


def test_same_inputs_give_the_same_bytes(job: Job, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    run(replace(job, out=again))
    assert {p.name: sha256_file(p) for p in again.iterdir()} == {
        path.name: sha256_file(path) for path in job.folder("bundle").iterdir()
    }


def test_commit_is_recorded_but_is_not_identity(job: Job) -> None:
    manifest = Bundle.load(job.folder("bundle")).manifest
    moved = manifest.lineage.model_copy(update={"git_commit": "b" * 40, "git_dirty": True})
    assert manifest.model_copy(update={"lineage": moved}).digest == manifest.digest
    other = manifest.lineage.model_copy(update={"data_hash": "0" * 64})
    assert manifest.model_copy(update={"lineage": other}).digest != manifest.digest


def test_card_tells_figures_weaknesses_and_lineage(job: Job) -> None:
    card = (job.folder("bundle") / "card.md").read_text(encoding="utf-8")
    assert "# Toy: model card" in card
    assert "| ROC AUC |" in card
    assert "Weak where size > 2" in card
    assert "noise < 0" not in card
    assert "Largest difference of true-positive rates by town: 0.2 (0.1 to 0.3)" in card
    assert "d" * 64 in card


@pytest.mark.parametrize("candidate", [BOOSTING, FOREST], ids=lambda c: c.name)
def test_tree_ensembles_keep_parity(toy_job: Callable[..., Job], toy_table: pa.Table, candidate: Candidate) -> None:
    job = toy_job()
    write_stages(job, toy_table, candidate)
    parity = Bundle.load(bundled(job).folder("bundle")).manifest.parity
    assert 0 <= parity.max_difference <= 1e-5
    assert parity.decisions_changed == 0


def test_isotonic_steps_that_float32_cannot_tell_apart_are_refused(
    toy_job: Callable[..., Job], toy_table: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the isotonic map jumps between two neighbouring scores, rounding a score moves it across the jump."""
    job = toy_job()
    write_stages(job, toy_table, LOGISTIC, calibration="isotonic")
    model = load_model(job.input("train", "model.skops"))
    held_out = model_frame(toy_table.slice(600, 150), job.spec)
    raw = np.sort(model.estimator.predict_proba(held_out)[:, 1])
    step = raw[75]
    model.steps_ = np.array([0.0, step, np.nextafter(step, 1), 1.0])
    model.values_ = np.array([0.1, 0.1, 0.108, 0.108])
    monkeypatch.setattr("pipelines.bundle.load_model", lambda _: model)
    with pytest.raises(BundleError, match=r"differs .* on \d+ of") as caught:
        bundled(job)
    assert "sigmoid" in caught.value.fix


def boosters() -> list[Any]:
    makers = {
        "xgboost": ("xgboost.XGBClassifier", {"n_estimators": 20, "max_depth": 3}),
        "lightgbm": ("lightgbm.LGBMClassifier", {"n_estimators": 20, "verbose": -1}),
        "catboost": ("catboost.CatBoostClassifier", {"iterations": 20, "verbose": False, "allow_writing_files": False}),
    }
    return [
        pytest.param(
            Candidate(name=name, estimator=estimator, family="boosting", fixed=fixed, needs=name),
            id=name,
            marks=pytest.mark.filterwarnings("ignore"),
        )
        for name, (estimator, fixed) in makers.items()
    ]


@pytest.mark.parametrize("candidate", boosters())
def test_optional_boosters_keep_parity(
    toy_job: Callable[..., Job], toy_table: pa.Table, candidate: Candidate, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(str(candidate.needs))
    pytest.importorskip("onnxmltools")
    job, kept = toy_job(), {}
    monkeypatch.setattr("stage_folders.save_model", lambda model, path: kept.update(model=model) or path.touch())
    monkeypatch.setattr("pipelines.bundle.load_model", lambda _: kept["model"])
    write_stages(job, toy_table, candidate)
    assert Bundle.load(bundled(job).folder("bundle")).manifest.parity.max_difference <= 1e-5


def test_a_model_without_categories_has_one_input(toy_job: Callable[..., Job], toy_table: pa.Table) -> None:
    inputs = [{"name": name, "kind": "number"} for name in ("size", "weight")]
    job = toy_job(features={"inputs": inputs})
    write_stages(job, toy_table, BOOSTING)
    bundle = Bundle.load(bundled(job).folder("bundle"))
    assert bundle.manifest.inputs.categories == ()
    assert bundle.score(np.zeros((4, 2), np.float32), None).shape == (4,)


def test_a_model_without_numbers_has_one_input(toy_job: Callable[..., Job], toy_table: pa.Table) -> None:
    job = toy_job(features={"inputs": [{"name": "town", "kind": "category"}]})
    write_stages(job, toy_table, LOGISTIC)
    bundle = Bundle.load(bundled(job).folder("bundle"))
    assert bundle.score(None, np.array([["north"], ["nowhere"]], object)).shape == (2,)


def test_what_cannot_be_compiled_is_refused(toy_job: Callable[..., Job], toy_table: pa.Table) -> None:
    odd = Candidate(name="odd", estimator="sklearn.semi_supervised.LabelSpreading", family="neighbours")
    job = toy_job()
    write_stages(job, toy_table, odd)
    with pytest.raises(BundleError, match="cannot be compiled"):
        bundled(job)


def test_manifest_is_plain_json_without_machine_or_moment(job: Job, tmp_path: Path) -> None:
    text = (job.folder("bundle") / MANIFEST).read_text(encoding="utf-8")
    assert json.loads(text)["format"] == 1
    assert str(tmp_path) not in text
