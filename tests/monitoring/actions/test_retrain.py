"""A training whose gate decides."""

from datetime import datetime
from typing import Any

import pytest
from evidence import START, WEEK, about
from small_watch import an_alert
from some_versions import a_version

from monitoring.actions.retrain import Retrain
from understudy.errors import ConflictError, StageError
from understudy.records import Version

pytestmark = pytest.mark.unit

ALERT = an_alert(action="retrain", why="Brier is 0.31.", evidence=about())


class Training:
    def __init__(self, version: Version) -> None:
        self.version, self.asked = version, []  # type: ignore[var-annotated]

    def __call__(self, problem: str, as_of: datetime) -> Version:
        self.asked.append((problem, as_of))
        return self.version


def test_what_the_gate_accepts_rehearses_in_the_shadow(stage: Any) -> None:
    train = Training(a_version(2, state="pending"))
    outcome = Retrain(stage.log, stage.deployer, train).act(ALERT)
    newest = stage.log.newest("toy")
    assert train.asked == [("toy", START + 4 * WEEK)]
    assert ([one.version for one in newest.shadows], newest.champion.version) == ([2], 1)
    assert (newest.who, newest.why) == ("alert a0001", "Trained because Brier is 0.31.")
    assert (outcome["accepted"], outcome["version"], outcome["revision"]) == (True, 2, 3)


def test_what_the_gate_refuses_is_told_row_by_row(stage: Any) -> None:
    outcome = Retrain(stage.log, stage.deployer, Training(a_version(2, decision="rejected"))).act(ALERT)
    assert outcome["what"] == "A training gave toy/2, and the gate refused it. roc_auc: 0.7 against 0.8."
    assert (outcome["accepted"], [row["name"] for row in outcome["failed"]]) == (False, ["roc_auc"])
    assert outcome["failed"][0]["figure"] == 0.7
    assert len(stage.log.history("toy")) == 2


def test_interrupted_after_the_shadow_was_placed_it_only_finishes(stage: Any) -> None:
    train = Training(a_version(2))
    first = Retrain(stage.log, stage.deployer, train).act(ALERT)
    assert Retrain(stage.log, stage.deployer, train).act(ALERT) == first
    assert len(train.asked) == 1


def test_a_training_that_gives_what_serves_changes_nothing(stage: Any) -> None:
    outcome = Retrain(stage.log, stage.deployer, Training(a_version(1))).act(ALERT)
    assert outcome["what"] == "A training gave toy/1, which serves already: there was nothing new to learn."
    assert len(stage.log.history("toy")) == 2


def test_a_champion_that_changed_meanwhile_was_not_the_one_that_got_worse(stage: Any) -> None:
    def train(problem: str, as_of: datetime) -> Version:
        stage.deploy(7)
        return a_version(2)

    with pytest.raises(ConflictError, match="revision 3"):
        Retrain(stage.log, stage.deployer, train).act(ALERT)
    assert stage.log.newest("toy").shadows == ()


def test_a_training_that_fails_is_not_hidden(stage: Any) -> None:
    def train(problem: str, as_of: datetime) -> Version:
        raise StageError("tune stopped.")

    with pytest.raises(StageError):
        Retrain(stage.log, stage.deployer, train).act(ALERT)
