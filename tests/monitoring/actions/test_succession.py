"""From the shadow to champion, window by window."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from evidence import START, WEEK
from fake_watch_log import FakeWatchLog
from small_watch import a_snapshot
from some_versions import a_version, digest_of
from watched_problem import DRIFT, WORSE, watched

from monitoring.actions.retrain import Retrain
from monitoring.actions.step import Steps
from monitoring.actions.succession import Succession
from monitoring.alerts import Acting, handle
from understudy.errors import ConflictError, DeploymentError
from understudy.records import Alert, Reading, Snapshot, Version

pytestmark = pytest.mark.unit

SPEC = watched(monitoring={"smallest": 100})
ORIGIN = "alert worse-0123"
LOOP = watched(
    [DRIFT, WORSE | {"cooldown": "28d"}], {"smallest": 100, "retraining": {"canary": [10, 50], "hold": "1m"}}
)


def window(week: int = 0, **changes: Any) -> Snapshot:
    return a_snapshot(week, digest=digest_of(1), as_of=START + (week + 2) * WEEK, **changes)


def due(stage: Any, ledger: Any, snapshot: Snapshot) -> tuple[Alert, ...]:
    return Succession(SPEC, ledger, stage.log, lambda: stage.now[0]).due(snapshot)


def steps(stage: Any) -> Steps:
    return Steps(SPEC, stage.log, stage.deployer, stage.registry)


def sharp(score: float, y: float, rng: Any) -> float:
    """A shadow that knows more than the champion."""
    return 0.7 * y + 0.3 * score


def blunt(score: float, y: float, rng: Any) -> float:
    return 1 - score


def alike(score: float, y: float, rng: Any) -> float:
    return score + 0.001 * rng.normal()


def decided(alert: Alert) -> Alert:
    return alert.model_copy(update={"state": "decided", "why": alert.evidence["because"]})


def test_a_shadow_that_is_better_beyond_chance_becomes_a_canary(stage: Any, fill: Any) -> None:
    stage.deploy(2, "shadow", ORIGIN)
    ledger = fill(shadow=sharp)
    (step,) = due(stage, ledger, window(0))
    assert (step.action, step.subject, step.rule) == ("canary", "toy/2", "succession")
    assert (step.evidence["origin"], step.evidence["arm"], step.evidence["version"]) == ("worse-0123", "shadow", 2)
    assert step.evidence["figures"]["dearer_per_1000"]["high"] < 0
    assert step.evidence["because"].startswith("In the shadow on 280 requests it costs ")
    assert due(stage, ledger, window(0)) == (step,), "the same window gives the same step"
    outcome = steps(stage).canary(decided(step))
    newest = stage.log.newest("toy")
    assert (newest.mode, newest.arms[1].version, newest.shadows) == ("canary", 2, ())
    assert newest.ramp.shares == (0.05, 0.25, 0.5)
    assert (newest.who, outcome["revision"]) == (f"alert {step.id}", 4)
    assert steps(stage).canary(decided(step))["revision"] == 4


def test_a_shadow_that_is_worse_is_withdrawn(stage: Any, fill: Any) -> None:
    stage.deploy(2, "shadow", ORIGIN)
    (step,) = due(stage, fill(shadow=blunt), window(0))
    assert step.action == "withdraw"
    outcome = steps(stage).withdraw(decided(step))
    assert stage.log.newest("toy").shadows == ()
    assert outcome["what"].startswith("toy/2 is withdrawn, by revision 4. In the shadow on 280 requests it costs ")


def test_a_shadow_that_shows_no_gain_waits_and_is_withdrawn_in_the_end(stage: Any, fill: Any) -> None:
    stage.deploy(2, "shadow", ORIGIN)
    ledger = fill(shadow=alike, threshold=0.2)
    assert [len(due(stage, ledger, window(week))) for week in range(4)] == [0, 0, 1, 1]
    (step,) = due(stage, ledger, window(3))
    assert step.action == "withdraw"
    assert step.evidence["because"].startswith("After 28 days in the shadow")


def test_too_few_labels_say_nothing(stage: Any, fill: Any) -> None:
    stage.deploy(2, "shadow", ORIGIN)
    assert due(stage, fill(days=2, shadow=sharp), window(0)) == ()
    early = window(0).model_copy(update={"as_of": START})
    assert due(stage, fill(shadow=sharp), early) == ()


def test_what_a_person_placed_is_that_persons(stage: Any, fill: Any) -> None:
    stage.deploy(2, "shadow", "ann")
    assert due(stage, fill(shadow=sharp), window(0)) == ()


def test_a_canary_that_does_no_harm_is_promoted_once_its_ramp_is_over(stage: Any, fill: Any) -> None:
    stage.deploy(2, "shadow", ORIGIN)
    stage.deploy(2, "canary", "alert canary-1", ramp=(5.0, 50.0), hold=3600.0)
    ledger = fill(arms=("champion", "challenger"))
    assert due(stage, ledger, window(0)) == ()
    stage.now[0] += timedelta(hours=2)
    (step,) = due(stage, ledger, window(0))
    assert (step.action, step.evidence["arm"], step.evidence["origin"]) == ("promote", "challenger", "worse-0123")
    steps(stage).promote(decided(step))
    newest = stage.log.newest("toy")
    assert (newest.mode, newest.champion.version, newest.change) == ("single", 2, "promote")
    assert due(stage, ledger, window(0)) == (), "the window judged another champion"


def test_a_canary_that_costs_more_is_withdrawn_before_its_ramp_is_over(stage: Any, fill: Any) -> None:
    stage.deploy(2, "canary", ORIGIN, ramp=(5.0, 50.0))
    ledger = fill(arms=("champion", "challenger"), threshold=0.2)
    for row in ledger.kept.values():
        if row.arm == "challenger":
            row.decision = not row.decision
    (step,) = due(stage, ledger, window(0))
    assert step.action == "withdraw"
    steps(stage).withdraw(decided(step))
    assert [arm.name for arm in stage.log.newest("toy").arms] == ["champion"]


def test_a_shadow_does_not_take_the_place_of_a_canary(stage: Any, fill: Any) -> None:
    stage.deploy(3, "canary", "alert canary-1", ramp=(5.0, 50.0))
    stage.deploy(2, "shadow", ORIGIN)
    ledger = fill(shadow=sharp)
    assert due(stage, ledger, window(0)) == ()
    stage.deployer.drop("toy", "challenger", "ann", "enough", based_on=stage.log.newest("toy").revision)
    assert [step.action for step in due(stage, ledger, window(0))] == ["canary"]


def test_of_two_proven_shadows_one_goes_first(stage: Any, fill: Any) -> None:
    stage.deploy(2, "shadow", ORIGIN)
    stage.deploy(3, "shadow", "alert worse-0456")
    ledger = fill(shadow=sharp)
    for number, row in enumerate([row for row in ledger.kept.values() if row.standing == "shadow"]):
        ledger.append([replace(row, id=f"t{number}", arm="shadow-2", version=3)])
    assert [(step.action, step.evidence["version"]) for step in due(stage, ledger, window(0))] == [("canary", 2)]


def test_a_version_that_nobody_approved_waits_for_a_person(stage: Any, fill: Any) -> None:
    stage.registry.known[2] = a_version(2, state="pending")
    stage.deploy(2, "shadow", ORIGIN)
    (step,) = due(stage, fill(shadow=sharp), window(0))
    with pytest.raises(DeploymentError, match="only an approved version answers"):
        steps(stage).canary(decided(step))


def test_a_step_whose_version_was_moved_meanwhile_is_not_taken(stage: Any, fill: Any) -> None:
    stage.deploy(2, "shadow", ORIGIN)
    (step,) = due(stage, fill(shadow=sharp), window(0))
    stage.deployer.drop("toy", "shadow", "ann", "enough")
    with pytest.raises(ConflictError, match=r"about toy/2 as shadow, and revision 4 \(route by ann\) changed that"):
        steps(stage).canary(decided(step))


def acting(stage: Any, ledger: Any, version: Version) -> Acting:
    def clock() -> datetime:
        return stage.now[0]  # type: ignore[no-any-return]

    def train(problem: str, as_of: datetime) -> Version:
        return version

    steps = Steps(LOOP, stage.log, stage.deployer, stage.registry)
    actions = {
        "retrain": Retrain(stage.log, stage.deployer, train).act,
        "canary": steps.canary,
        "promote": steps.promote,
        "withdraw": steps.withdraw,
    }
    return Acting(
        spec=LOOP,
        log=FakeWatchLog(),
        actions=actions,
        revision=lambda: stage.log.newest("toy").revision,
        steps=Succession(LOOP, ledger, stage.log, clock).due,
        clock=clock,
    )


def judged(week: int, brier: float, champion: int = 1) -> Snapshot:
    readings = (Reading(name="quality.brier", value=brier, rows=280),)
    return a_snapshot(week, readings=readings, digest=digest_of(champion), as_of=START + (week + 2) * WEEK)


def watch(stage: Any, means: Acting, snapshot: Snapshot) -> list[Alert]:
    stage.now[0] += timedelta(hours=2)
    return list(handle(snapshot, means))


def test_a_better_version_takes_over_window_by_window(stage: Any, fill: Any) -> None:
    def sharp(score: float, y: float, rng: Any) -> float:
        return 0.7 * y + 0.3 * score

    ledger = fill(days=35, shadow=sharp, arms=("champion", "challenger"), truth=lambda score: 1 - score)
    for row in ledger.kept.values():
        if row.arm == "challenger":
            row.decision = not row.decision
    means = acting(stage, ledger, a_version(2))
    served = []
    for week, brier in ((0, 0.1), (1, 0.4), (2, 0.4), (3, 0.4)):
        found = watch(stage, means, judged(week, brier))
        newest = stage.log.newest("toy")
        served.append(
            ([one.action for one in found], [one.state for one in found], newest.mode, newest.champion.version)
        )
    assert served == [
        ([], [], "single", 1),
        (["retrain"], ["done"], "single", 1),
        (["canary"], ["done"], "canary", 1),
        (["promote"], ["done"], "single", 2),
    ]
    assert watch(stage, means, judged(4, 0.05, champion=2)) == []
    alerts = {one.action: one for one in means.log.alerts("toy")}
    assert alerts["retrain"].ended_at == START + 5 * WEEK, "another champion ended it"
    assert alerts["promote"].evidence["origin"] == alerts["canary"].evidence["origin"] == alerts["retrain"].id
    assert [one.who for one in stage.log.history("toy")][:3] == [
        f"alert {alerts[action].id}" for action in ("promote", "canary", "retrain")
    ]


def test_a_refused_training_is_tried_again_after_the_cooldown_and_changes_nothing(stage: Any, fill: Any) -> None:
    means = acting(stage, fill(days=1), a_version(2, decision="rejected"))
    actions = [[one.action for one in watch(stage, means, judged(week, 0.4))] for week in range(6)]
    assert actions == [["retrain"], [], [], [], ["retrain"], []]
    assert all(one.outcome["failed"][0]["name"] == "roc_auc" for one in means.log.alerts("toy"))
    assert len(stage.log.history("toy")) == 2
