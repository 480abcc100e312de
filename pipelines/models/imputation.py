"""Filling missing numbers so that the model still sees that they were missing."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from pipelines.models.frame import Floats


class MedianImputer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Median of each column for its missing values, then an indicator for each column that had any in training.

    ``SimpleImputer(add_indicator=True)`` does the same but has no ONNX form.

    Attributes:
        medians_: fill value of each column; 0 for a column without any value [columns].
        flagged_: positions of the columns with an indicator [indicators].
    """

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002
        values = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        missing = np.isnan(values)
        empty = missing.all(axis=0)
        self.medians_ = np.nanmedian(np.where(empty, 0.0, values), axis=0)
        self.flagged_ = np.flatnonzero(missing.any(axis=0))
        return self

    def transform(self, X: Any) -> Floats:
        check_is_fitted(self)
        values = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        missing = np.isnan(values)
        return np.hstack([np.where(missing, self.medians_, values), missing[:, self.flagged_].astype(np.float64)])

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        names = super().get_feature_names_out(input_features)
        return np.concatenate([names, [f"{names[i]}_missing" for i in self.flagged_]]).astype(object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
