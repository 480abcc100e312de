"""Figures of a difference, by hand where that is possible."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.shadows.differences import by_day, decisions, quality, scores, speeds
from monitoring.shadows.pairs import Pairs, Side, rehearsal
from monitoring.window.read import Window
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit
DAY = timedelta(days=1)


@pytest.fixture
def pairs(by_hand: Window) -> Pairs:
    return rehearsal(by_hand.live.answers, by_hand.shadows, 1, 2, DAY).pairs


def test_decisions_by_hand(pairs: Pairs) -> None:
    found = decisions(pairs, pairs.resample(50, 1))
    assert found["agreement"]["value"] == 0.5
    assert [found[name] for name in ("both", "only_shadow", "only_champion", "neither")] == [1, 1, 1, 1]


def test_scores_by_hand(pairs: Pairs) -> None:
    found = scores(pairs, pairs.resample(50, 1))
    assert found["mean"]["value"] == pytest.approx(0.0)
    assert found["mean_apart"]["value"] == pytest.approx(0.2)
    assert found["largest"] == pytest.approx(0.4)
    assert found["quantiles"]["0.5"] == pytest.approx(0.05)
    assert sum(found["histogram"]["shares"]) == pytest.approx(1.0)
    assert np.sum(found["grid"]["counts"]) == 4


def test_quality_by_hand(pairs: Pairs, spec: ProblemSpec) -> None:
    found = quality(pairs, spec)
    assert [found["cost"][side]["value"] for side in ("champion", "shadow", "difference")] == [1500, 0, -1500]
    assert [found["brier"][side]["value"] for side in ("champion", "shadow")] == pytest.approx([0.325, 0.13])
    assert found["roc_auc"]["champion"]["value"] == 0.5
    assert found["roc_auc"]["shadow"]["value"] == 1.0
    assert found["roc_auc"]["difference"]["value"] == 0.5


def test_speeds_and_days_by_hand(pairs: Pairs, spec: ProblemSpec) -> None:
    assert speeds(pairs)["champion"]["p99_ms"] == 2.0
    (day,) = by_day(pairs, spec)
    assert (day["rows"], day["labelled"], day["agreement"], day["dearer"]) == (4, 4, 0.5, -1500.0)


def test_a_pair_is_surer_than_two_apart(rehearse: Any, spec: ProblemSpec) -> None:
    """What is hard for both at once is no difference."""
    window = rehearse(lambda one: 0.95 * one.score)
    found = quality(rehearsal(window.live.answers, window.shadows, 1, 2, DAY).pairs.labelled, spec)["brier"]
    width = {side: one["high"] - one["low"] for side, one in found.items()}
    assert width["difference"] < 0.3 * min(width["champion"], width["shadow"])


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=40))
def test_swapping_the_two_turns_every_difference_round(said: list[tuple[float, float]]) -> None:
    ours, theirs = (np.array(side) for side in zip(*said, strict=True))
    forth, back = (scores(one, one.resample(20, 1)) for one in (_pairs(theirs, ours), _pairs(ours, theirs)))
    assert forth["mean"]["value"] == pytest.approx(-back["mean"]["value"])
    assert forth["largest"] == back["largest"]
    assert forth["quantiles"]["0.25"] == pytest.approx(-back["quantiles"]["0.75"])
    alike = decisions(_pairs(ours, ours), _pairs(ours, ours).resample(20, 1))
    assert alike["agreement"]["value"] == 1.0


def _pairs(theirs: np.ndarray, ours: np.ndarray) -> Pairs:
    sides = [Side(score, (score >= 0.5).astype(np.int64), np.ones(len(score))) for score in (theirs, ours)]
    moment = np.datetime64("2013-11-01", "us") + np.arange(len(ours))
    places = np.arange(len(ours))
    return Pairs(*sides, np.full(len(ours), np.nan), moment, places // 5, places)
