"""The right to act on an alert: one has it, keeps it while it acts, and loses it when it dies."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from fake_watch_log import FakeWatchLog
from small_watch import NOW, an_alert

from monitoring.alerts import Acting, act_on, resume
from understudy.records import Alert

pytestmark = pytest.mark.unit

Make = Callable[..., Acting]


def test_an_action_that_takes_its_process_down_is_given_up(acting: Make) -> None:
    class Killed(BaseException):
        pass

    def die(alert: Alert) -> dict[str, Any]:
        raise Killed

    now = [NOW]
    means = acting(actions={"retrain": die}, clock=lambda: now[0])
    with pytest.raises(Killed):
        act_on(means.decide(an_alert(action="retrain"))[0], means)
    for _ in range(2):
        now[0] += timedelta(minutes=2)
        with pytest.raises(Killed):
            resume(means)
    now[0] += timedelta(minutes=2)
    (given_up,) = resume(means)
    assert (given_up.state, given_up.outcome["what"]) == ("failed", "Given up: 3 attempts ended without a word.")


def test_of_two_who_claim_an_alert_one_acts(acting: Make) -> None:
    go, calls = Event(), []

    def slow(alert: Alert) -> dict[str, Any]:
        calls.append(alert.id)
        go.wait(5)
        return {"what": "slow"}

    means = acting(actions={"retrain": slow})
    alert, _ = means.decide(an_alert(action="retrain"))
    first = Thread(target=act_on, args=(alert, means))
    first.start()
    while not calls:
        pass
    assert act_on(alert, means).state == "acting"
    go.set()
    first.join()
    assert calls == [alert.id]


def test_a_long_action_keeps_its_lease_and_others_may_change_the_record(acting: Make) -> None:
    log, go = FakeWatchLog(), Event()

    def long(alert: Alert) -> dict[str, Any]:
        go.wait(5)
        return {"what": "long"}

    means = acting(actions={"retrain": long}, log=log, lease=timedelta(milliseconds=60))
    alert, _ = means.decide(an_alert(action="retrain"))
    actor = Thread(target=act_on, args=(alert, means))
    actor.start()
    leases = set()
    while len(leases) < 4:
        standing = log.alert(alert.id)
        if standing and standing.lease:
            leases.add(standing.lease)
    assert resume(means) == ()
    go.set()
    actor.join()
    done = log.alert(alert.id)
    assert done is not None
    assert (done.state, done.lease, done.outcome["attempts"]) == ("done", None, 1)


def test_who_lost_the_lease_records_nothing(acting: Make) -> None:
    log = FakeWatchLog()

    def overtaken(alert: Alert) -> dict[str, Any]:
        standing = log.raised[alert.id]
        log.advance(standing.model_copy(update={"lease": NOW + timedelta(days=1), "outcome": {"attempts": 2}}))
        return {"what": "mine"}

    means = acting(actions={"retrain": overtaken}, log=log)
    alert, _ = means.decide(an_alert(action="retrain"))
    assert act_on(alert, means).state == "acting"
    assert "what" not in log.raised[alert.id].outcome
