"""The section on watching: what a rule must say, and what may be watched."""

import pytest
from pydantic import ValidationError

from understudy.problem.decision import Gates
from understudy.problem.features import Features, Input
from understudy.problem.monitoring import Monitoring, Retraining, Rule

pytestmark = pytest.mark.unit


def test_a_rule_passes_a_limit_on_one_side() -> None:
    assert Rule(name="worse", signal="quality.brier", above=0.1).action == "investigate"
    for sides in ({}, {"above": 0.1, "below": "limit"}):
        with pytest.raises(ValidationError, match="either above or below"):
            Rule(name="worse", signal="quality.brier", **sides)
    with pytest.raises(ValidationError, match="not a span"):
        Rule(name="worse", signal="quality.brier", above=0.1, cooldown="soon")


def test_rules_are_told_apart() -> None:
    rule = Rule(name="worse", signal="quality.brier", above=0.1)
    with pytest.raises(ValidationError, match="share a name"):
        Monitoring(rules=(rule, rule))


def test_only_numbers_that_no_model_reads_are_watched() -> None:
    size = Input(name="size")
    with pytest.raises(ValidationError, match="only numbers"):
        Features(watched=(Input(name="town", kind="category"),))
    with pytest.raises(ValidationError, match="watched anyway"):
        Features(inputs=(size,), watched=(size,))


def test_a_retraining_is_held_against_the_champion_and_not_against_numbers_of_another_period() -> None:
    gates = Gates(roc_auc=0.75, brier=0.1, fairness_gap=0.3)
    held = Retraining(gates={"brier": 0.25}).judged_by(gates)
    assert (held.roc_auc, held.brier, held.fairness_gap, held.better_than_champion) == (None, 0.25, 0.3, True)
    assert not gates.better_than_champion
    assert not Retraining(gates={"better_than_champion": False}).judged_by(gates).better_than_champion


def test_a_retraining_asks_for_gates_that_there_are() -> None:
    with pytest.raises(ValidationError, match="speed"):
        Retraining(gates={"speed": 1.0})
    with pytest.raises(ValidationError, match="beats_baselines"):
        Retraining(gates={"beats_baselines": 0.7})
