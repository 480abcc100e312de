"""Other policies are estimated as they would have done."""

from typing import Any

import numpy as np
import pytest

from monitoring.bandits.draws import Bandit, Draws, read_draws
from monitoring.bandits.policies import expected_rewards, interval_of, policies
from monitoring.experiments.statistics.bandit import PolicyValue
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit
WAYS = ("ips", "self_normalised", "doubly_robust")
TRUTH = {"champion": 1 - 0.4 * 0.6, "challenger": 1 - 0.1 * 0.6}
"""An error costs 5 or 1 of 5 with equal odds: .6 on average."""


def table(draws: Draws) -> dict[str, Any]:
    return {row["policy"]: row for row in policies(draws)}


def test_each_policy_is_within_reach_of_the_truth(draws: Draws) -> None:
    found = table(draws)
    assert list(found) == ["champion alone", "challenger alone", "even split", "shares of now"]
    for arm, truth in TRUTH.items():
        for way in WAYS:
            assert found[f"{arm} alone"][way]["low"] <= truth <= found[f"{arm} alone"][way]["high"]
    assert found["even split"]["shares"] == [0.5, 0.5]
    assert found["shares of now"]["shares"] == pytest.approx([0.1, 0.9])


def test_arms_that_were_drawn_on_different_days_are_not_mistaken(
    drawing: Any, bandit: Bandit, spec: ProblemSpec
) -> None:
    """Both arms are alike, but the days on which the champion was drawn were hard."""
    ledger = drawing(days=8, odds=lambda day: 0.1 if day < 4 else 0.9, errs=lambda _, day: 0.6 if day < 4 else 0.05)
    draws = read_draws(ledger, spec, bandit)
    plain = {one.arm: one.reward / one.decisions for one in draws.rewards()}
    found = table(draws)
    assert plain["challenger"] - plain["champion"] > 0.2
    apart = [found[f"{arm} alone"]["doubly_robust"] for arm in ("challenger", "champion")]
    assert apart[0]["low"] < apart[1]["high"]
    assert apart[1]["low"] < apart[0]["high"]
    assert abs(apart[0]["value"] - apart[1]["value"]) < 0.1


def test_a_policy_that_was_followed_is_worth_every_decision(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    draws = read_draws(drawing(odds=lambda _: 0.5), spec, bandit)
    found = table(draws)["even split"]
    assert found["effective"] == pytest.approx(len(draws))
    assert found["ips"]["value"] == pytest.approx(float(draws.reward.mean()))
    assert table(draws)["champion alone"]["effective"] == pytest.approx(float((draws.chosen == 0).sum()))


def test_a_row_is_not_predicted_from_itself(draws: Draws) -> None:
    before = expected_rewards(draws)
    changed = draws.reward.copy()
    changed[-1] = 1 - changed[-1]
    after = expected_rewards(Draws(**{**vars(draws), "reward": changed}))
    assert np.array_equal(before[-1], after[-1])
    assert not np.array_equal(before[0], after[0])


def test_an_arm_that_was_never_drawn_says_nothing(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    found = table(read_draws(drawing(odds=lambda _: 1.0), spec, bandit))
    assert "champion alone" not in found


def test_interval_of_an_estimate() -> None:
    assert interval_of(PolicyValue(0.5, 0.1)) == pytest.approx({"value": 0.5, "low": 0.304, "high": 0.696}, abs=1e-4)
