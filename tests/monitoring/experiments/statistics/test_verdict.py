"""Exactly one verdict, by the order that was written down, with the figures that it rests on."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.experiments.statistics.guardrails import Guardrail
from monitoring.experiments.statistics.sample_ratio import SampleRatio
from monitoring.experiments.statistics.sequential import ConfidenceSequence
from monitoring.experiments.statistics.verdict import Evidence, judge

pytestmark = pytest.mark.unit

RIGHT = SampleRatio((5000, 5010), (0.5, 0.5), 0.92, 1.0, 0.01)
WRONG = SampleRatio((5000, 6000), (0.5, 0.5), 1e-20, 1e-18, 0.01)
OPEN = ConfidenceSequence(-0.02, -0.08, 0.04, 0.4, 0.05, 10_010, 5000, 100)
BETTER = replace(OPEN, low=-0.07, high=-0.01, value=-0.04, p_value=0.003)
WORSE = replace(OPEN, low=0.01, high=0.07, value=0.04, p_value=0.003)
USELESS = replace(OPEN, low=-0.03, high=0.03, value=0.0, p_value=1.0)
SILENT = replace(OPEN, low=-math.inf, high=math.inf, p_value=1.0, smallest=60)
FINE = Guardrail("errors", 0.002, 0.002, 0.01, -0.01)
BREACHED = Guardrail("errors", 0.002, 0.5, 0.01, 0.3)
UNKNOWN = Guardrail("latency", 5.0, 5.0, 10.0, -math.inf)


def evidence(metric=OPEN, *rails: Guardrail, ratio=RIGHT, **known) -> Evidence:
    return Evidence(ratio, metric, 0.05, rails, **known)


@pytest.mark.parametrize(
    ("given_evidence", "outcome"),
    [
        (evidence(), "continue"),
        (evidence(SILENT), "continue"),
        (evidence(BETTER, FINE), "promote"),
        (evidence(WORSE, FINE), "stop_harm"),
        (evidence(BETTER, FINE, BREACHED), "stop_harm"),
        (evidence(SILENT, BREACHED), "stop_harm"),
        (evidence(BETTER, BREACHED, ratio=WRONG), "invalid"),
        (evidence(USELESS, FINE), "stop_futility"),
        (evidence(time_is_up=True), "stop_futility"),
        (evidence(BETTER, time_is_up=True), "promote"),
        (evidence(WORSE, time_is_up=True), "stop_harm"),
        (evidence(BETTER, UNKNOWN), "continue"),
        (evidence(BETTER, UNKNOWN, time_is_up=True), "stop_futility"),
        (evidence(replace(BETTER, low=-0.04), FINE), "promote"),
        (evidence(BETTER, better="higher"), "stop_harm"),
        (evidence(WORSE, better="higher"), "promote"),
    ],
)
def test_the_first_rule_that_applies_decides(given_evidence: Evidence, outcome: str) -> None:
    assert judge(given_evidence).outcome == outcome


def test_the_reasons_carry_the_figures() -> None:
    (fault,) = judge(evidence(ratio=WRONG)).reasons
    assert "5,000 (45.45%) / 6,000 (54.55%) units where 50.00% / 50.00% was planned: p 1e-18" in fault
    (breach,) = judge(evidence(BETTER, FINE, BREACHED)).reasons
    assert breach == "errors is 0.5 against the champion's 0.002: worse by at least 0.3, where 0.01 is allowed."
    first, interval, rail = judge(evidence(BETTER, FINE)).reasons
    assert "is better" in first
    assert "-0.04 (95 % sure of -0.07 to -0.01, p 0.003) after 10,010 units; lower is better" in interval
    assert "errors is 0.002 against 0.002" in rail
    assert "60 of the 100 units" in judge(evidence(SILENT)).reasons[1]
    assert "not varied" in judge(evidence(replace(SILENT, smallest=100))).reasons[1]
    assert "latency" in judge(evidence(BETTER, UNKNOWN)).reasons[0]


@given(
    st.sampled_from([RIGHT, WRONG]),
    st.sampled_from([OPEN, BETTER, WORSE, USELESS, SILENT]),
    st.lists(st.sampled_from([FINE, BREACHED, UNKNOWN]), max_size=3),
    st.booleans(),
)
def test_nothing_is_promoted_with_a_fault_a_breach_or_a_silent_guardrail(ratio, metric, rails, over) -> None:
    verdict = judge(evidence(metric, *rails, ratio=ratio, time_is_up=over))
    assert (verdict.outcome == "invalid") == ratio.faulty
    if verdict.outcome == "promote":
        assert not ratio.faulty
        assert all(rail is FINE for rail in rails)
        assert metric.high < 0
    assert verdict.outcome != "continue" or not over
    assert verdict.reasons
