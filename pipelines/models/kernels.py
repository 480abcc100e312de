"""Support vector machines with probabilities."""

from typing import Any

from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import SVC


def support_vectors(C: float = 1.0, gamma: float | str = "scale", kernel: str = "rbf", cv: int = 3) -> Any:
    """A kernel SVM whose margin becomes a probability by a sigmoid from ``cv`` unshuffled folds (Platt 1999).

    ``SVC(probability=True)`` is deprecated in scikit-learn in favour of this form.
    """
    return CalibratedClassifierCV(SVC(C=C, gamma=gamma, kernel=kernel), ensemble=False, cv=cv)
