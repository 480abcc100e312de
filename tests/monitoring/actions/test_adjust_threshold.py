"""The threshold moves only where newer rows confirm what older rows ask for."""

from typing import Any

import numpy as np
import pytest
from evidence import START, WEEK, about
from small_watch import an_alert
from watched_problem import watched

from monitoring.actions.adjust_threshold import AdjustThreshold, tried
from monitoring.actions.answers import Answers
from understudy.errors import ConflictError

pytestmark = pytest.mark.unit

SPEC = watched(monitoring={"smallest": 100})
ALERT = an_alert(action="adjust_threshold", since=START + 3 * WEEK, until=START + 4 * WEEK, evidence=about())


def rows(days: int = 28, a_day: int = 60, threshold: float = 0.5, truth: Any = lambda score: score) -> Answers:
    rng = np.random.default_rng(1)
    score = rng.random(days * a_day)
    y = (rng.random(len(score)) < truth(score)).astype(np.int8)
    decision = (score >= threshold).astype(np.int8)
    return Answers(y, score, decision, np.full(len(score), threshold), np.repeat(np.arange(days), a_day))


def test_a_threshold_that_costs_too_much_is_moved_to_what_the_costs_ask_for() -> None:
    trial = tried(rows(), SPEC)
    assert not isinstance(trial, str)
    assert trial.present == 0.5
    assert trial.value == pytest.approx(1 / 6, abs=0.06), "a miss costs five alarms"
    assert trial.saved.low > 0
    assert (trial.older, trial.newer) == (16 * 60, 12 * 60)


def test_it_is_chosen_on_older_rows_alone_and_weighed_on_newer_ones() -> None:
    turned = rows()
    newer = turned.block >= 16
    turned.y[newer] = 0
    trial = tried(turned, SPEC)
    assert not isinstance(trial, str)
    assert trial.value == tried(rows(), SPEC).value  # type: ignore[union-attr]
    assert trial.saved.high < 0, "where nothing is positive any more, flagging more costs more"


@pytest.mark.parametrize(
    ("few", "why"),
    [(rows(days=10), "10 labelled blocks of 1d are too few"), (rows(a_day=5), "80 older and 60 newer labelled rows")],
)
def test_too_few_rows_say_so(few: Answers, why: str) -> None:
    trial = tried(few, SPEC)
    assert isinstance(trial, str)
    assert why in trial


def test_the_change_is_made_recorded_and_made_once(stage: Any, fill: Any) -> None:
    action = AdjustThreshold(SPEC, fill(), stage.log, stage.deployer)
    outcome = action.act(ALERT)
    newest = stage.log.newest("toy")
    assert (newest.change, newest.who, newest.champion.threshold) == ("threshold", "alert a0001", outcome["value"])
    assert (outcome["present"], outcome["revision"], newest.champion.version) == (0.5, 3, 1)
    assert outcome["saved_per_1000"]["low"] > 0
    assert newest.why.startswith(f"{outcome['value']:.4g} saves ")
    assert action.act(ALERT)["revision"] == 3
    assert len(stage.log.history("toy")) == 3


def test_a_threshold_that_is_right_stays(stage: Any, fill: Any) -> None:
    outcome = AdjustThreshold(SPEC, fill(threshold=1 / 6), stage.log, stage.deployer).act(ALERT)
    assert outcome["what"].startswith("The threshold stays at 0.1667: ")
    assert (outcome["revision"], outcome["saved_per_1000"]["low"] <= 0) == (None, True)
    saved = outcome["saved_per_1000"]["value"]
    assert f" {'saves' if saved >= 0 else 'would cost another'} {abs(saved):.4g} per 1,000" in outcome["what"]
    assert len(stage.log.history("toy")) == 2


def test_labels_that_landed_later_do_not_count(stage: Any, fill: Any) -> None:
    early = ALERT.model_copy(update={"evidence": about(as_of=(START + WEEK).isoformat())})
    outcome = AdjustThreshold(SPEC, fill(), stage.log, stage.deployer).act(early)
    assert outcome["what"] == "The threshold stays: 7 labelled blocks of 1d are too few to choose and to confirm."


def test_another_champion_is_left_alone(stage: Any, fill: Any) -> None:
    stage.deploy(7)
    with pytest.raises(ConflictError):
        AdjustThreshold(SPEC, fill(), stage.log, stage.deployer).act(ALERT)
