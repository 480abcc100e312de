"""Turning a fitted pipeline's scores into probabilities, on rows that it has not learned from.

The form, so that a compiler needs nothing else. With ``p`` the pipeline's probability of the positive class:

- sigmoid: ``score = 1 / (1 + exp(-(slope_ * z + intercept_)))``
  with ``z = log(q / (1 - q))`` and ``q = clip(p, CLIP, 1 - CLIP)``
- isotonic: ``score`` is ``p`` interpolated linearly between the points (``steps_``, ``values_``), constant outside
- none: ``score = p``

``pipelines.models.conversion.to_onnx`` builds exactly this.
"""

from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from pipelines.models.frame import Floats, Labels
from understudy.errors import DataError

CLIP = 1e-5
"""Distance kept from 0 and 1: nearer, float32 could not tell the scores of the compiled model apart."""

Method = Literal["sigmoid", "isotonic", "none"]


class Calibrated(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted pipeline and a monotone map from its score to a probability.

    ``fit`` learns only the map. The sigmoid is Platt's (1999), with his smoothed targets, on the log-odds: it holds
    the identity (slope 1, intercept 0), so a model that is calibrated already is left alone, and undoes weighting or
    resampling, which shift log-odds by a constant.

    Attributes:
        classes_: 0 and 1.
        slope_, intercept_: of the sigmoid.
        steps_, values_: points of the isotonic map [points].
    """

    def __init__(self, estimator: Any, method: Method = "sigmoid") -> None:
        self.estimator = estimator
        self.method = method

    def fit(self, X: Any, y: Labels) -> Self:
        """Learn the map on a frame [rows, inputs] and its truth [rows].

        Raises:
            DataError: the rows have one class only.
        """
        self.classes_ = np.unique(y)
        if len(self.classes_) != 2:
            raise DataError("The calibration rows have one class only.", "Widen the part calibration of the split.")
        raw = self.estimator.predict_proba(X)[:, 1]
        if self.method == "sigmoid":
            self.slope_, self.intercept_ = fit_sigmoid(log_odds(raw), y)
        if self.method == "isotonic":
            fitted = IsotonicRegression(out_of_bounds="clip").fit(raw, y)
            self.steps_, self.values_ = fitted.X_thresholds_.astype(np.float64), fitted.y_thresholds_.astype(np.float64)
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Calibrated probabilities [rows, 2]."""
        check_is_fitted(self, "classes_")
        score = self._map(self.estimator.predict_proba(X)[:, 1])
        return np.column_stack([1.0 - score, score])

    def predict(self, X: Any) -> Any:
        return self.classes_[(self.predict_proba(X)[:, 1] >= 0.5).astype(np.intp)]

    def _map(self, raw: Floats) -> Floats:
        if self.method == "sigmoid":
            return 1.0 / (1.0 + np.exp(-(self.slope_ * log_odds(raw) + self.intercept_)))
        return np.interp(raw, self.steps_, self.values_) if self.method == "isotonic" else raw


def log_odds(p: Floats) -> Floats:
    """log(p / (1 - p)) of probabilities clipped away from 0 and 1 [rows]."""
    kept = np.clip(np.asarray(p, dtype=np.float64), CLIP, 1.0 - CLIP)
    odds: Floats = np.log(kept / (1.0 - kept))
    return odds


def fit_sigmoid(z: Floats, y: Labels) -> tuple[float, float]:
    """Slope and intercept of the most likely sigmoid; targets (n+ + 1)/(n+ + 2) and 1/(n- + 2) (Platt 1999)."""
    positives = int(y.sum())
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (len(y) - positives + 2))
    twice, weight = np.concatenate([z, z])[:, None], np.concatenate([target, 1 - target])
    outcome = np.repeat([1, 0], len(z))
    fitted = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=200)
    fitted.fit(twice, outcome, sample_weight=weight)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
