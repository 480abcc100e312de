"""Headline figures, and the paired comparison with baselines."""

import numpy as np
import pytest

from pipelines.evaluate.evidence import Evidence
from pipelines.evaluate.quality import accuracy_misleads, compare, judge
from understudy.statistics import metrics

pytestmark = pytest.mark.unit


def test_every_value_is_the_metric_itself(evidence: Evidence) -> None:
    test = evidence.test
    found = judge(test, test.score, test.decision, evidence.spec.costs)
    counts = metrics.confusion(test.y, test.decision)
    for name in ("accuracy", "balanced_accuracy", "precision", "recall", "f1"):
        assert found[name].value == getattr(metrics, name)(counts)
        assert found[name].low < found[name].value < found[name].high
    assert found["brier"].value == pytest.approx(metrics.brier(test.y, test.score))
    assert found["log_loss"].value == pytest.approx(metrics.log_loss(test.y, test.score))


def test_a_rule_that_never_flags_has_zero_precision(evidence: Evidence) -> None:
    test = evidence.test
    found = judge(test, test.score, np.zeros_like(test.y), evidence.spec.costs)
    assert found["precision"].json() == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_the_model_beats_a_constant_beyond_chance(evidence: Evidence) -> None:
    paired = compare(evidence)["majority"]
    assert paired["roc_auc"]["low"] > 0.2
    assert paired["cost_per_1000"]["high"] < 0


def test_accuracy_is_put_in_its_place() -> None:
    figures = {
        "test": {"accuracy": {"value": 0.8}, "recall": {"value": 0.5}},
        "majority_accuracy": 0.9,
        "confusion": {"tp": 5, "fp": 15},
        "positives": 10,
        "curves": {"cost": {"prices": {"false_negative": 5, "false_positive": 1}}},
    }
    words = accuracy_misleads(figures).replace("\N{NO-BREAK SPACE}", " ")
    assert "80.0 %, less than the 90.0 %" in words
    assert "flags 20 rows and finds 50.0 % of the 10 positives, since a missed one costs more" in words
