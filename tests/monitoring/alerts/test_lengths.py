"""A week and the month that ends with it: neither mutes the other, and nothing is changed twice."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from small_watch import NOW, START, WEEK, a_snapshot, an_alert
from watched_problem import DRIFT, WORSE

from monitoring.alerts import Acting, handle
from monitoring.alerts.rules import saw_the_same
from understudy.records import Alert, Reading, Snapshot

pytestmark = pytest.mark.unit

Make = Callable[..., Acting]


class Watch:
    """Looks at windows of any length, two hours of the machine's clock between one look and the next."""

    def __init__(self, acting: Make, **rule: Any) -> None:
        self.now: datetime = NOW
        self.done: list[str] = []
        self.means = acting(
            [{**DRIFT, "cooldown": "7d"}, {**WORSE, **rule}],
            actions={"investigate": lambda _: {"what": "x"}, "retrain": self._train},
            clock=lambda: self.now,
        )

    def _train(self, alert: Alert) -> dict[str, Any]:
        self.done.append(alert.id)
        return {"what": "trained"}

    def look(self, name: str, value: float, end: int, weeks: int = 1, **changes: Any) -> list[Alert]:
        self.now += timedelta(hours=2)
        return list(handle(window(name, value, end, weeks, **changes), self.means))


def window(name: str, value: float, end: int, weeks: int = 1, **changes: Any) -> Snapshot:
    """Of so many weeks, up to the end of week ``end``."""
    reading = Reading(name=name, value=value, limit=0.1, rows=500)
    since = START + (end + 1 - weeks) * WEEK
    return a_snapshot(end, since=since, readings=(reading,), **changes)


def test_an_incident_about_a_week_does_not_mute_the_month(acting: Make) -> None:
    watch = Watch(acting)
    (week,) = watch.look("drift.size", 0.5, end=3)
    (month,) = watch.look("drift.size", 0.5, end=3, weeks=4)
    assert (week.state, month.state) == ("done", "done")
    assert watch.look("drift.size", 0.5, end=4) == watch.look("drift.size", 0.5, end=4, weeks=4) == []


def test_each_length_ends_and_comes_back_by_itself(acting: Make) -> None:
    watch = Watch(acting)
    (week,) = watch.look("drift.size", 0.5, end=3)
    (month,) = watch.look("drift.size", 0.5, end=3, weeks=4)
    watch.look("drift.size", 0.0, end=4)
    watch.look("drift.size", 0.5, end=4, weeks=4)
    week_now, month_now = watch.means.log.alert(week.id), watch.means.log.alert(month.id)
    assert week_now is not None
    assert month_now is not None
    assert (week_now.ended_at, month_now.ended_at) == (START + 5 * WEEK, None)
    assert [one.state for one in watch.look("drift.size", 0.5, end=5)] == ["done"], "the month's does not mute it"
    assert watch.look("drift.size", 0.5, end=5, weeks=4) == []


@pytest.mark.parametrize("first", [1, 4])
def test_two_lengths_that_see_the_same_train_once(acting: Make, first: int) -> None:
    watch = Watch(acting, cooldown="1d")
    (one,) = watch.look("quality.brier", 0.5, end=3, weeks=first)
    (other,) = watch.look("quality.brier", 0.5, end=3, weeks=5 - first)
    assert (one.state, other.state) == ("done", "withheld")
    assert watch.done == [one.id]
    assert other.why == f"Alert {one.id} acted on rows of this window already, seen in a window of another length."


def test_a_month_does_not_train_again_for_a_week_that_is_over(acting: Make) -> None:
    watch = Watch(acting, cooldown="1d")
    (week,) = watch.look("quality.brier", 0.5, end=0)
    watch.look("quality.brier", 0.0, end=1)
    (month,) = watch.look("quality.brier", 0.5, end=1, weeks=4)
    assert month.state == "withheld"
    assert watch.look("quality.brier", 0.5, end=3, weeks=4) == [], "it still holds the week that was acted on"
    (later,) = watch.look("quality.brier", 0.5, end=4, weeks=4)
    assert (later.state, watch.done) == ("done", [week.id, later.id])


def test_a_rules_cooldown_holds_for_all_lengths_of_what_changes_something(acting: Make) -> None:
    watch = Watch(acting, cooldown="8w")
    (month,) = watch.look("quality.brier", 0.5, end=3, weeks=4)
    (week,) = watch.look("quality.brier", 0.5, end=4)
    assert (week.state, watch.done) == ("withheld", [month.id])
    assert "cooling down" in week.why


def test_another_version_is_another_thing_to_see() -> None:
    week = an_alert(action="rollback", evidence={"digest": "a"})
    month = week.model_copy(update={"since": week.until - 4 * WEEK})
    assert saw_the_same(week, month)
    assert not saw_the_same(week, week)
    assert not saw_the_same(week, month.model_copy(update={"evidence": {"digest": "b"}}))
    assert not saw_the_same(week, month.model_copy(update={"until": week.since, "since": week.since - 4 * WEEK}))
