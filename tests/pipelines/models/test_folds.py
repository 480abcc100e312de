from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.models.folds import holdout, make_folds, time_folds
from pipelines.models.frame import Rows, model_frame
from understudy.errors import DataError

pytestmark = pytest.mark.unit

HOUR = np.timedelta64(1, "h")
START = np.datetime64("2024-01-01T00:00", "ms")


def times(hours: Any) -> Any:
    return START + np.asarray(hours) * HOUR


def toy_rows(table: Any, spec: Any, **changes: Any) -> Rows:
    given = {"event_time": table["at"].to_numpy().astype("datetime64[ms]"), "y": table["sold"].to_numpy()}
    return Rows(frame=model_frame(table, spec), ids=table["id"].to_numpy(), **{**given, **changes})


def test_folds_lie_in_equal_shares_forward_in_time() -> None:
    folds = time_folds(times(range(100)), None, count=3, span=None)

    assert [(fold.train[0], fold.train[-1], fold.valid[0], fold.valid[-1]) for fold in folds] == [
        (0, 24, 25, 49),
        (0, 49, 50, 74),
        (0, 74, 75, 99),
    ]


def test_span_counts_back_from_the_newest_row() -> None:
    folds = time_folds(times(range(96)), None, count=2, span="1d")

    assert [(len(fold.train), len(fold.valid)) for fold in folds] == [(48, 24), (72, 24)]
    assert folds[-1].valid[-1] == 95


def test_rows_whose_label_came_after_the_folds_begin_are_purged() -> None:
    event = times(range(100))
    [first, *_] = time_folds(event, event + 10 * HOUR, count=3, span=None)

    # The fold begins at hour 25: labels of hours 15 to 24 came at hour 25 or later.
    assert first.train.tolist() == list(range(15))
    assert first.valid[0] == 25


def test_a_missing_label_time_counts_as_the_events() -> None:
    event = times(range(40))
    folds = time_folds(event, np.full(40, np.datetime64("NaT", "ms")), count=3, span=None)

    assert [len(fold.train) for fold in folds] == [10, 20, 30]


@settings(max_examples=60, deadline=None)
@given(
    hours=st.lists(st.integers(0, 300), min_size=20, max_size=120), delay=st.integers(0, 40), count=st.integers(2, 5)
)
def test_nothing_learned_from_is_younger_than_what_is_predicted(hours: list[int], delay: int, count: int) -> None:
    event = times(hours)
    label = event + delay * HOUR
    seen: list[int] = []
    for fold in time_folds(event, label, count, None):
        if len(fold.train) and len(fold.valid):
            assert label[fold.train].max() <= event[fold.valid].min() or delay == 0
            assert event[fold.train].max() < event[fold.valid].min()
        seen.extend(fold.valid)
    assert len(seen) == len(set(seen))


def test_undated_problems_get_stratified_folds(toy_spec: Callable[..., Any], toy_table: Any) -> None:
    spec = toy_spec(split={"method": "stratified"})
    rows = toy_rows(toy_table, spec)
    folds = make_folds(rows, spec)

    assert sorted(np.concatenate([fold.valid for fold in folds])) == list(range(900))
    assert np.ptp([rows.y[fold.valid].mean() for fold in folds]) < 0.005


def test_grouped_problems_keep_groups_together(toy_spec: Callable[..., Any], toy_table: Any) -> None:
    spec = toy_spec(split={"method": "grouped", "group": "street"})
    rows = toy_rows(toy_table, spec, group=toy_table["street"].to_numpy())

    for fold in make_folds(rows, spec):
        assert not set(rows.group[fold.train]) & set(rows.group[fold.valid])


def test_holdout_of_a_dated_problem_is_its_newest_fifth(toy_spec: Callable[..., Any], toy_table: Any) -> None:
    spec = toy_spec()
    fold = holdout(toy_rows(toy_table, spec), spec)

    assert (fold.train[-1], fold.valid[0], len(fold.valid)) == (719, 720, 180)


def test_a_holdout_leaves_rows_to_learn_from_however_coarse_the_dates(toy_spec: Any, toy_table: Any) -> None:
    spec, count = toy_spec(), toy_table.num_rows
    days = times(np.repeat([0, 24], [count - 60, 60]))
    fold = holdout(toy_rows(toy_table, spec, event_time=days), spec)
    assert (len(fold.train), len(fold.valid)) == (count - 60, 60)
    of_one_day = holdout(toy_rows(toy_table, spec, event_time=times(np.zeros(count))), spec)
    assert (len(of_one_day.train), len(of_one_day.valid)) == (720, 180)


def test_too_few_of_a_class_is_said(toy_spec: Callable[..., Any], toy_table: Any) -> None:
    y = np.zeros(900, dtype=np.int64)
    y[0] = 1
    for method in ("ordered", "stratified"):
        spec = toy_spec(split={"method": method})
        with pytest.raises(DataError, match="do not make 3 folds"):
            make_folds(toy_rows(toy_table, spec, y=y), spec)
