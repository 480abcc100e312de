"""Going back, and only from what the evidence speaks of."""

from typing import Any

import pytest
from evidence import about
from small_watch import an_alert

from monitoring.actions.rollback import Rollback
from understudy.errors import ConflictError, DeploymentError
from understudy.records import Alert

pytestmark = pytest.mark.unit


def alert(**more: Any) -> Alert:
    return an_alert(action="rollback", why="It answers a constant.", evidence=about(**more))


def test_the_last_other_champion_is_restored_and_signed(stage: Any) -> None:
    outcome = Rollback(stage.log, stage.deployer).act(alert())
    newest = stage.log.newest("toy")
    assert (newest.champion.version, newest.who, newest.why) == (9, "alert a0001", "It answers a constant.")
    assert outcome == {
        "what": "Revision 3 restores revision 1: toy/9 is champion.", "revision": 3, "restores": 1,
    }  # fmt: skip


def test_the_same_alert_again_finds_its_work_done(stage: Any) -> None:
    action = Rollback(stage.log, stage.deployer)
    assert action.act(alert()) == action.act(alert())
    assert len(stage.log.history("toy")) == 3


def test_evidence_about_a_version_that_is_champion_no_longer_moves_nothing(stage: Any) -> None:
    stage.deploy(4)
    with pytest.raises(ConflictError, match=r"about toy/1 as champion, and revision 3 \(deploy by ann\) changed that"):
        Rollback(stage.log, stage.deployer).act(alert())
    assert stage.log.newest("toy").champion.version == 4


def test_an_arm_that_does_harm_is_taken_out(stage: Any) -> None:
    stage.deploy(2, "canary", weight=10.0)
    outcome = Rollback(stage.log, stage.deployer).act(alert(number=2, arm="challenger"))
    newest = stage.log.newest("toy")
    assert ([arm.name for arm in newest.arms], newest.champion.version) == (["champion"], 1)
    assert outcome["what"] == "Revision 4 takes the arm out: toy/1 is champion."
    with pytest.raises(ConflictError):
        Rollback(stage.log, stage.deployer).act(alert(number=2, arm="challenger").model_copy(update={"id": "other"}))


def test_where_there_is_nothing_to_go_back_to_it_says_so(stage: Any) -> None:
    stage.log.kept.pop(("toy", 1))
    with pytest.raises(DeploymentError, match="no revision with another champion"):
        Rollback(stage.log, stage.deployer).act(alert())
