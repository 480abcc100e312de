"""Rows by segment."""

import numpy as np
import pyarrow as pa
import pytest
from small_traffic import a_ledger, a_reference, a_window, rows
from watched_problem import watched

from monitoring.window.segments import FIFTHS, MOST, groups_of, segment_columns

pytestmark = pytest.mark.unit


def test_segments_are_those_of_monitoring_then_of_the_evaluation_then_the_categories() -> None:
    assert segment_columns(watched()) == ("town",)
    evaluated = watched().model_copy(
        update={"evaluation": watched().evaluation.model_copy(update={"segments": ("id",)})}
    )
    assert segment_columns(evaluated) == ("id",)
    assert segment_columns(watched(monitoring={"segments": ["size"]})) == ("size",)


def test_each_row_is_in_one_group_of_a_column() -> None:
    live = a_window(a_ledger(rows(300))).live
    for spec in (watched(), watched(monitoring={"segments": ["size"]})):
        groups = groups_of(live, spec, a_reference())
        assert sum(group.rows.astype(int) for group in groups).tolist() == [1] * 300


def test_many_numbers_are_parted_by_the_fifths_of_training() -> None:
    live = a_window(a_ledger(rows(300, size=5.0))).live
    groups = groups_of(live, watched(monitoring={"segments": ["size"]}), a_reference())
    assert len(groups) <= FIFTHS
    assert groups[-1].rows.sum() > 250
    alone = groups_of(live, watched(monitoring={"segments": ["size"]}), pa.table({"other": [1]}))
    assert [group.rows.sum() for group in alone] == [60] * FIFTHS


def test_few_numbers_and_missing_ones_are_groups_of_their_own() -> None:
    ledger = a_ledger(rows(10), inputs={"size": 2.0, "town": "ash"})
    ledger.append([next(iter(a_ledger(rows(11)[10:], inputs={"size": None, "town": ""}, id="x").kept.values()))])
    live = a_window(ledger).live
    by_size = groups_of(live, watched(monitoring={"segments": ["size"]}), a_reference())
    assert [(group.value, int(group.rows.sum())) for group in by_size] == [("2", 10), ("(missing)", 1)]
    assert [group.value for group in groups_of(live, watched(), a_reference())] == ["ash", "(missing)"]


def test_of_many_values_the_commonest_are_looked_at() -> None:
    live = a_window(a_ledger(rows(100))).live
    groups = groups_of(live, watched(monitoring={"segments": ["id", "nowhere"]}), a_reference())
    assert len(groups) == MOST
    assert all(np.count_nonzero(group.rows) == 1 for group in groups)
