"""What the other sections compute: groups, segments, weeks, bins, costs, errors, curves."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parcels import THRESHOLD

from pipelines.evaluate.calibration import reliability, say_calibration
from pipelines.evaluate.costs import cost_figures
from pipelines.evaluate.curves import leading_parameter, sweep
from pipelines.evaluate.evidence import Evidence, evenly, name_blocks
from pipelines.evaluate.grouping import group_rows
from pipelines.evaluate.projection import principal_components
from pipelines.evaluate.ranking import precision_recall_points, roc_points
from pipelines.evaluate.segments import by_segment
from pipelines.evaluate.timeline import by_week
from pipelines.evaluate.worst import worst_errors
from understudy.problem import Candidate
from understudy.problem.learning import Range
from understudy.statistics.metrics import roc_auc

pytestmark = pytest.mark.unit


def test_values_are_groups_and_rare_ones_share_one() -> None:
    names = [f"v{i}" for i in range(20) for _ in range(20 - i)] + [None, ""]
    groups, grouped = group_rows(pa.table({"c": names}), "c")
    assert groups == [*(f"v{i}" for i in range(11)), "(other)"]
    assert (grouped == "v0").sum() == 20
    assert grouped[-1] == "(other)"


def test_few_missing_values_are_named_and_ages_stay_in_order() -> None:
    groups, grouped = group_rows(pa.table({"c": ["30-39", "18-29", "18-29", ""]}), "c")
    assert groups == ["(missing)", "18-29", "30-39"]
    assert grouped.tolist() == ["30-39", "18-29", "18-29", "(missing)"]


@given(st.lists(st.floats(-1e6, 1e6, width=32) | st.just(float("nan")), min_size=1, max_size=60))
def test_every_number_falls_into_a_group_that_is_shown(values: list[float]) -> None:
    groups, grouped = group_rows(pa.table({"c": pa.array(values, pa.float32())}), "c")
    assert set(grouped) == set(groups)
    assert (grouped == "(missing)").sum() == np.isnan(values).sum()


def test_segments_add_up_and_small_ones_have_no_figures(evidence: Evidence) -> None:
    rows = [row for row in by_segment(evidence) if row["column"] == "town"]
    assert sum(row["rows"] for row in rows) == len(evidence.test.y)
    assert all(row["large_enough"] and row["roc_auc"]["low"] is not None for row in rows)
    limit = evidence.spec.evaluation.model_copy(update={"smallest_segment": 10_000})
    strict = replace(evidence, spec=evidence.spec.model_copy(update={"evaluation": limit}))
    assert all(row["roc_auc"] is None for row in by_segment(strict))


def test_weeks_cover_the_period(evidence: Evidence) -> None:
    weeks = by_week(evidence)
    assert sum(week["rows"] for week in weeks) == len(evidence.test.y)
    assert weeks[0]["from"] == "2024-01-01"
    assert weeks[1]["from"] == "2024-01-08"


def test_blocks_are_days_or_runs_of_rows(evidence: Evidence) -> None:
    names = name_blocks(evidence.test.rows, "1d")
    assert (names == np.repeat(np.unique(names), 12)).all()
    halves = name_blocks(evidence.test.rows, "12h")
    assert halves[:7].tolist() == ["2024-01-01T00:00"] * 6 + ["2024-01-01T12:00"]
    undated = name_blocks(replace(evidence.test.rows, event_time=None), "1d")
    assert len(set(undated)) == 200
    assert (np.diff(undated) >= 0).all()


def test_true_probabilities_lie_on_the_line(evidence: Evidence) -> None:
    bins = reliability(evidence.test)
    assert sum(row["rows"] for row in bins) == len(evidence.test.y)
    assert sum(row["rate"]["low"] <= row["score"] <= row["rate"]["high"] for row in bins) >= 7
    rate = float(evidence.test.y.mean())
    error = {"value": 0.01, "low": 0.0, "high": 0.02}
    words = say_calibration({"curves": {"calibration": bins}, "rate": rate + 0.2, "test": {"calibration_error": error}})
    assert "points too little" in words


def test_policies_cost_what_they_must(evidence: Evidence) -> None:
    costs, rate = cost_figures(evidence), evidence.test.y.mean()
    assert costs["never"] == pytest.approx(4000 * rate)
    assert costs["always"] == pytest.approx(1000 * (1 - rate))
    assert costs["hindsight"]["cost_per_1000"] <= min(point[1] for point in costs["test"]) + 1e-4


def test_curves_keep_their_area(evidence: Evidence) -> None:
    points = np.array(roc_points(evidence.test.y, evidence.test.score))
    area = np.trapezoid(points[:, 1], points[:, 0])
    assert area == pytest.approx(roc_auc(evidence.test.y, evidence.test.score), abs=0.005)
    recalls = [recall for recall, _ in precision_recall_points(evidence.test.y, evidence.test.score)]
    assert recalls == sorted(recalls)
    assert recalls[-1] == 1


def test_the_worst_errors_are_wrong_and_sure(evidence: Evidence) -> None:
    rows = worst_errors(evidence, ["size", "town"])
    missed = [row["score"] for row in rows if row["kind"] == "missed"]
    alarmed = [row["score"] for row in rows if row["kind"] == "false alarm"]
    assert missed == sorted(missed)
    assert max(missed) < THRESHOLD <= min(alarmed)
    assert alarmed == sorted(alarmed, reverse=True)
    assert set(rows[0]["values"]) == {"size", "town"}


def test_components_explain_all_and_do_not_flip(evidence: Evidence) -> None:
    found = principal_components(evidence)
    assert isinstance(found, dict)
    assert sum(found["explained"]) == pytest.approx(1, abs=1e-4)
    assert all(axis[0]["loading"] > 0 for axis in found["loadings"])


def test_a_sweep_spans_its_range() -> None:
    assert sweep(Range(low=0.01, high=100, log=True)) == pytest.approx([0.01, 0.1, 1, 10, 100])
    assert sweep(Range(low=1, high=3, integer=True)) == [1, 2, 3]
    assert sweep(Range(low=0, high=1)) == [0, 0.25, 0.5, 0.75, 1]


def test_the_leading_parameter_is_the_one_that_moves_the_figure() -> None:
    space = {"idle": {"low": 0, "high": 1}, "depth": {"low": 1, "high": 9}, "kind": {"choices": ["a", "b"]}}
    candidate = Candidate.model_validate({"name": "c", "estimator": "e", "family": "tree", "space": space})
    trials = [
        {"params": {"idle": idle, "depth": depth, "kind": "a"}, "value": 0.1 * depth}
        for depth, idle in enumerate([0.3, 0.9, 0.1, 0.5, 0.2])
    ]
    assert leading_parameter(candidate, trials) == "depth"
    assert leading_parameter(candidate, []) == "idle"
    assert leading_parameter(candidate.model_copy(update={"space": {}}), trials) is None


@given(st.integers(1, 500), st.integers(1, 500))
def test_evenly_spaced_rows_hold_both_ends(size: int, rows: int) -> None:
    places = evenly(size, rows)
    assert len(places) == min(size, rows)
    assert places[0] == 0
    assert rows == 1 or places[-1] == size - 1
