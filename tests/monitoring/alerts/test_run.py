"""From a window to what was done: once, under a lease, with every outcome on record."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from small_watch import NOW, START, WEEK, a_snapshot, an_alert

from monitoring.alerts import Acting, handle, resume
from understudy.errors import ConflictError, DeploymentError
from understudy.records import Alert, Reading, Snapshot

pytestmark = pytest.mark.unit

Make = Callable[..., Acting]


class Doing:
    """An action that keeps count, and fails where it is told to."""

    def __init__(self, failing: Exception | None = None, **outcome: Any) -> None:
        self.alerts: list[str] = []
        self.failing, self.outcome = failing, {"what": "It is done.", **outcome}

    def __call__(self, alert: Alert) -> dict[str, Any]:
        self.alerts.append(alert.id)
        if self.failing:
            raise self.failing
        return dict(self.outcome)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def bad(week: int = 0, **changes: Any) -> Snapshot:
    readings = (
        Reading(name="drift.input.size", value=0.5, limit=0.1, rows=500),
        Reading(name="drift.input.town", value=0.4, limit=0.1, rows=500),
        Reading(name="quality.brier", value=0.3, rows=500),
    )
    return a_snapshot(week, readings=readings, **changes)


def test_a_window_is_recorded_with_its_alerts_decided_and_acted_on(acting: Make) -> None:
    look, train = Doing(incident="reports/toy/incidents/x.html"), Doing(version=2)
    means = acting(actions={"investigate": look, "retrain": train}, clock=Clock())
    size, town, brier = handle(bad(), means)
    assert means.log.snapshots("toy") == (bad(),)
    assert [one.state for one in (size, town, brier)] == ["done", "withheld", "done"]
    assert "cooling down" not in town.why
    assert town.outcome["covered_by"] == size.id
    assert (size.incident, size.based_on) == ("reports/toy/incidents/x.html", 1)
    assert (brier.outcome["version"], brier.outcome["what"]) == (2, "It is done.")
    assert brier.incident == size.incident, "what was done is written up as an incident too"
    assert look.alerts == [size.id, brier.id]
    assert means.log.alert(size.id) == size


def test_the_same_window_again_changes_nothing(acting: Make) -> None:
    look, train = Doing(), Doing()
    means = acting(actions={"investigate": look, "retrain": train})
    first = handle(bad(), means)
    assert handle(bad(), means) == first
    assert handle(bad(as_of=START + 3 * WEEK), means) == first
    assert train.alerts == [first[2].id]
    assert len(means.log.alerts("toy")) == 3


def test_the_end_of_an_alert_is_recorded(acting: Make) -> None:
    means = acting(actions={"investigate": Doing(), "retrain": Doing()})
    raised = handle(bad(), means)
    fine = a_snapshot(1, readings=tuple(one.model_copy(update={"value": 0.0}) for one in bad().readings))
    assert handle(fine, means) == ()
    ended = [means.log.alert(one.id) for one in raised]
    assert [one and one.ended_at for one in ended] == [START + 2 * WEEK] * 3
    assert [one and one.state for one in ended] == ["done", "withheld", "done"]
    assert len(handle(bad(2), means)) == 3


@pytest.mark.parametrize(
    ("error", "what", "kind"),
    [
        (DeploymentError("Nothing is deployed.", "Deploy."), "Nothing is deployed.", "deployment"),
        (ConflictError("Revision 7 came first."), "Overtaken: Revision 7 came first.", "conflict"),
        (ZeroDivisionError("oh"), "ZeroDivisionError: oh", "unexpected"),
    ],
)
def test_an_action_that_fails_is_recorded_with_its_reason(acting: Make, error: Exception, what: str, kind: str) -> None:
    means = acting(actions={"investigate": Doing(), "retrain": Doing(error)})
    failed = handle(bad(), means)[2]
    assert (failed.state, failed.outcome["what"], failed.outcome["error"]) == ("failed", what, kind)
    assert failed.lease is None


def test_an_incident_that_cannot_be_written_undoes_nothing(acting: Make) -> None:
    means = acting(actions={"investigate": Doing(OSError("disk")), "retrain": Doing()})
    look, _, train = handle(bad(), means)
    assert (look.state, train.state) == ("failed", "done")
    assert train.outcome["incident_failed"] == "OSError: disk"


def test_people_are_told_of_decisions_and_of_what_was_done(acting: Make) -> None:
    told: list[tuple[str, list[str]]] = []

    def deliver(alerts: Sequence[Alert], occasion: str) -> dict[str, str]:
        told.append((occasion, [one.subject for one in alerts]))
        return {"log": "sent", "webhook": "HTTP 500"}

    means = acting(actions={"investigate": Doing(), "retrain": Doing()}, deliver=deliver)
    size, town, _ = handle(bad(), means)
    assert sorted(told) == [
        ("decided", ["drift.input.size", "drift.input.town", "quality.brier"]),
        ("ended", ["drift.input.size"]),
        ("ended", ["quality.brier"]),
    ]
    said = {"log": "sent", "webhook": "HTTP 500"}
    assert size.outcome["told"] == {"decided": said, "ended": said}
    assert town.outcome["told"] == {"decided": said}
    handle(bad(), means)
    assert len(told) == 3


def test_delivery_that_raises_stops_no_action(acting: Make) -> None:
    def deliver(alerts: Sequence[Alert], occasion: str) -> dict[str, str]:
        raise OSError("no network")

    train = Doing()
    means = acting(actions={"investigate": Doing(), "retrain": train}, deliver=deliver)
    done = handle(bad(), means)[2]
    assert (done.state, len(train.alerts)) == ("done", 1)
    assert done.outcome["told"]["decided"] == {"delivery": "OSError: no network"}


def test_an_action_does_not_wait_for_a_channel_that_hangs(acting: Make) -> None:
    acted = Event()

    def deliver(alerts: Sequence[Alert], occasion: str) -> dict[str, str]:
        return {"hook": "sent" if occasion == "ended" or acted.wait(5) else "nobody had acted"}

    def act(alert: Alert) -> dict[str, Any]:
        acted.set()
        return {"what": "back"}

    done = handle(bad(), acting(actions={"retrain": act}, deliver=deliver))[2]
    assert done.outcome["told"]["decided"] == {"hook": "sent"}


def test_a_dry_run_takes_no_action_and_says_which(acting: Make) -> None:
    look, train = Doing(), Doing()
    means = acting(monitoring={"dry_run": True}, actions={"investigate": look, "retrain": train})
    found = handle(bad(), means)
    assert [one.outcome.get("dry_run") for one in found] == [True, None, True]
    assert found[2].why == "Dry run: retrain would be next, and is not taken."
    assert look.alerts == train.alerts == []


def test_what_a_crash_left_is_taken_up_from_each_state(acting: Make) -> None:
    clock, train = Clock(), Doing()
    means = acting(actions={"retrain": train}, clock=clock)
    left = {"action": "retrain", "raised_at": NOW}
    means.log.raise_alert(an_alert(1, rule="a", **left))
    means.log.raise_alert(an_alert(2, rule="b", state="decided", decided_at=NOW, **{**left, "action": "rollback"}))
    means.log.raise_alert(an_alert(3, rule="c", state="acting", lease=NOW + timedelta(seconds=30), **left))
    assert [one.state for one in resume(means)] == ["withheld", "failed"], "alert 3 is still being acted on"
    clock.now += timedelta(seconds=30)
    (third,) = resume(means)
    assert (third.id, third.state, train.alerts) == ("a0003", "done", ["a0003"])
    assert resume(means) == ()


def test_what_is_handed_over_is_left_alone_for_a_while(acting: Make) -> None:
    clock, train, handed = Clock(), Doing(), []

    def hand_over(alert: Alert) -> bool:
        handed.append(alert.action)
        return alert.action == "retrain"

    means = acting(actions={"investigate": Doing(), "retrain": train}, clock=clock, hand_over=hand_over)
    assert [one.state for one in handle(bad(), means)] == ["done", "withheld", "decided"]
    assert train.alerts == []
    clock.now += timedelta(minutes=3)
    assert [one.state for one in resume(means)] == ["done"]
    assert handed == ["investigate", "retrain"]


def test_steps_of_a_window_are_decided_like_alerts(acting: Make) -> None:
    step = an_alert(7, rule="succession", action="canary", evidence={"because": "It costs less."})
    canary = Doing()
    means = acting(actions={"canary": canary}, steps=lambda _: (step,))
    (done,) = handle(a_snapshot(readings=()), means)
    assert (done.state, done.why, canary.alerts) == ("done", "It costs less.", ["a0007"])
