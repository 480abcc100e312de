"""What was drawn, with what probability, and what it earned."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_bandit import START, a_revision
from small_predictions import a_prediction

from monitoring.bandits.draws import Bandit, Draws, draws_of, newest_bandit, read_draws, scale, worth
from understudy.errors import DeploymentError
from understudy.problem import ProblemSpec
from understudy.problem.decision import Costs

pytestmark = pytest.mark.unit
COSTS = Costs()


def a_row(number: int, arm: str, propensity: float, **more: Any) -> dict[str, Any]:
    row = a_prediction(number, arm=arm, propensity=propensity, event_time=START + timedelta(hours=number))
    values = {name: getattr(row, name) for name in row.__slots__} | {"label": 1.0}
    return values | more


def test_the_newest_bandit_and_its_revisions() -> None:
    found = newest_bandit((a_revision(4, "single"), a_revision(3), a_revision(2, killed=True), a_revision(1)), "toy")
    assert (found.arms, found.versions) == (("champion", "challenger"), (1, 2))
    assert (found.first.revision, found.revisions) == (1, {1, 3}), "the kill switch draws nothing"
    with pytest.raises(DeploymentError, match="toy has had no bandit"):
        newest_bandit((a_revision(1, "single"),), "toy")


def test_rewards_are_those_that_the_router_learns(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    ledger = drawing()
    ours = {one.arm: one for one in read_draws(ledger, spec, bandit).rewards()}
    for theirs in ledger.rewards("toy", 2, spec.costs.model_dump()):
        assert ours[theirs.arm].decisions == theirs.decisions
        assert ours[theirs.arm].reward == pytest.approx(theirs.reward)


def test_worth_by_hand() -> None:
    label, decision = np.array([1, 0, 1, 0, np.nan]), np.array([True, True, False, False, True])
    assert worth(label, decision, COSTS).tolist()[:4] == [1.0, 0.8, 0.0, 1.0]
    assert np.isnan(worth(label, decision, COSTS)[4])
    assert scale(COSTS) == (5.0, 5.0)
    assert scale(Costs(true_positive=-5.0)) == (5.0, 10.0)
    gains = worth(label[:4], decision[:4], Costs(true_positive=-5.0))
    assert gains.tolist() == [1.0, 0.4, 0.0, 0.5]


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3))
def test_a_reward_lies_between_nothing_and_one(a: float, b: float, c: float, d: float) -> None:
    costs = Costs(false_positive=a, false_negative=b, true_positive=c, true_negative=d)
    found = worth(np.array([0.0, 1.0, 0.0, 1.0]), np.array([True, True, False, False]), costs)
    assert ((found >= -1e-9) & (found <= 1 + 1e-9)).all() or max(a, b, c, d) < 0


def test_a_fallback_was_drawn_for_one_arm_and_answered_by_another() -> None:
    row = a_row(1, "champion", 0.3, fallback="timeout", flags=["assigned: challenger"])
    found = draws_of([row], ("champion", "challenger"), COSTS)
    assert (found.chosen.tolist(), found.answered.tolist()) == ([1], [0])
    assert [one.decisions for one in found.rewards()] == [1, 0]


def test_of_two_arms_the_other_has_the_rest() -> None:
    found = draws_of([a_row(1, "champion", 0.3), a_row(2, "challenger", 0.8)], ("champion", "challenger"), COSTS)
    assert found.odds() == pytest.approx(np.array([[0.3, 0.7], [0.2, 0.8]]))


def test_of_three_arms_each_keeps_what_was_logged_last() -> None:
    arms = ("champion", "b", "c")
    rows = [a_row(1, "champion", 0.5), a_row(2, "b", 0.3), a_row(3, "c", 0.2), a_row(4, "b", 0.5)]
    odds = draws_of(rows, arms, COSTS).odds()
    assert odds[0] == pytest.approx([0.5, 0.3, 0.2])
    assert odds[3] == pytest.approx(np.array([0.5, 0.5, 0.2]) / 1.2)
    assert odds.sum(axis=1) == pytest.approx(np.ones(4))


def test_a_stretch_of_time_and_the_labels_of_a_moment(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    second = START + timedelta(days=1), START + timedelta(days=2)
    found = read_draws(drawing(), spec, bandit, *second)
    assert len(found) == 60
    assert found.known.all()
    early = read_draws(drawing(), spec, bandit, *second, as_of=second[0] + timedelta(hours=10))
    assert 0 < early.known.sum() < 20
    assert list(found.context["town"][:2]) == ["ash", "oak"]


def test_draws_of_nothing() -> None:
    assert isinstance(draws_of([], ("champion",), COSTS), Draws)
    assert len(draws_of([], ("champion",), COSTS)) == 0
