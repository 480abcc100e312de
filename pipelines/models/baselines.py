"""Rules that need no learning machine; every learned model must beat them."""

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from pipelines.models.frame import Floats


class HistoricalRate(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The rate of the positive class so far among rows with the same value of one column.

    A column of strings counts by value, a column of numbers by quantile, missing ones apart. Rates are pulled towards
    the overall rate as if ``prior_rows`` more rows had it; a value never seen gets the overall rate.

    Args:
        column: name (of a DataFrame's column) or position of the column.
        prior_rows: weight of the overall rate in rows.
        bins: number of quantiles for a column of numbers.

    Attributes:
        classes_: the two classes, the positive one last.
        levels_: known values or bins, sorted, as strings [levels].
        rates_: rate of the positive class for each level [levels].
        rate_: overall rate.
        edges_: limits between bins; empty for strings.
    """

    def __init__(self, column: int | str = 0, prior_rows: float = 20.0, bins: int = 10) -> None:
        self.column = column
        self.prior_rows = prior_rows
        self.bins = bins

    def fit(self, X: Any, y: Any) -> Self:
        values, y = self._column(X, y, reset=True)
        check_classification_targets(y)
        self.classes_, truth = np.unique(y, return_inverse=True)
        if len(self.classes_) > 2:
            raise ValueError("Only binary classification is supported. The type of the target is multiclass.")
        if len(self.classes_) < 2:
            raise ValueError("HistoricalRate needs rows of two classes; the target has one class only.")
        inner = np.linspace(0, 1, self.bins + 1)[1:-1]
        self.edges_ = np.unique(np.nanquantile(values, inner)) if _numeric(values) else np.empty(0)
        self.rate_ = float(truth.mean())
        self.levels_, inverse = np.unique(self._level(values), return_inverse=True)
        seen = np.bincount(inverse)
        self.rates_ = (np.bincount(inverse, truth) + self.prior_rows * self.rate_) / (seen + self.prior_rows)
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Probabilities [rows, 2]."""
        check_is_fitted(self)
        level = self._level(self._column(X, reset=False)[0])
        position = np.minimum(np.searchsorted(self.levels_, level), len(self.levels_) - 1)
        rate = np.where(self.levels_[position] == level, self.rates_[position], self.rate_)
        return np.column_stack([1.0 - rate, rate])

    def predict(self, X: Any) -> Any:
        flagged = self.predict_proba(X)[:, 1] > 0.5
        return self.classes_[flagged.astype(np.intp)]

    def _column(self, X: Any, y: Any = "no_validation", *, reset: bool) -> tuple[Any, Any]:
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, y, reset=reset, skip_check_array=True)
            column = X[self.column] if isinstance(self.column, str) else X.iloc[:, self.column]
            return column.to_numpy(), y
        checked = validate_data(self, X, y, reset=reset, dtype=None, ensure_all_finite="allow-nan")
        values, y = (checked, None) if isinstance(y, str) else checked
        return values[:, self.column], y

    def _level(self, values: Any) -> Any:
        if not _numeric(values):
            return values.astype(str)
        bins = np.searchsorted(self.edges_, values.astype(np.float64)).astype(str)
        return np.where(np.isnan(values.astype(np.float64)), "missing", bins)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.poor_score = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags


def _numeric(values: Any) -> bool:
    return bool(np.issubdtype(values.dtype, np.number) or values.dtype == bool)
