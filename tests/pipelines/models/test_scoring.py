import numpy as np
import pytest

from pipelines.models.scoring import METRICS, all_metrics, implied_threshold, sign
from understudy.problem.decision import Costs

pytestmark = pytest.mark.unit


def test_the_implied_threshold_follows_from_the_costs() -> None:
    assert implied_threshold(Costs(false_positive=1, false_negative=5)) == pytest.approx(1 / 6)
    assert implied_threshold(Costs(false_positive=1, false_negative=1)) == pytest.approx(1 / 2)
    assert implied_threshold(Costs(false_positive=2, false_negative=5, true_positive=1)) == pytest.approx(1 / 3)


def test_every_metric_says_which_way_is_better() -> None:
    y = np.array([0, 0, 1, 1])
    good, poor = np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.6, 0.4, 0.5, 0.3])

    for name, metric in METRICS.items():
        assert sign(name) * metric(y, good) > sign(name) * metric(y, poor)


def test_all_figures_of_a_scored_part() -> None:
    figures = all_metrics(np.array([0, 0, 1, 1]), np.array([0.1, 0.7, 0.4, 0.9]), threshold=0.5)

    assert figures["accuracy"] == figures["precision"] == figures["recall"] == 0.5
    assert figures["roc_auc"] == 0.75
    assert figures["brier"] == pytest.approx((0.01 + 0.49 + 0.36 + 0.01) / 4)
    assert len(figures) == 10
