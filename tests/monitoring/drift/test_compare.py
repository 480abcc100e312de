"""What is found in windows whose faults are known."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitoring.drift import drift_of
from understudy.errors import SpecError
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit

WEEK = timedelta(days=7)
MakeSpec = Callable[..., ProblemSpec]
MakeRows = Callable[..., pa.Table]
Put = Callable[..., pa.Table]


@pytest.fixture
def spec(make_spec: MakeSpec) -> ProblemSpec:
    return make_spec()


@pytest.fixture
def reference(make_rows: MakeRows) -> pa.Table:
    return make_rows()


@pytest.fixture
def week(make_rows: MakeRows) -> pa.Table:
    return make_rows(7, first=181)


def test_a_calm_week(spec: ProblemSpec, reference: pa.Table, week: pa.Table) -> None:
    drift = drift_of(week, reference, spec, WEEK, threshold=0.2)
    assert [column.name for column in drift.columns] == ["weight", "delay", "town", "warmth", "score", "decision"]
    assert [column.role for column in drift.columns[-3:]] == ["watched", "score", "decision"]
    assert drift.suspects == ()
    assert (drift.rows, drift.reference_rows, drift.windows, drift.independent) == (280, 7_200, 174, 25)
    assert all(0 < column.value < column.limit for column in drift.columns if column.value is not None)


def test_calm_weeks_rarely_alarm(spec: ProblemSpec, make_rows: MakeRows) -> None:
    """Twice alpha is what 25 independent windows can promise: 2.8 of 28 weeks."""
    reference = make_rows()
    weeks = (make_rows(7, first=181 + 7 * number) for number in range(28))
    alarms = [bool(drift_of(week, reference, spec, WEEK).suspects) for week in weeks]
    assert sum(alarms) <= 6


def test_a_shift_is_the_first_suspect(spec: ProblemSpec, reference: pa.Table, week: pa.Table, put: Put) -> None:
    delay = week["delay"].to_numpy() + np.float32(3)
    drift = drift_of(put(week, delay=delay), reference, spec, WEEK)
    assert [column.name for column in drift.suspects] == ["delay"]
    column = drift.suspects[0]
    assert column.excess > 2
    assert column.mean - column.mean_before == pytest.approx(3, abs=0.6)


def test_unseen_values_of_a_category(spec: ProblemSpec, reference: pa.Table, week: pa.Table, put: Put) -> None:
    town = np.where(np.arange(280) % 4 == 0, "east", week["town"].to_numpy(zero_copy_only=False))
    assert [column.name for column in drift_of(put(week, town=town), reference, spec, WEEK).suspects] == ["town"]


def test_a_column_that_lost_its_values(spec: ProblemSpec, reference: pa.Table, week: pa.Table, put: Put) -> None:
    drift = drift_of(put(week, warmth=np.full(280, np.nan, np.float32)), reference, spec, WEEK)
    column = drift.suspects[0]
    assert (column.name, column.gone, column.value, column.missing) == ("warmth", True, None, 1.0)
    assert drift.column("delay").missing == 0


def test_a_column_that_was_always_rare_is_not_gone(
    spec: ProblemSpec, reference: pa.Table, week: pa.Table, put: Put
) -> None:
    rare = [put(rows, warmth=np.full(rows.num_rows, np.nan, np.float32)) for rows in (week, reference)]
    drift = drift_of(rare[0], rare[1], spec, WEEK)
    assert not drift.column("warmth").gone
    assert drift.suspects == ()


def test_what_training_hardly_had_gets_no_limit(
    spec: ProblemSpec, reference: pa.Table, week: pa.Table, put: Put
) -> None:
    """A field that came into use in the last month of training."""
    warmth = np.where(np.arange(reference.num_rows) < 6_000, np.nan, reference["warmth"].to_numpy())
    drift = drift_of(week, put(reference, warmth=warmth), spec, WEEK)
    column = drift.column("warmth")
    assert column.value > 0
    assert (column.limit, column.drifted) == (None, False)
    assert "too few rows" in column.why


def test_another_unit_is_seen_in_the_steps_of_its_values(
    spec: ProblemSpec, reference: pa.Table, week: pa.Table, put: Put
) -> None:
    drift = drift_of(put(week, weight=week["weight"].to_numpy() * np.float32(1.01)), reference, spec, WEEK)
    column = drift.column("weight")
    assert column.value < column.limit
    assert column.new > 0.9 > column.new_limit
    assert drift.suspects == (column,)


def test_one_absurd_value_hides_nothing(spec: ProblemSpec, reference: pa.Table, week: pa.Table, put: Put) -> None:
    delay = week["delay"].to_numpy() + np.float32(3)
    delay[0] = 1e6
    assert drift_of(put(week, delay=delay), reference, spec, WEEK).suspects[0].name == "delay"


def test_a_constant_score(spec: ProblemSpec, reference: pa.Table, week: pa.Table, put: Put) -> None:
    drift = drift_of(put(week, score=np.full(280, 0.3, np.float32)), reference, spec, WEEK, threshold=0.2)
    assert {column.name for column in drift.suspects} == {"score", "decision"}


def test_both_sides_are_decided_by_one_threshold(spec: ProblemSpec, reference: pa.Table, week: pa.Table) -> None:
    decided = week.append_column("decision", pa.array(np.ones(280, bool)))
    found = [drift_of(decided, reference, spec, WEEK, threshold).column("decision") for threshold in (0.1, 0.4)]
    assert all(column is not None and not column.drifted for column in found)
    assert drift_of(decided, reference, spec, WEEK).column("decision") is None


def test_a_small_window_may_be_noisier(make_spec: MakeSpec, reference: pa.Table, make_rows: MakeRows) -> None:
    spec = make_spec(smallest=50)
    small, large = (drift_of(make_rows(7, 181, a_day), reference, spec, WEEK) for a_day in (9, 40))
    assert small.column("town").limit > 2 * large.column("town").limit


def test_too_few_rows_are_not_compared(spec: ProblemSpec, reference: pa.Table, make_rows: MakeRows) -> None:
    drift = drift_of(make_rows(4, 181), reference, spec, WEEK, threshold=0.2)
    assert [column.value for column in drift.columns] == [None] * 6
    assert drift.suspects == ()
    assert "200 are the least" in drift.note


def test_an_undated_problem_of_three_hundred_rows(make_spec: MakeSpec, make_rows: MakeRows, put: Put) -> None:
    spec = make_spec(dated=False, smallest=50)
    reference, current = (make_rows(30, first, 10).drop_columns("sent_at") for first in (0, 40))
    calm = drift_of(current, reference, spec, WEEK)
    assert (calm.how, calm.suspects) == ("random rows", ())
    shifted = put(current, warmth=current["warmth"].to_numpy() + np.float32(6))
    assert "warmth" in [column.name for column in drift_of(shifted, reference, spec, WEEK).suspects]


def test_a_reference_of_before_lacks_time_and_watched_numbers(
    spec: ProblemSpec, reference: pa.Table, week: pa.Table
) -> None:
    drift = drift_of(week, reference.drop_columns(["sent_at", "warmth"]), spec, WEEK)
    assert drift.how == "random rows"
    assert drift.column("warmth") is None


def test_skipped_columns_and_other_measures(make_spec: MakeSpec, reference: pa.Table, week: pa.Table) -> None:
    spec = make_spec(drift={"skip": ["delay"], "numbers": "jensenshannon"})
    drift = drift_of(week, reference, spec, WEEK)
    assert drift.column("delay") is None
    assert {column.name: column.measure for column in drift.columns}["weight"] == "jensenshannon"
    assert drift.suspects == ()


def test_an_unknown_measure_is_refused(make_spec: MakeSpec, reference: pa.Table, week: pa.Table) -> None:
    with pytest.raises(SpecError, match="'ks'"):
        drift_of(week, reference, make_spec(drift={"numbers": "ks"}), WEEK)


def test_twice_is_the_same(spec: ProblemSpec, reference: pa.Table, make_rows: MakeRows) -> None:
    week = make_rows(7, 181, 30)
    assert drift_of(week, reference, spec, WEEK) == drift_of(week, reference, spec, WEEK)
