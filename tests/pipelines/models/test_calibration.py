import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.models.calibration import Calibrated, fit_sigmoid, log_odds
from understudy.errors import DataError
from understudy.statistics.metrics import calibration_error

pytestmark = pytest.mark.unit


class Given:
    """Scores that are given rather than learned."""

    def predict_proba(self, X):
        return np.column_stack([1 - X, X])


def drawn(shift: float, rows: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose log-odds are ``shift`` too high, and the truth."""
    rng = np.random.default_rng(0)
    odds = rng.normal(-1.0, 1.5, rows)
    return 1 / (1 + np.exp(-(odds + shift))), (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)


def test_a_constant_shift_of_log_odds_is_undone() -> None:
    raw, y = drawn(shift=1.6)
    model = Calibrated(Given()).fit(raw, y)

    assert model.slope_ == pytest.approx(1.0, abs=0.05)
    assert model.intercept_ == pytest.approx(-1.6, abs=0.08)
    assert calibration_error(y, raw) > 0.2
    assert calibration_error(y, model.predict_proba(raw)[:, 1]) < 0.01


def test_calibrated_scores_are_left_alone() -> None:
    raw, y = drawn(shift=0.0)
    slope, intercept = fit_sigmoid(log_odds(raw), y)

    assert (slope, intercept) == (pytest.approx(1.0, abs=0.05), pytest.approx(0.0, abs=0.06))


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@settings(max_examples=30, deadline=None)
@given(scores=st.lists(st.floats(0, 1, allow_subnormal=False), min_size=2, max_size=30))
def test_the_order_of_scores_is_kept(method: str, scores: list[float]) -> None:
    raw, y = drawn(shift=0.5, rows=500)
    model = Calibrated(Given(), method).fit(raw, y)
    asked = np.sort(np.array(scores))
    found = model.predict_proba(asked)[:, 1]

    assert (np.diff(found) >= -1e-12).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_none_passes_scores_through() -> None:
    raw, y = drawn(shift=0.5, rows=100)

    assert (Calibrated(Given(), "none").fit(raw, y).predict_proba(raw)[:, 1] == raw).all()


def test_one_class_is_refused() -> None:
    with pytest.raises(DataError, match="one class"):
        Calibrated(Given()).fit(np.array([0.1, 0.2]), np.array([0, 0]))
