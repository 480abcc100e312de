"""The watch log: snapshots that are replaced, alerts that are decided one at a time, plans that stay."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fake_watch_log import FakeWatchLog
from small_watch import START, WEEK, a_snapshot, an_alert, an_experiment

from understudy.adapters.database.engine import database_at
from understudy.adapters.database.watch_log import SqlWatchLog
from understudy.errors import ConflictError
from understudy.ports import WatchLog
from understudy.records import Alert

pytestmark = pytest.mark.integration


@pytest.fixture(params=["sqlite", "postgresql", "in memory"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WatchLog]:
    if request.param == "in memory":
        yield FakeWatchLog()
        return
    fresh = f"sqlite:///{tmp_path / 'understudy.db'}"
    log = SqlWatchLog(database_at(fresh if request.param == "sqlite" else request.getfixturevalue("new_postgres")()))
    yield log
    log.close()


def test_a_window_seen_again_later_shows_the_later_look(log: WatchLog) -> None:
    log.record(a_snapshot(0))
    log.record(a_snapshot(1))
    log.record(a_snapshot(0, as_of=START + 3 * WEEK, labelled=9))
    assert [(seen.since, seen.labelled) for seen in log.snapshots("toy")] == [(START + WEEK, 0), (START, 9)]
    assert [seen.since for seen in log.snapshots("toy", until=START + WEEK)] == [START]
    assert [seen.since for seen in log.snapshots("toy", limit=1)] == [START + WEEK]
    assert log.snapshots("other") == ()


def test_windows_of_one_length_are_found_among_others(log: WatchLog) -> None:
    log.record(a_snapshot(0))
    log.record(a_snapshot(1))
    log.record(a_snapshot(1, since=START - 2 * WEEK, labelled=4))
    log.record(a_snapshot(1, since=START + 2 * WEEK - WEEK / 7, until=START + 2 * WEEK))
    assert [seen.since for seen in log.snapshots("toy", span=WEEK)] == [START + WEEK, START]
    assert [seen.since for seen in log.snapshots("toy", 1, START + WEEK, WEEK)] == [START]
    assert [seen.labelled for seen in log.snapshots("toy", span=4 * WEEK)] == [4]
    assert log.snapshots("toy", span=2 * WEEK) == ()


def test_the_same_look_again_replaces_the_first(log: WatchLog) -> None:
    log.record(a_snapshot(rows=10))
    log.record(a_snapshot(rows=11))
    assert [seen.rows for seen in log.snapshots("toy")] == [11]


def test_an_alert_that_is_raised_again_is_left_as_it_stands(log: WatchLog) -> None:
    first = log.record(a_snapshot(), [an_alert()])[0]
    done = log.advance(first.model_copy(update={"state": "done", "outcome": {"report": "there"}}))
    assert log.record(a_snapshot(), [an_alert(), an_alert(2)]) == (done, an_alert(2))
    assert [one.id for one in log.alerts("toy")] == ["a0002", "a0001"]
    assert [one.id for one in log.alerts("toy", states=("done",))] == ["a0001"]


def test_of_two_changes_of_one_step_the_second_is_refused(log: WatchLog) -> None:
    first = log.raise_alert(an_alert())
    log.advance(first.model_copy(update={"state": "acting"}))
    with pytest.raises(ConflictError, match="changed in between"):
        log.advance(first.model_copy(update={"state": "done"}))
    assert log.alert("a0001") == first.model_copy(update={"state": "acting", "step": 1})
    assert log.alert("nobody") is None


def test_decisions_see_each_other_however_many_come_at_once(log: WatchLog) -> None:
    def at_most_two(others: Sequence[Alert], alert: Alert) -> Alert:
        taken = sum(other.state == "decided" for other in others)
        return alert.model_copy(update={"state": "decided" if taken < 2 else "withheld", "why": f"{taken} before"})

    log.raise_alert(an_alert(0))
    with ThreadPoolExecutor(8) as pool:
        decided = list(pool.map(lambda n: log.decide(an_alert(n), at_most_two), range(24)))
    assert sum(alert.state == "decided" for alert in decided) == 2
    assert sum(alert.state == "withheld" for alert in log.alerts("toy")) == 22


def test_a_plan_is_written_once_and_does_not_change(log: WatchLog) -> None:
    planned = log.plan(an_experiment())
    with pytest.raises(ConflictError, match="first already"):
        log.plan(an_experiment(plan={"alpha": 0.5}))
    started = log.advance_experiment(planned.model_copy(update={"state": "running", "started_at": START}))
    assert log.experiment("toy", "first") == started
    with pytest.raises(ConflictError):
        log.advance_experiment(planned.model_copy(update={"state": "ended"}))
    with pytest.raises(ConflictError):
        log.advance_experiment(started.model_copy(update={"digest": "another"}))
    log.plan(an_experiment("second", planned_at=START + WEEK))
    assert [one.name for one in log.experiments("toy")] == ["second", "first"]
    assert log.experiment("toy", "third") is None
