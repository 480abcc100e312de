"""The section on watching: what a rule must say, and what may be watched."""

import pytest
from pydantic import ValidationError

from understudy.problem.features import Features, Input
from understudy.problem.monitoring import Monitoring, Rule

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
