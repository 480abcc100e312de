"""Fitting a pipeline when one class is rare: as is, by weights, or on resampled rows."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import has_fit_parameter

from pipelines.models.frame import Floats, Index, Labels
from understudy.errors import SpecError
from understudy.problem.learning import Imbalance

NEIGHBOURS = 5


def supports(pipeline: Pipeline, how: Imbalance) -> bool:
    """Whether the pipeline's estimator can be fitted this way."""
    return how != "weights" or has_fit_parameter(pipeline[-1], "sample_weight")


def fit_pipeline(pipeline: Pipeline, frame: pd.DataFrame, y: Labels, how: Imbalance, seed: int) -> Pipeline:
    """Fit in place, on as many threads as the estimator was given, and return the pipeline to predict on one.

    All but ``none`` shift the scores towards the rare class: calibrate afterwards on rows as they come.
    A forest adds up its trees in the order in which threads come by, so that on two of them the last digits of a score
    change from call to call.

    Raises:
        SpecError: ``weights`` for an estimator that takes none.
    """
    _fit(pipeline, frame, y, how, seed)
    if "n_jobs" in pipeline[-1].get_params(deep=False):
        pipeline[-1].set_params(n_jobs=1)
    return pipeline


def _fit(pipeline: Pipeline, frame: pd.DataFrame, y: Labels, how: Imbalance, seed: int) -> Pipeline:
    if how == "weights":
        if not supports(pipeline, how):
            raise SpecError(f"{type(pipeline[-1]).__name__} takes no weights.", "Compare other ways in imbalance.")
        return pipeline.fit(frame, y, model__sample_weight=compute_sample_weight("balanced", y))
    if how == "smote":
        return _fit_smote(pipeline, frame, y, seed)
    kept = resampled(y, how, seed)
    return pipeline.fit(frame.iloc[kept], y[kept])


def resampled(y: Labels, how: Imbalance, seed: int) -> Index:
    """Positions of the rows to learn from, rising: all, fewer of the common class, or the rare one repeated."""
    classes = [np.flatnonzero(y == 0), np.flatnonzero(y == 1)]
    rare, common = sorted(classes, key=len)
    rng = np.random.default_rng(seed)
    if how == "undersample":
        return np.sort(np.concatenate([rare, rng.choice(common, len(rare), replace=False)]))
    if how == "oversample":
        return np.sort(np.concatenate([rare, common, rng.choice(rare, len(common) - len(rare))]))
    return np.arange(len(y))


def _fit_smote(pipeline: Pipeline, frame: pd.DataFrame, y: Labels, seed: int) -> Pipeline:
    """Synthesise rows of the rare class between neighbours in the *encoded* space (Chawla et al. 2002)."""
    encoded = np.asarray(pipeline[:-1].fit_transform(frame, y))
    added, labels = synthetic_rows(encoded, y, seed)
    pipeline[-1].fit(np.vstack([encoded, added]), np.concatenate([y, labels]))
    return pipeline


def synthetic_rows(encoded: Floats, y: Labels, seed: int) -> tuple[Floats, Labels]:
    """Rows to add so that both classes are as many; neighbours are found with missing values at the median."""
    # Half a second of imports, of tests' tools among others, which no process needs that synthesises nothing.
    from imblearn.over_sampling import SMOTE

    rarest = int(min(np.bincount(y)))
    neighbours = min(NEIGHBOURS, rarest - 1)
    if neighbours < 1:
        return encoded[:0], y[:0]
    filled: Any = np.where(np.isnan(encoded), np.nanmedian(encoded, axis=0), encoded)
    rows, labels = SMOTE(random_state=seed, k_neighbors=neighbours).fit_resample(filled, y)
    return rows[len(y) :], labels[len(y) :]
