"""Resampling blocks is re-weighting; the shortcuts give what the general way gives; intervals cover."""

import math

import numpy as np
import pytest

from understudy.statistics import metrics
from understudy.statistics.bootstrap import (
    Interval,
    Resample,
    block_weights,
    interval,
    paired_interval,
    percentile_interval,
)

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(3)
    blocks = np.repeat([f"d{day:02}" for day in range(20)], 30)
    y = rng.integers(0, 2, 600)
    score = np.round(np.clip(0.5 + 0.2 * (y - 0.5) + rng.normal(0, 0.2, 600), 0, 1), 2)
    return blocks, y, score


def test_weights_draw_whole_blocks(case):
    blocks, _, _ = case
    weights = block_weights(blocks, 50, seed=1)
    assert weights.shape == (50, 600)
    assert (weights.sum(axis=1) == 600).all()
    assert all((weights[:, blocks == name] == weights[:, blocks == name][:, :1]).all() for name in set(blocks))
    assert (weights == block_weights(blocks, 50, seed=1)).all()
    assert (weights != block_weights(blocks, 50, seed=2)).any()


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "calibration_error"])
def test_a_shortcut_is_the_metric_of_the_weighted_rows(case, name):
    blocks, y, score = case
    quick = getattr(Resample(blocks, 60, seed=5), name)(y, score)
    slow = interval(getattr(metrics, name), blocks, y, score, repeats=60, seed=5)
    assert [quick.value, quick.low, quick.high] == pytest.approx([slow.value, slow.low, slow.high], abs=1e-12)
    assert slow.low < slow.high


def test_the_same_draws_serve_some_of_the_rows(case):
    blocks, y, score = case
    resample, some = Resample(blocks, 60, seed=5), score > 0.5
    weights = block_weights(blocks, 60, seed=5)[:, some]
    expected = [metrics.roc_auc(y[some], score[some], weight=weight) for weight in weights]
    assert resample.take(some).roc_aucs(y[some], score[some]) == pytest.approx(expected, abs=1e-12)


def test_a_ratio_of_sums_is_the_weighted_metric(case):
    blocks, y, score = case
    quick = Resample(blocks, 60, seed=5).ratio((score - y) ** 2)
    slow = interval(metrics.brier, blocks, y, score, repeats=60, seed=5)
    assert [quick.value, quick.low, quick.high] == pytest.approx([slow.value, slow.low, slow.high], abs=1e-12)


def test_rows_alike_within_a_block_widen_the_interval():
    rng = np.random.default_rng(0)
    outcome = np.repeat(rng.integers(0, 2, 40), 25)
    by_block = Resample(np.repeat(np.arange(40), 25), 400, seed=0).ratio(outcome)
    by_row = Resample(np.arange(1000), 400, seed=0).ratio(outcome)
    assert (by_block.high - by_block.low) > 3 * (by_row.high - by_row.low)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    covered = 0
    for trial in range(200):
        estimate = Resample(np.arange(80), 200, seed=trial).ratio(rng.normal(1.0, 1.0, 80))
        covered += estimate.low <= 1.0 <= estimate.high
    assert 0.89 <= covered / 200 <= 0.99


def test_a_pair_is_compared_on_the_same_draws(case):
    blocks, y, score = case
    same = paired_interval(metrics.brier, blocks, y, score, score, repeats=40, seed=2)
    assert same == Interval(0.0, 0.0, 0.0)
    worse = paired_interval(metrics.brier, blocks, y, 1 - score, score, repeats=40, seed=2)
    assert 0 < worse.low < worse.value < worse.high


def test_too_few_defined_repeats_give_no_interval():
    estimate = percentile_interval(0.5, np.array([np.nan, np.nan, 0.4, 0.6]))
    assert estimate.value == 0.5
    assert math.isnan(estimate.low)
    assert estimate.json() == {"value": 0.5, "low": None, "high": None}
    assert Resample(np.arange(3), 50, seed=0).ratio(np.zeros(3), np.zeros(3)).json()["value"] is None
