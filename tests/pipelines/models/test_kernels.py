import numpy as np
import pytest

from pipelines.models.kernels import support_vectors

pytestmark = pytest.mark.unit


def test_a_kernel_separates_a_ring_and_gives_probabilities() -> None:
    X = np.random.default_rng(0).normal(size=(300, 2))
    y = (np.hypot(*X.T) < 1).astype(int)
    scores = support_vectors(C=3.0).fit(X, y).predict_proba(X)

    assert scores.sum(axis=1) == pytest.approx(np.ones(300))
    assert ((scores[:, 1] > 0.5) == y).mean() > 0.95
