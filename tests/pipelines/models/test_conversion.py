"""Each family's whole model compiles, and the compiled one gives the same scores."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from onnx.helper import make_opsetid

from pipelines.models import conversion
from pipelines.models.calibration import Calibrated
from pipelines.models.candidates import build_pipeline
from pipelines.models.conversion import to_onnx
from understudy.problem import Candidate, ProblemSpec

pytestmark = pytest.mark.integration

SK = "sklearn."
FAMILIES: dict[str, dict[str, Any]] = {
    "logistic_l2": {"estimator": SK + "linear_model.LogisticRegression", "family": "linear", "scale": True},
    "logistic_l1": {
        "estimator": SK + "linear_model.LogisticRegression",
        "family": "linear",
        "scale": True,
        "fixed": {"l1_ratio": 1.0, "solver": "liblinear"},
    },
    "tree": {"estimator": SK + "tree.DecisionTreeClassifier", "family": "tree", "fixed": {"max_depth": 6}},
    "forest": {
        "estimator": SK + "ensemble.RandomForestClassifier",
        "family": "bagging",
        "fixed": {"n_estimators": 30, "min_samples_leaf": 5},
    },
    "gradient_boosting": {
        "estimator": SK + "ensemble.HistGradientBoostingClassifier",
        "family": "boosting",
        "fixed": {"max_iter": 40},
    },
    "neighbours": {
        "estimator": SK + "neighbors.KNeighborsClassifier",
        "family": "neighbours",
        "scale": True,
        "fixed": {"n_neighbors": 15},
    },
    "kernel": {"estimator": "pipelines.models.kernels.support_vectors", "family": "kernel", "scale": True},
    "pca": {"estimator": SK + "linear_model.LogisticRegression", "family": "linear", "scale": True, "pca": 4},
    "xgboost": {
        "estimator": "xgboost.XGBClassifier",
        "family": "boosting",
        "fixed": {"n_estimators": 30, "max_depth": 4},
        "needs": "xgboost",
    },
    "lightgbm": {
        "estimator": "lightgbm.LGBMClassifier",
        "family": "boosting",
        "fixed": {"n_estimators": 30, "verbose": -1},
        "needs": "lightgbm",
    },
    "catboost": {
        "estimator": "catboost.CatBoostClassifier",
        "family": "boosting",
        "fixed": {"iterations": 30, "verbose": False, "allow_writing_files": False, "thread_count": 1},
        "needs": "catboost",
    },
}


def compiled_scores(model: Calibrated, spec: ProblemSpec, frame: pd.DataFrame) -> Any:
    session = onnxruntime.InferenceSession(to_onnx(model, spec).SerializeToString())
    numbers = len(spec.numbers)
    tensors = {
        "numbers": frame.iloc[:, :numbers].to_numpy(np.float32),
        "categories": frame.iloc[:, numbers:].to_numpy(object),
    }
    wanted = {item.name for item in session.get_inputs()}
    [score] = session.run(["score"], {name: value for name, value in tensors.items() if name in wanted})
    assert [item.name for item in session.get_outputs()] == ["score"]
    assert score.dtype == np.float32
    return score


def fitted(spec: ProblemSpec, frame: pd.DataFrame, y: Any, candidate: Candidate, method: Any = "sigmoid") -> Calibrated:
    learn, adjust = frame.iloc[:600], frame.iloc[600:]
    pipeline = build_pipeline(candidate, {}, learn, spec.seed, threads=1).fit(learn, y[:600])
    return Calibrated(pipeline, method).fit(adjust, y[600:])


def with_surprises(frame: pd.DataFrame) -> pd.DataFrame:
    changed = frame.copy()
    changed.loc[:99, "street"] = "never seen"
    changed.loc[50:149, "town"] = "elsewhere"
    changed.loc[120:180, "size"] = np.nan
    return changed


@pytest.mark.parametrize("name", FAMILIES)
def test_compiled_model_agrees(name: str, toy_spec: Callable[..., ProblemSpec], toy_frame: Any, toy_table: Any) -> None:
    needs = FAMILIES[name].get("needs")
    if needs:
        pytest.importorskip(needs)
        pytest.importorskip("onnxmltools")
    spec, y = toy_spec(), toy_table["sold"].to_numpy().astype(np.int64)
    model = fitted(spec, toy_frame, y, Candidate(name=name, **FAMILIES[name]))
    rows = with_surprises(toy_frame)

    score = compiled_scores(model, spec, rows)

    assert len(score) == 900
    np.testing.assert_allclose(score, model.predict_proba(rows)[:, 1], atol=1e-5)
    assert score.std() > 0.05


@pytest.mark.parametrize("name", ["logistic_l2", "gradient_boosting", "forest"])
def test_the_order_of_domains_does_not_depend_on_the_process(
    name: str, toy_spec: Callable[..., ProblemSpec], toy_frame: Any, toy_table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The converter takes them from a set, whose order follows the process's hash seed: here, both orders."""
    spec, y = toy_spec(), toy_table["sold"].to_numpy().astype(np.int64)
    model = fitted(spec, toy_frame, y, Candidate(name=name, **FAMILIES[name]))
    convert, orders = conversion.sklearn_to_onnx, set()

    def in_some_order(*given: Any, **named: Any) -> Any:
        graph = convert(*given, **named)
        domains = sorted(graph.opset_import, key=lambda opset: opset.domain, reverse=len(orders) > 0)
        copies = [make_opsetid(opset.domain, opset.version) for opset in domains]
        orders.add(tuple(opset.domain for opset in copies))
        del graph.opset_import[:]
        graph.opset_import.extend(copies)
        return graph

    monkeypatch.setattr(conversion, "sklearn_to_onnx", in_some_order)
    compiled = [to_onnx(model, spec).SerializeToString(deterministic=True) for _ in range(2)]
    assert compiled[0] == compiled[1]
    assert len(orders) == 2


@pytest.mark.parametrize("many", ["target", "ordinal", "hashing", "one_hot"])
def test_each_encoding_agrees(many: str, toy_spec: Callable[..., ProblemSpec], toy_frame: Any, toy_table: Any) -> None:
    spec, y = toy_spec(), toy_table["sold"].to_numpy().astype(np.int64)
    candidate = Candidate(name="c", **FAMILIES["logistic_l2"], encoding={"many": many, "rare": 15})
    model = fitted(spec, toy_frame, y, candidate)
    rows = with_surprises(toy_frame)

    np.testing.assert_allclose(compiled_scores(model, spec, rows), model.predict_proba(rows)[:, 1], atol=1e-5)


@pytest.mark.parametrize("method", ["isotonic", "none"])
def test_each_calibration_agrees(
    method: str, toy_spec: Callable[..., ProblemSpec], toy_frame: Any, toy_table: Any
) -> None:
    spec, y = toy_spec(), toy_table["sold"].to_numpy().astype(np.int64)
    model = fitted(spec, toy_frame, y, Candidate(name="c", **FAMILIES["logistic_l2"]), method)

    np.testing.assert_allclose(compiled_scores(model, spec, toy_frame), model.predict_proba(toy_frame)[:, 1], atol=1e-4)


@pytest.mark.parametrize("kept", [["size", "noise", "weight"], ["town", "street"]])
def test_an_input_without_columns_is_absent(
    kept: list[str], toy_spec: Callable[..., ProblemSpec], toy_frame: Any, toy_table: Any
) -> None:
    whole = toy_spec()
    inputs = [item.model_dump() for item in whole.inputs if item.name in kept]
    spec, y = toy_spec(features={"inputs": inputs}), toy_table["sold"].to_numpy().astype(np.int64)
    frame = toy_frame[kept]
    model = fitted(spec, frame, y, Candidate(name="c", **FAMILIES["gradient_boosting"]))

    np.testing.assert_allclose(compiled_scores(model, spec, frame), model.predict_proba(frame)[:, 1], atol=1e-5)
