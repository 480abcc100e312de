"""The champion's answers as they are judged."""

from datetime import timedelta

import numpy as np
import pytest
from small_traffic import SPEC, a_ledger, a_window, answered, rows

from monitoring.window.judged import FEWEST_BLOCKS, MOST_BLOCKS, RUNS, blocks_of, judged

pytestmark = pytest.mark.unit


def test_only_the_version_and_only_rows_with_a_score() -> None:
    made = rows(30)
    ledger = a_ledger(made[:10])
    ledger.append([answered(row, number + 10, version=2) for number, row in enumerate(made[10:20])])
    ledger.append([answered(row, number + 20, score=None) for number, row in enumerate(made[20:])])
    found = judged(a_window(ledger).live.answers, 1, SPEC)
    assert found.score.tolist() == [row["score"] for row in made[:10]]
    assert found.y.tolist() == [float(row["late"]) for row in made[:10]]
    assert found.places.tolist() == list(range(10))


def test_the_labelled_ones_are_those_whose_label_is_known() -> None:
    made = rows(20)
    ledger = a_ledger(made[:8])
    ledger.append([answered(row, number + 8) for number, row in enumerate(made[8:])])
    found = judged(a_window(ledger).live.answers, 1, SPEC)
    assert (len(found), len(found.labelled)) == (20, 8)


def test_rows_are_resampled_by_their_days() -> None:
    found = judged(a_window(a_ledger(rows(100))).live.answers, 1, SPEC)
    assert np.unique(found.blocks, return_counts=True)[1].tolist() == [10] * 10


def test_the_days_of_a_year_are_joined_to_fewer_blocks() -> None:
    moments = np.datetime64("2024-01-01", "us") + np.arange(366) * np.timedelta64(1, "D")
    sizes = np.unique(blocks_of(moments, timedelta(days=1)), return_counts=True)[1]
    assert len(sizes) <= MOST_BLOCKS
    assert set(sizes[1:-1].tolist()) == {4}


def test_too_few_days_make_runs_of_rows() -> None:
    moments = np.datetime64("2024-03-01", "us") + np.arange(400) * np.timedelta64(1, "m")
    blocks = blocks_of(moments, timedelta(days=1))
    assert len(np.unique(blocks)) == RUNS > FEWEST_BLOCKS
    assert (np.diff(blocks) >= 0).all()
    assert len(blocks_of(moments[:0], timedelta(days=1))) == 0
