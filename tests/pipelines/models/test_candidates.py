from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipelines.models.candidates import build_pipeline, make_estimator, missing_package
from understudy.errors import SpecError
from understudy.problem import Candidate

pytestmark = pytest.mark.unit

LOGISTIC = "sklearn.linear_model.LogisticRegression"
BOOSTING = "sklearn.ensemble.HistGradientBoostingClassifier"


def candidate(estimator: str, family: str = "linear", **more: Any) -> Candidate:
    return Candidate(name="tried", estimator=estimator, family=family, **more)


def test_fixed_and_searched_parameters_are_joined_and_seeded() -> None:
    made = make_estimator(candidate(LOGISTIC, fixed={"max_iter": 7}), {"C": 0.5}, seed=3, threads=2)

    assert (made.max_iter, made.C, made.random_state) == (7, 0.5, 3)


def test_boosting_never_stops_early_by_a_random_split() -> None:
    assert make_estimator(candidate(BOOSTING, "boosting"), {}, 3, 2).early_stopping is False
    with pytest.raises(SpecError, match="early_stopping judges by a random part"):
        make_estimator(candidate(BOOSTING, "boosting", fixed={"early_stopping": True}), {}, 3, 2)


def test_threads_go_to_those_who_share_work() -> None:
    forest = candidate("sklearn.ensemble.RandomForestClassifier", "bagging")

    assert make_estimator(forest, {}, 3, threads=2).n_jobs == 2
    assert make_estimator(candidate(LOGISTIC), {}, 3, threads=2).n_jobs is None


@pytest.mark.parametrize("name", ["sklearn.linear_model.Nothing", "no.such.Thing", "Bare"])
def test_an_unknown_estimator_is_named(name: str) -> None:
    with pytest.raises(SpecError, match=f"Candidate tried: there is no {name}"):
        make_estimator(candidate(name), {}, 3, 2)


def test_an_unknown_parameter_is_named() -> None:
    with pytest.raises(SpecError, match=r"Candidate tried: .* does not take \{'depth': 3\}"):
        make_estimator(candidate(LOGISTIC, fixed={"depth": 3}), {}, 3, 2)


def test_a_missing_package_is_named() -> None:
    assert missing_package(candidate(LOGISTIC, needs="no_such_package")) == "no_such_package"
    assert missing_package(candidate(LOGISTIC, needs="sklearn")) is None
    assert missing_package(candidate(LOGISTIC)) is None


def test_preprocessing_can_be_searched(toy_frame: Any) -> None:
    params = {"pca": 3, "encoding.many": "ordinal"}
    built = build_pipeline(candidate(LOGISTIC), params, toy_frame, 3, 2)
    names = [step[0] for step in built.steps]
    [many] = [step[1] for step in built["prepare"].transformers if step[0] == "many"]

    assert names == ["prepare", "pca", "model"]
    assert built["pca"].n_components == 3
    assert type(many["encode"]).__name__ == "OrdinalEncoder"


def test_baselines_read_inputs_as_they_are(toy_frame: Any) -> None:
    made = build_pipeline(candidate("sklearn.dummy.DummyClassifier", "baseline"), {}, toy_frame, 3, 2)

    assert [name for name, _ in made.steps] == ["model"]


def test_only_boosting_sees_missing_numbers(toy_frame: Any, toy_table: Any) -> None:
    y = toy_table["sold"].to_numpy()
    linear = build_pipeline(candidate(LOGISTIC), {}, toy_frame, 3, 2)[:-1].fit_transform(toy_frame, y)
    boosted = build_pipeline(candidate(BOOSTING, "boosting"), {}, toy_frame, 3, 2)[:-1].fit_transform(toy_frame, y)

    assert not np.isnan(linear).any()
    assert np.isnan(boosted).sum() == toy_frame["weight"].isna().sum()


def test_preprocessing_knows_nothing_but_the_rows_it_is_fitted_on(
    toy_spec: Callable[..., Any], toy_frame: Any, toy_table: Any
) -> None:
    """Means, medians, categories and target rates stay those of the training rows whatever the others hold."""
    y = toy_table["sold"].to_numpy()
    learn = toy_frame.iloc[:500]
    changed = toy_frame.copy()
    changed.loc[500:, "size"] = 1e6
    changed.loc[500:, "street"] = "elsewhere"
    made = build_pipeline(candidate(LOGISTIC, scale=True), {}, learn, 3, 2).fit(learn, y[:500])
    scores = made.predict_proba(learn)
    made.predict_proba(changed)
    again = build_pipeline(candidate(LOGISTIC, scale=True), {}, changed.iloc[:500], 3, 2).fit(
        changed.iloc[:500], y[:500]
    )

    assert (again.predict_proba(learn) == scores).all()
    assert made["prepare"].named_transformers_["numbers"]["scale"].mean_[0] == pytest.approx(learn["size"].mean())
