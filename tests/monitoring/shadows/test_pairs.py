"""Joined by request, and nothing lost on the way."""

from datetime import timedelta

import numpy as np
import pytest

from monitoring.shadows.pairs import Rehearsal, rehearsal
from monitoring.window.read import Window
from understudy.problem.decision import Costs

pytestmark = pytest.mark.unit
DAY = timedelta(days=1)


@pytest.fixture
def found(by_hand: Window) -> Rehearsal:
    return rehearsal(by_hand.live.answers, by_hand.shadows, 1, 2, DAY)


def test_each_request_is_beside_itself(found: Rehearsal) -> None:
    pairs = found.pairs
    assert pairs.theirs.score.tolist() == [0.1, 0.3, 0.6, 0.8]
    assert pairs.ours.score.tolist() == [0.2, 0.6, 0.6, 0.4]
    assert pairs.y.tolist() == [0, 1, 1, 0]
    assert pairs.disagree.tolist() == [0, 1, 0, 1]
    assert pairs.gap == pytest.approx([0.1, 0.3, 0.0, -0.4])
    assert (pairs.theirs.latency[0], pairs.ours.latency[0]) == (2.0, 0.5)


def test_what_it_costs_follows_by_hand(found: Rehearsal) -> None:
    """The champion misses the second (5) and flags the fourth (1); the shadow is right four times."""
    assert found.pairs.dearer(Costs()).tolist() == [0, -5000, 0, -1000]
    assert found.pairs.blurrier == pytest.approx([0.03, -0.33, 0.0, -0.48])


def test_every_offered_request_is_accounted_for(found: Rehearsal) -> None:
    assert (found.offered, len(found.pairs), found.failed, found.missing) == (6, 4, 1, 1)
    assert found.failures == {"it hung": 1}
    assert found.offered == len(found.pairs) + found.failed + found.missing


def test_requests_of_other_revisions_were_not_offered(by_hand: Window) -> None:
    found = rehearsal(by_hand.live.answers, by_hand.shadows, 1, 2, DAY, {7})
    assert (found.offered, len(found.pairs), found.missing) == (0, 0, 0)


def test_another_champion_answered_other_requests(by_hand: Window) -> None:
    found = rehearsal(by_hand.live.answers, by_hand.shadows, 3, 2, DAY)
    assert (found.offered, found.pairs.ours.score.tolist()) == (1, [0.9])


def test_rows_of_too_few_days_are_resampled_by_runs(found: Rehearsal) -> None:
    assert found.pairs.spans == 1
    assert found.pairs.resample(50, 1).counts.shape == (50, 4)
    assert np.isfinite(found.pairs.resample(50, 1).ratio(found.pairs.gap).low)
