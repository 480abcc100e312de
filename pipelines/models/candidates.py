"""From a candidate of the problem's YAML to an unfitted pipeline."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline

from pipelines.models.preprocess import preprocessing_steps
from understudy.errors import SpecError
from understudy.problem import Candidate

Params = dict[str, Any]

SHARES_WORK = ("bagging", "boosting", "neighbours")
ENCODING = "encoding."


def missing_package(candidate: Candidate) -> str | None:
    """Name of the package that the candidate needs and this environment lacks."""
    return candidate.needs if candidate.needs and find_spec(candidate.needs) is None else None


def build_pipeline(candidate: Candidate, params: Params, frame: pd.DataFrame, seed: int, threads: int) -> Pipeline:
    """An unfitted pipeline for these training rows.

    ``params`` are the estimator's, except ``pca`` and those that begin with ``encoding.``, which set the preprocessing.
    Baselines read the inputs as they are.

    Raises:
        SpecError: there is no such estimator, or it does not take these parameters.
    """
    chosen, own = _part(candidate, params)
    estimator = make_estimator(chosen, own, seed, threads)
    steps = [] if candidate.family == "baseline" else preprocessing_steps(chosen, frame, seed)
    return Pipeline([*steps, ("model", estimator)])


def make_estimator(candidate: Candidate, params: Params, seed: int, threads: int) -> Any:
    """The estimator with its fixed and searched parameters, seeded, and never stopped early by a random split.

    Raises:
        SpecError: see ``build_pipeline``; or early stopping was asked for.
    """
    build = _locate(candidate)
    settings = {**candidate.fixed, **params}
    if settings.get("early_stopping") is True:
        raise SpecError(
            f"Candidate {candidate.name}: early_stopping judges by a random part of the rows, a leak on dated ones.",
            "Search the number of rounds (max_iter) over the folds instead.",
        )
    try:
        estimator = build(**settings)
        known = estimator.get_params()
        if "random_state" in known and "random_state" not in settings:
            estimator.set_params(random_state=seed)
        if "n_jobs" in known and "n_jobs" not in settings and candidate.family in SHARES_WORK:
            estimator.set_params(n_jobs=threads)
        if known.get("early_stopping") == "auto":
            estimator.set_params(early_stopping=False)
    except (TypeError, ValueError) as error:
        raise SpecError(
            f"Candidate {candidate.name}: {candidate.estimator} does not take {settings}: {error}.",
            "Correct its fixed parameters or its space.",
        ) from error
    return estimator


def _part(candidate: Candidate, params: Params) -> tuple[Candidate, Params]:
    encoding = {key.removeprefix(ENCODING): value for key, value in params.items() if key.startswith(ENCODING)}
    own = {key: value for key, value in params.items() if not key.startswith(ENCODING) and key != "pca"}
    changed = {"encoding": candidate.encoding.model_copy(update=encoding), "pca": params.get("pca", candidate.pca)}
    return candidate.model_copy(update=changed), own


def _locate(candidate: Candidate) -> Any:
    module, _, name = candidate.estimator.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SpecError(
            f"Candidate {candidate.name}: there is no {candidate.estimator}.",
            "Write the estimator's full dotted name, as in sklearn.linear_model.LogisticRegression.",
        ) from error
