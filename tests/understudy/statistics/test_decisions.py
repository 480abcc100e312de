"""The threshold is the cheapest there is, and the curve agrees with the cost of its decisions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.problem.decision import Costs
from understudy.statistics.decisions import best_threshold, cost_curve, cost_per_1000, decision_costs

pytestmark = pytest.mark.unit

COSTS = Costs(false_positive=1, false_negative=5)
SCORES = st.sampled_from([0.0, 0.2, 0.2000000000000001, 0.5, 0.9, 1.0]) | st.floats(0, 1)


@st.composite
def judged(draw):
    y = np.array(draw(st.lists(st.integers(0, 1), min_size=2, max_size=30)))
    return y, np.array(draw(st.lists(SCORES, min_size=len(y), max_size=len(y))))


@st.composite
def prices(draw):
    wrong, right = st.floats(0.1, 20), st.floats(-3, 0)
    return Costs(
        false_positive=draw(wrong),
        false_negative=draw(wrong),
        true_positive=draw(right),
        true_negative=draw(right),
    )


@given(judged(), prices())
@settings(max_examples=150, deadline=None)
def test_no_threshold_is_cheaper(case, costs):
    y, score = case
    best = best_threshold(y, score, costs)
    assert cost_per_1000(y, score >= best.value, costs) == pytest.approx(best.cost_per_1000, abs=1e-9)
    for threshold in [0.0, *score, np.inf]:
        assert best.cost_per_1000 <= cost_per_1000(y, score >= threshold, costs) + 1e-9


@given(judged(), prices())
@settings(max_examples=50, deadline=None)
def test_the_curve_is_the_cost_at_each_threshold(case, costs):
    y, score = case
    curve = cost_curve(y, score, costs, points=11)
    assert curve.shape == (11, 2)
    for threshold, paid in curve:
        assert paid == pytest.approx(cost_per_1000(y, score >= threshold, costs), abs=1e-9)


def test_cost_by_hand_and_by_weight():
    y, decision = np.array([1, 1, 0, 0]), np.array([1, 0, 1, 0])
    assert decision_costs(y, decision, COSTS).tolist() == [0, 5, 1, 0]
    assert cost_per_1000(y, decision, COSTS) == 1500
    assert cost_per_1000(y, decision, COSTS, weight=np.array([1, 1, 0, 2])) == 1250


def test_the_threshold_keeps_its_distance_from_scores():
    best = best_threshold(np.array([0, 0, 1]), np.array([0.1, 0.4, 0.8]), COSTS)
    assert best.value == pytest.approx(0.6)
    assert best.cost_per_1000 == 0


def test_never_flagging_is_a_choice():
    best = best_threshold(np.zeros(3), np.array([0.1, 0.4, 1.0]), COSTS)
    assert best.value > 1.0
    assert best_threshold(np.ones(2), np.array([0.3, 0.4]), COSTS).value == 0.0
