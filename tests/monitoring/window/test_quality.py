"""Figures of labelled rows."""

import numpy as np
import pytest
from small_traffic import SPEC, TESTED, a_ledger, a_reference, a_window, rows

from monitoring.window.judged import Judged, judged
from monitoring.window.quality import METRICS, previous, quality, reliability
from monitoring.window.segments import groups_of
from understudy.statistics import metrics
from understudy.statistics.bootstrap import Interval
from understudy.statistics.decisions import cost_per_1000

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def window():
    return a_window(a_ledger(rows(1500)))


@pytest.fixture(scope="module")
def answers(window) -> Judged:
    return judged(window.live.answers, 1, SPEC)


def test_figures_are_those_of_the_statistics_with_intervals_around_them(answers: Judged) -> None:
    found = quality(answers, SPEC, {}, {})
    y, score = answers.y, answers.score
    expected = {
        "roc_auc": metrics.roc_auc(y, score),
        "pr_auc": metrics.average_precision(y, score),
        "brier": metrics.brier(y, score),
        "log_loss": metrics.log_loss(y, score),
        "calibration": metrics.calibration_error(y, score),
        "cost": cost_per_1000(y, answers.decision, SPEC.costs),
        "rate": float(y.mean()),
    }
    assert {r.name.removeprefix("quality."): r.value for r in found.readings} == pytest.approx(expected)
    for reading in found.readings:
        assert reading.rows == 1500
        assert reading.low is not None
        assert reading.high is not None
        assert reading.name == "quality.calibration" or reading.low < reading.value < reading.high


def test_the_change_against_the_test_covers_both_uncertainties(answers: Judged) -> None:
    found = quality(answers, SPEC, TESTED, {})
    brier, change = (next(r for r in found.readings if r.name == f"quality.brier{end}") for end in ("", ".change"))
    assert change.value == pytest.approx(brier.value - 0.2)
    assert change.value - change.low == pytest.approx(np.hypot(brier.value - brier.low, 0.01))
    assert {r.name for r in found.readings if r.name.endswith(".change")} == {
        f"quality.{name}.change" for name in ("roc_auc", "brier", "cost")
    }
    assert found.details["tested"]["cost"]["value"] == 900.0


def test_the_window_before_is_compared_with(answers: Judged) -> None:
    before = previous(answers, SPEC)
    assert set(before) == {*METRICS, "rate"}
    found = quality(answers, SPEC, {}, before)
    changes = [r for r in found.readings if r.name.endswith(".previous")]
    assert len(changes) == len(METRICS)
    assert all(r.value == 0 and r.low <= 0 <= r.high for r in changes)
    shifted = quality(answers, SPEC, {}, {"brier": Interval(0.0, 0.0, 0.0)})
    assert [r.name for r in shifted.readings if r.name.endswith(".previous")] == ["quality.brier.previous"]


def test_segments_are_judged_by_themselves(window, answers: Judged) -> None:
    found = quality(answers, SPEC, {}, {}, groups_of(window.live, SPEC, a_reference()))
    ash = np.array(window.live.inputs.column("town").to_pylist()) == "ash"
    by_name = {reading.name: reading for reading in found.readings}
    assert by_name["quality.brier.segment.town=ash"].value == pytest.approx(
        metrics.brier(answers.y[ash], answers.score[ash])
    )
    assert by_name["quality.roc_auc.segment.town=ash"].rows == ash.sum()
    assert [row["value"] for row in found.details["segments"]] == sorted(
        ("ash", "birch", "cedar"), key=lambda town: -np.sum(np.array(window.live.inputs["town"].to_pylist()) == town)
    )


def test_too_few_labels_say_so() -> None:
    few = judged(a_window(a_ledger(rows(150))).live.answers, 1, SPEC)
    found = quality(few, SPEC, TESTED, {})
    assert [reading.value for reading in found.readings] == [None] * len(METRICS)
    assert found.readings[0].about == "150 labels have landed, and figures need 200."
    assert previous(few, SPEC) == {}


def test_reliability_has_a_tenth_of_the_rows_in_each_dot(answers: Judged) -> None:
    bins = reliability(answers, answers.resample(SPEC))
    assert [row["rows"] for row in bins] == [150] * 10
    assert all(abs(row["score"] - row["rate"]["value"]) < 0.15 for row in bins)
