"""The report as a whole."""

import json
from typing import Any

import pytest

from monitoring.shadows.report import ShadowReport, shadow_report
from monitoring.window.read import Window
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit


def test_it_says_what_the_shadow_has_earned(reported: ShadowReport) -> None:
    assert (reported.advice, reported.proof.step) == ("promote to canary", "canary")
    assert (reported.offered, reported.scored, reported.labelled, reported.missing) == (200, 200, 200, 0)
    assert len(reported.days) == 10
    assert reported.quality["cost"]["difference"]["high"] < 0
    assert reported.segments["rows"][0]["column"] == "town"


def test_it_is_plain_json(reported: ShadowReport) -> None:
    told = json.loads(json.dumps(reported.json(), allow_nan=False))
    assert told["advice"] == "promote to canary"
    assert told["proof"]["dearer"]["high"] < 0
    assert told["since"] == "2013-11-01T00:00:00"


def test_too_few_labels_leave_quality_out(by_hand: Window, spec: ProblemSpec) -> None:
    found = shadow_report(by_hand, spec, 1, 2)
    assert (found.quality, found.advice, found.failed) == ({}, "keep watching", 1)
    assert found.decisions["agreement"]["value"] == 0.5


def test_a_shadow_that_said_nothing_is_told_as_such(by_hand: Window, spec: ProblemSpec) -> None:
    found = shadow_report(by_hand, spec, 1, 9)
    assert (found.scored, found.scores, found.advice) == (0, {}, "keep watching")
    assert json.dumps(found.json(), allow_nan=False)


def test_all_rows_failed(rehearse: Any, spec: ProblemSpec) -> None:
    found = shadow_report(rehearse(lambda _: None), spec, 1, 2)
    assert (found.scored, found.failures, found.advice) == (0, {"it raised": 200}, "drop")
