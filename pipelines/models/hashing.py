"""Hashing categories into a fixed number of columns, whatever values appear later."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import murmurhash3_32
from sklearn.utils.validation import check_is_fitted, validate_data

from pipelines.models.frame import Floats


class HashingEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """One-hot of MurmurHash3 (32 bit, seed 0) of each category modulo ``buckets`` (Weinberger et al. 2009).

    Nothing is learned, so an unseen value needs no special case. ``FeatureHasher`` takes lists of strings rather than
    columns, and so does not fit beside the other encoders.
    """

    def __init__(self, buckets: int = 32) -> None:
        self.buckets = buckets

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002
        validate_data(self, X, dtype=None)
        self.buckets_ = int(self.buckets)
        return self

    def transform(self, X: Any) -> Floats:
        """Encode [rows, columns] as [rows, columns * buckets]."""
        check_is_fitted(self)
        values = validate_data(self, X, dtype=None, reset=False)
        return np.hstack([self._one_hot(values[:, column]) for column in range(values.shape[1])])

    def _one_hot(self, values: Any) -> Floats:
        texts, inverse = np.unique(values.astype(str), return_inverse=True)
        bucket = np.array([murmurhash3_32(str(text), positive=True) % self.buckets_ for text in texts], dtype=np.intp)
        return np.eye(self.buckets_)[bucket[inverse.reshape(-1)]]

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        check_is_fitted(self)
        known = getattr(self, "feature_names_in_", [f"x{i}" for i in range(self.n_features_in_)])
        names = known if input_features is None else input_features
        return np.array([f"{name}_hash{bucket}" for name in names for bucket in range(self.buckets_)], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.requires_fit = True
        return tags
