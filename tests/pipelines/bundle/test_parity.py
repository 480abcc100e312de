"""Parity of compiled and trained model."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.bundle.parity import SPOILED_ROWS, TOLERANCE, check_parity, spoil
from pipelines.models.frame import Rows
from understudy.errors import BundleError
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit

THRESHOLD = 0.5


class Trained:
    """Scores that grow with the row's size."""

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        score = 1 / (1 + np.exp(-np.nan_to_num(frame["size"].to_numpy(np.float64))))
        return np.column_stack([1 - score, score])


class Compiled:
    """The same scores, off by what ``wrong`` says of each row."""

    def __init__(self, wrong: Callable[[Any], Any]) -> None:
        self.wrong = wrong

    def score(self, numbers: Any, categories: Any) -> Any:
        score = 1 / (1 + np.exp(-np.nan_to_num(numbers[:, 0].astype(np.float64))))
        return score + self.wrong(score)


@pytest.fixture
def rows(toy_frame: pd.DataFrame, toy_spec: Callable[..., ProblemSpec]) -> Rows:
    frame = toy_frame[[*toy_spec().numbers, *toy_spec().categories]].head(300)
    return Rows(frame=frame, y=np.zeros(len(frame), np.int64), ids=np.array([f"r{i}" for i in range(len(frame))]))


def test_equal_scores_pass(rows: Rows, toy_spec: Callable[..., ProblemSpec]) -> None:
    parity = check_parity(Trained(), Compiled(lambda _: 0.0), rows, THRESHOLD, toy_spec())  # type: ignore[arg-type]
    assert parity.max_difference == 0.0
    assert parity.rows == 300 + 3 * SPOILED_ROWS + 3


def test_largest_difference_is_reported(rows: Rows, toy_spec: Callable[..., ProblemSpec]) -> None:
    parity = check_parity(Trained(), Compiled(lambda s: 3e-6 * s), rows, 0.9999, toy_spec())  # type: ignore[arg-type]
    assert 1e-6 < parity.max_difference < 3e-6


def test_rows_that_differ_are_listed_worst_first(rows: Rows, toy_spec: Callable[..., ProblemSpec]) -> None:
    def wrong(score: Any) -> Any:
        off = np.zeros(len(score))
        off[[3, 7]] = 0.002, 0.008
        return off

    with pytest.raises(BundleError) as caught:
        check_parity(Trained(), Compiled(wrong), rows, THRESHOLD, toy_spec())  # type: ignore[arg-type]
    assert "on 2 of" in caught.value.what
    assert "by up to 8.0e-03" in caught.value.what
    assert caught.value.what.index("r7:") < caught.value.what.index("r3:")
    assert "sigmoid" in caught.value.fix


def test_not_a_number_is_a_difference(rows: Rows, toy_spec: Callable[..., ProblemSpec]) -> None:
    with pytest.raises(BundleError, match="differs from the trained one"):
        check_parity(Trained(), Compiled(lambda s: s * np.nan), rows, THRESHOLD, toy_spec())  # type: ignore[arg-type]


def test_a_flip_next_to_the_threshold_is_counted_not_refused(rows: Rows, toy_spec: Callable[..., ProblemSpec]) -> None:
    score = Trained().predict_proba(rows.frame)[0, 1]
    parity = check_parity(Trained(), Compiled(lambda _: -TOLERANCE / 4), rows, score - 1e-9, toy_spec())  # type: ignore[arg-type]
    assert parity.decisions_changed >= 1


def test_spoiled_copies_hold_missing_and_unseen_values(rows: Rows, toy_spec: Callable[..., ProblemSpec]) -> None:
    spec = toy_spec()
    frame, ids = spoil(rows, spec)
    altered = frame.iloc[300:]
    assert len(ids) == len(frame)
    assert list(frame.columns) == list(rows.frame.columns)
    assert (altered[list(spec.numbers)].isna().all(axis=1)).sum() >= SPOILED_ROWS
    assert (altered["town"] == "").sum() >= SPOILED_ROWS
    assert not set(altered["street"]) <= {*rows.frame["street"], ""}
    assert all(str(name).endswith("(altered)") for name in ids[300:])
