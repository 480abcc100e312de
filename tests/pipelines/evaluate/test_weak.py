"""A planted weak slice is found and confirmed; where there is none, nothing is confirmed."""

from dataclasses import replace

import numpy as np
import pytest
from parcels import calibrated_evidence, judged

from pipelines.evaluate.evidence import Evidence, Judged
from pipelines.evaluate.weak import excess_loss, holm, weak_segments
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit


def _spoil(part: Judged, spec: ProblemSpec) -> Judged:
    """Scores of the north turned upside down."""
    north = part.rows.frame["town"].to_numpy() == "north"
    return judged(part.table, spec, np.where(north, 1 - part.score, part.score))


def test_a_planted_slice_is_found_and_confirmed(evidence: Evidence) -> None:
    spoilt = replace(
        evidence, test=_spoil(evidence.test, evidence.spec), validation=_spoil(evidence.validation, evidence.spec)
    )
    sure = [row for row in weak_segments(spoilt) if row["confirmed"]]
    assert sure
    assert all("town is north" in row["rule"] for row in sure)
    assert max(row["excess"] for row in sure) > 0.5


def test_a_calibrated_model_has_no_confirmed_slice(spec: ProblemSpec) -> None:
    assert not any(row["confirmed"] for row in weak_segments(calibrated_evidence(spec, 800)))


def test_a_slice_that_is_weak_on_validation_only_is_not_confirmed(evidence: Evidence) -> None:
    lucky = replace(evidence, validation=_spoil(evidence.validation, evidence.spec))
    found = weak_segments(lucky)
    assert found[0]["found"]["excess"] > 0.5
    assert not found[0]["confirmed"]


def test_excess_is_zero_on_average_where_probabilities_are_true(evidence: Evidence) -> None:
    assert abs(excess_loss(evidence.test).mean()) < 0.03


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert holm([]) == []
