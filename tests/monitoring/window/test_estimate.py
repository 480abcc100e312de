"""What calibrated scores make expect."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_traffic import SPEC, a_ledger, a_window, rows

from monitoring.window.estimate import Expected, estimate
from monitoring.window.judged import Judged, judged

pytestmark = pytest.mark.unit


def some(scores: list[float]) -> Judged:
    score = np.array(scores)
    return Judged(
        score, (score >= 0.5).astype(int), np.full(len(score), np.nan), np.zeros(len(score)), np.arange(len(score))
    )


@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=12))
def test_the_expectation_is_that_over_all_outcomes(scores: list[float]) -> None:
    """Brier score, cost and confusion are sums over rows: their expectation is that of each row over 0 and 1."""
    rows, costs = some(scores), SPEC.costs
    expected = Expected(rows, costs)
    for p, flagged, brier, cost in zip(scores, rows.decision, expected.brier, expected.cost, strict=True):
        assert brier == pytest.approx(p * (1 - p) ** 2 + (1 - p) * p**2)
        paid = (costs.true_positive, costs.false_positive) if flagged else (costs.false_negative, costs.true_negative)
        assert cost == pytest.approx(p * paid[0] + (1 - p) * paid[1])
    assert sum(expected.confusion.values()) == pytest.approx(len(scores))


def test_the_expected_auc_weighs_every_pair_of_rows() -> None:
    scores = np.array([0.1, 0.3, 0.3, 0.9])
    won = total = 0.0
    for p in scores:
        for q in scores:
            total += p * (1 - q)
            won += p * (1 - q) * (0.5 if p == q else float(p > q))
    assert Expected(some(scores.tolist()), SPEC.costs).roc_auc == pytest.approx(won / total)


def test_calibrated_scores_are_right_about_themselves() -> None:
    found = estimate(judged(a_window(a_ledger(rows(4000))).live.answers, 1, SPEC), SPEC)
    errors = {r.name: r for r in found.readings if r.name.endswith(".error")}
    assert set(errors) == {f"estimate.{name}.error" for name in ("brier", "cost", "roc_auc")}
    for name in ("brier", "cost"):
        error = errors[f"estimate.{name}.error"]
        assert error.low < 0 < error.high
    assert abs(errors["estimate.roc_auc.error"].value) < 0.02


def test_overconfident_scores_are_found_out_once_labels_are_in() -> None:
    made = rows(4000)
    for row in made:
        row["score"] = float(np.clip(2.2 * (row["score"] - 0.5) + 0.5, 0.01, 0.99))
    error = estimate(judged(a_window(a_ledger(made)).live.answers, 1, SPEC), SPEC).readings[3]
    assert error.name == "estimate.brier.error"
    assert error.high < 0


def test_without_labels_there_is_an_estimate_and_no_error() -> None:
    found = estimate(judged(a_window(a_ledger(rows(300), labels=False)).live.answers, 1, SPEC), SPEC)
    assert [reading.name for reading in found.readings] == ["estimate.brier", "estimate.cost", "estimate.roc_auc"]
    assert all(reading.value is not None for reading in found.readings)


def test_too_few_rows_say_so() -> None:
    found = estimate(judged(a_window(a_ledger(rows(20))).live.answers, 1, SPEC), SPEC)
    assert [reading.value for reading in found.readings] == [None] * 3
    assert found.readings[0].about == "20 rows, and figures need 200."
