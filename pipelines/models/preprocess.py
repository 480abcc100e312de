"""From model inputs to what an estimator takes; every part of it is fitted on training rows and has an ONNX form."""

from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from pipelines.models.encodings import choose_encoders
from pipelines.models.imputation import MedianImputer
from understudy.problem import Candidate


def preprocessing_steps(candidate: Candidate, frame: pd.DataFrame, seed: int) -> list[tuple[str, Any]]:
    """Unfitted pipeline steps before the estimator, made for these training rows.

    Columns are selected by position, not by name, so that the compiled model can take two tensors. Missing numbers are
    filled for every family but boosting, whose trees send them the better way at each split.
    """
    numbers = sum(is_numeric_dtype(dtype) for dtype in frame.dtypes)
    steps = [("numbers", _for_numbers(candidate), list(range(numbers)))] if numbers else []
    for name, encoder, positions in choose_encoders(frame, numbers, candidate.encoding, seed):
        steps.append((name, Pipeline([("encode", encoder), *_scaling(candidate)]), positions))
    prepare = [("prepare", ColumnTransformer(steps, sparse_threshold=0.0))]
    if candidate.pca is None:
        return prepare
    return [*prepare, ("pca", PCA(min(candidate.pca, frame.shape[1]), svd_solver="full"))]


def _for_numbers(candidate: Candidate) -> Any:
    fill = candidate.impute or candidate.pca is not None or candidate.family != "boosting"
    steps = ([("impute", MedianImputer())] if fill else []) + _scaling(candidate)
    return Pipeline(steps) if steps else "passthrough"


def _scaling(candidate: Candidate) -> list[tuple[str, Any]]:
    return [("scale", StandardScaler())] if candidate.scale else []
