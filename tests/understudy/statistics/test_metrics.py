"""Metrics agree with scikit-learn to 1e-12, with ties and weights, and re-weighting is repeating rows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from understudy.statistics import metrics

pytestmark = pytest.mark.unit

SCORES = st.sampled_from([0.0, 0.05, 0.1, 0.25, 0.3, 0.5, 0.77, 0.9, 0.99, 1.0]) | st.floats(0, 1, width=32)


@st.composite
def judged(draw):
    rows = draw(st.integers(4, 40))
    y = np.array([0, 1, *draw(st.lists(st.integers(0, 1), min_size=rows - 2, max_size=rows - 2))])
    score = np.array(draw(st.lists(SCORES, min_size=rows, max_size=rows)), dtype=np.float64)
    weight = np.array(draw(st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.25]), min_size=rows, max_size=rows)))
    return y, score, weight


@given(judged())
@settings(max_examples=60, deadline=None)
def test_score_metrics_are_those_of_scikit_learn(case):
    y, score, weight = case
    for ours, theirs in (
        (metrics.roc_auc, reference.roc_auc_score),
        (metrics.average_precision, reference.average_precision_score),
        (metrics.brier, reference.brier_score_loss),
        (metrics.log_loss, reference.log_loss),
    ):
        assert ours(y, score) == pytest.approx(theirs(y, score), rel=1e-12, abs=1e-12)
        assert ours(y, score, weight=weight) == pytest.approx(
            theirs(y, score, sample_weight=weight), rel=1e-12, abs=1e-12
        )


@given(judged(), st.floats(0.01, 0.99))
@settings(max_examples=40, deadline=None)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true:UserWarning")
def test_decision_metrics_are_those_of_scikit_learn(case, threshold):
    y, score, weight = case
    decision = (score >= threshold).astype(int)
    ours = metrics.confusion(y, decision, weight)
    cells = reference.confusion_matrix(y, decision, sample_weight=weight).ravel()
    assert [ours.tn, ours.fp, ours.fn, ours.tp] == pytest.approx(list(cells), abs=1e-12)
    for figure, theirs, options in (
        (metrics.accuracy, reference.accuracy_score, {}),
        (metrics.balanced_accuracy, reference.balanced_accuracy_score, {}),
        (metrics.precision, reference.precision_score, {"zero_division": 0}),
        (metrics.recall, reference.recall_score, {"zero_division": 0}),
        (metrics.f1, reference.f1_score, {"zero_division": 0}),
    ):
        assert figure(ours) == pytest.approx(theirs(y, decision, sample_weight=weight, **options), abs=1e-12)


@given(judged(), st.data())
@settings(max_examples=40, deadline=None)
def test_a_whole_weight_is_a_repeated_row(case, data):
    y, score, _ = case
    weight = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(y), max_size=len(y))))
    weight[:2] = np.maximum(weight[:2], 1)
    rows = np.repeat(np.arange(len(y)), weight)
    for metric in (
        metrics.roc_auc,
        metrics.average_precision,
        metrics.brier,
        metrics.log_loss,
        metrics.calibration_error,
    ):
        assert metric(y, score, weight=weight) == pytest.approx(metric(y[rows], score[rows]), abs=1e-12)


@given(judged())
@settings(max_examples=50, deadline=None)
def test_ranking_metrics_do_not_mind_the_order_of_rows(case):
    y, score, weight = case
    order = np.argsort(-score, kind="stable")
    for metric in (metrics.roc_auc, metrics.average_precision):
        assert metric(y, score, weight=weight) == pytest.approx(
            metric(y[order], score[order], weight=weight[order]), abs=1e-12
        )


def test_calibration_error_by_hand():
    y = np.array([0, 1, 1, 1])
    score = np.array([0.05, 0.05, 0.95, 1.0])
    assert metrics.calibration_error(y, score) == pytest.approx((abs(1 - 0.1) + abs(2 - 1.95)) / 4)


def test_one_class_leaves_what_is_undefined_undefined():
    y, score = np.ones(3), np.array([0.1, 0.5, 0.9])
    assert math.isnan(metrics.roc_auc(y, score))
    assert math.isnan(metrics.average_precision(1 - y, score))
    assert math.isnan(metrics.brier(y, score, weight=np.zeros(3)))
    assert metrics.balanced_accuracy(metrics.confusion(y, y)) == 1.0
