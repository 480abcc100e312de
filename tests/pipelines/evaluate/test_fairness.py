"""A planted gap between groups is found; groups that are alike or too small are reported as such."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.evaluate.evidence import Evidence
from pipelines.evaluate.fairness import by_group, gaps, say_gap

pytestmark = pytest.mark.unit


def test_rates_by_hand(evidence: Evidence) -> None:
    groups = np.array(evidence.test.table["group"].to_pylist())
    ash = next(row for row in by_group(evidence) if row["group"] == "ash")
    inside = groups == "ash"
    positive = inside & (evidence.test.y == 1)
    assert ash["rows"] == inside.sum()
    assert ash["selection_rate"]["value"] == pytest.approx(evidence.test.decision[inside].mean())
    assert ash["true_positive_rate"]["value"] == pytest.approx(evidence.test.decision[positive].mean())


def test_a_small_group_has_no_rates(evidence: Evidence) -> None:
    strict = evidence.spec.model_copy(
        update={"evaluation": evidence.spec.evaluation.model_copy(update={"smallest_segment": 200})}
    )
    few = next(row for row in by_group(replace(evidence, spec=strict)) if row["group"] == "few")
    assert not few["large_enough"]
    assert few["true_positive_rate"] is None


def test_a_planted_gap_is_beyond_chance(evidence: Evidence) -> None:
    groups = np.array(evidence.test.table["group"].to_pylist())
    harmed = replace(evidence.test, decision=np.where(groups == "elm", 0, evidence.test.decision))
    unfair = replace(evidence, test=harmed)
    gap = gaps(unfair, by_group(unfair))["group"]
    assert gap["lowest"] == "elm"
    assert gap["low"] > 0.3
    assert "beyond chance" in say_gap("group", gap)


def test_groups_that_are_alike_reach_below_zero(evidence: Evidence) -> None:
    strict = evidence.spec.model_copy(
        update={"evaluation": evidence.spec.evaluation.model_copy(update={"smallest_segment": 200})}
    )
    alike = replace(evidence, spec=strict)
    gap = gaps(alike, by_group(alike))["group"]
    assert gap["low"] < 0 < gap["high"]
    assert "not beyond chance" in say_gap("group", gap)


def test_one_group_gives_no_gap(evidence: Evidence) -> None:
    strict = evidence.spec.model_copy(
        update={"evaluation": evidence.spec.evaluation.model_copy(update={"smallest_segment": 10_000})}
    )
    gap = gaps(replace(evidence, spec=strict), by_group(replace(evidence, spec=strict)))["group"]
    assert gap["value"] is None
    assert "fewer than two groups" in say_gap("group", gap)
