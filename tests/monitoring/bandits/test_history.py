"""Shares, rewards and regret over time."""

from typing import Any

import numpy as np
import pytest

from monitoring.bandits.draws import Bandit, Draws, read_draws
from monitoring.bandits.history import by_revision, over_time, periods, regrets
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit


def test_days_with_their_shares(draws: Draws) -> None:
    found = over_time(draws)
    assert [row["since"][:10] for row in found] == [f"2013-11-0{day}" for day in range(1, 6)]
    assert [sum(row["decisions"]) for row in found] == [60] * 5
    assert [row["odds"][1] for row in found] == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9])
    assert found[0]["labelled"] == 60


def test_a_short_time_is_told_by_the_hour(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    begins, place = periods(read_draws(drawing(days=2), spec, bandit))
    assert len(begins) == 40
    assert np.bincount(place).tolist() == [3] * 40


def test_revisions_with_their_shares(draws: Draws) -> None:
    found = by_revision(draws)
    assert [(row["revision"], sum(row["decisions"])) for row in found] == [(2, 180), (3, 120)]
    assert found[1]["odds"][1] == pytest.approx(0.85)


def test_regret_grows_and_stays_below_that_of_an_even_split(draws: Draws) -> None:
    found = regrets(draws, 1)
    assert np.all(np.diff(found["value"]) >= 0)
    assert np.all(np.array(found["low"]) <= found["value"])
    assert np.all(np.array(found["value"]) <= found["high"])
    assert found["value"][-1] < found["even"][-1]
    truth = 0.3 * 0.6 * float((draws.chosen == 0).sum())
    assert found["low"][-1] < truth < found["high"][-1]
    assert regrets(draws, 1) == found


def test_without_labels_regret_is_anybodys_guess(drawing: Any, bandit: Bandit, spec: ProblemSpec) -> None:
    found = regrets(read_draws(drawing(labelled=0.0), spec, bandit), 1)
    assert found["low"][-1] < 0.05 * found["high"][-1]
