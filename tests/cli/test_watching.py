"""The chores of a watch over stores in memory."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from laboratory import BEGIN, Behaviour, Laboratory
from small_watch import a_snapshot, an_alert

from cli import watching
from cli.watch import watch
from cli.watching import Tour, Windows
from monitoring.watching import Chore, Watching
from understudy.errors import DataError, MachineError

pytestmark = pytest.mark.integration


@pytest.fixture
def lab(tmp_path: Path) -> Laboratory:
    made = Laboratory(tmp_path)
    made.answer(600)
    return made


@pytest.fixture
def tour(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> Tour:
    monkeypatch.setattr(watching, "means", lambda *_: lab.acting())
    made = Tour(lab.spec, lab.settings, lab.means, Watching((), print))
    made.watching.chores = [Chore("guard", 1.0, made.guard), Chore("experiments", 3.0, made.experiments)]
    return made


def test_a_breach_ends_the_experiment_too(lab: Laboratory, tour: Tour) -> None:
    said: list[str] = []
    tour.say = said.append
    lab.started(lab.plan())
    lab.answer(600, challenger=Behaviour(errors=0.9))
    tour.watching.run(0)
    assert lab.kept().verdict == "stop_harm"
    assert [alert.state for alert in tour.breaches] == ["done"]
    assert said[0].startswith("done: toy/2 as challenger: errors is")
    assert said[1].startswith("autumn ended: stop_harm.")
    assert (lab.settings.home / "reports/toy/experiments/autumn.html").is_file()
    assert tour.json()["looks"] == 1


def test_a_plan_that_was_altered_neither_stops_the_guard_nor_stays(lab: Laboratory, tour: Tour) -> None:
    said: list[str] = []
    tour.say = said.append
    running = lab.started(lab.plan())
    lab.watch.plans["toy", "autumn"] = running.model_copy(update={"plan": running.plan | {"alpha": 0.4}})
    lab.answer(100)
    tour.watching.run(0)
    assert (lab.kept().state, lab.kept().verdict) == ("ended", "invalid")
    assert said == ["autumn ended: invalid. The champion answers alone, by revision 3."]
    assert {chore.failed for chore in tour.watching.chores} == {0}


def test_what_is_taken_up_is_in_the_index(lab: Laboratory, tour: Tour) -> None:
    index = lab.settings.home / "reports/toy/index.html"
    tour.resume()
    assert not index.exists()
    lab.watch.raise_alert(an_alert(state="decided", action="rollback"))
    tour.resume()
    assert lab.watch.raised["a0001"].state in ("done", "failed")
    assert index.is_file()


def test_gauges_are_served_while_it_runs(lab: Laboratory, tour: Tour, monkeypatch: pytest.MonkeyPatch) -> None:
    import understudy.adapters

    monkeypatch.setattr(understudy.adapters, "open_watch_log", lambda _: lab.watch)
    monkeypatch.setattr(understudy.adapters, "open_ledger", lambda _: lab.ledger)
    lab.watch.record(a_snapshot())
    with watching.gauges(tour, lab.settings, ("127.0.0.1", 0)) as address:
        text = httpx.get(f"{address}/metrics").text
        with (
            pytest.raises(MachineError, match="cannot listen"),
            watching.gauges(tour, lab.settings, ("127.0.0.1", int(address.rsplit(":", 1)[1]))),
        ):
            pass
    assert 'understudy_window_predictions{problem="toy",window="7d"} 10.0' in text
    assert "understudy_watch_failures_total" in text


class Process:
    """Ends with a code, once it is told to."""

    def __init__(self, words: list[str], **_: Any) -> None:
        self.words, self.returncode = words, None

    def poll(self) -> int | None:
        return self.returncode


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """The processes in place of `understudy monitor`."""
    made: list[Process] = []

    def popen(words: list[str], **given: Any) -> Process:
        made.append(Process(words, **given))
        return made[-1]

    monkeypatch.setattr("cli.watching.subprocess.Popen", popen)
    return made


def test_windows_are_monitored_one_after_the_other_as_they_complete(lab: Laboratory, started: list[Process]) -> None:
    windows = Windows(lab.spec, lab.means, lab.settings)
    windows.look()
    assert started == []  # ten hours of a week
    lab.now += timedelta(days=15)
    lab.answer(1)
    windows.look()
    windows.look()
    assert [process.words[-1] for process in started] == ["2026-01-08T00:00:00"]
    lab.watch.record(a_snapshot(since=lab.now - timedelta(days=15), until=lab.now.replace(day=8, hour=0, minute=0)))
    started[0].returncode = 0  # type: ignore[assignment]
    windows.look()
    assert windows.made == 1
    assert len(started) == 2
    started[1].returncode = 1  # type: ignore[assignment]
    with pytest.raises(MachineError, match="ended with 1"):
        windows.look()


def test_looks_by_hand_do_not_put_off_the_window_that_is_due(lab: Laboratory, started: list[Process]) -> None:
    week, first = timedelta(days=7), BEGIN + timedelta(days=7)
    lab.watch.record(a_snapshot(since=first - week, until=first))
    lab.now = first + week
    lab.answer(1)
    lab.watch.record(a_snapshot(since=lab.now - timedelta(days=1), until=lab.now))
    lab.watch.record(a_snapshot(since=lab.now - 4 * week, until=lab.now))
    lab.watch.record(a_snapshot(since=lab.now, until=lab.now + week))
    Windows(lab.spec, lab.means, lab.settings).look()
    assert [process.words[-1] for process in started] == [(first + week).isoformat()]


def test_a_look_by_hand_at_the_window_until_now_stands_for_it(lab: Laboratory, started: list[Process]) -> None:
    lab.now = BEGIN + timedelta(days=15, seconds=30)
    lab.answer(1)
    now = lab.now.replace(second=0) + timedelta(minutes=1)
    lab.watch.record(a_snapshot(since=now - timedelta(days=7), until=now))
    Windows(lab.spec, lab.means, lab.settings).look()
    assert started == []


def test_a_dry_look_stands_for_no_window_of_the_watch(lab: Laboratory, started: list[Process]) -> None:
    week, first = timedelta(days=7), BEGIN + timedelta(days=7)
    lab.watch.record(a_snapshot(since=first - week, until=first))
    lab.now = first + week + timedelta(hours=5)
    lab.answer(1)
    for hours in range(3):
        until = first + week + timedelta(hours=hours)
        lab.watch.record(a_snapshot(since=until - week, until=until, as_of=lab.now, dry=True))
    Windows(lab.spec, lab.means, lab.settings).look()
    assert [process.words[-1] for process in started] == [(first + week).isoformat()]


def test_where_all_looks_were_dry_the_first_window_is_due(lab: Laboratory, started: list[Process]) -> None:
    lab.now = BEGIN + timedelta(days=8)
    lab.answer(1)
    lab.watch.record(a_snapshot(since=BEGIN, until=BEGIN + timedelta(days=7), dry=True))
    Windows(lab.spec, lab.means, lab.settings).look()
    assert [process.words[-1] for process in started] == [(BEGIN + timedelta(days=7)).isoformat()]


def test_a_dry_look_as_of_later_has_no_window_watched_again(lab: Laboratory, started: list[Process]) -> None:
    first = BEGIN + timedelta(days=7)
    lab.now = first + timedelta(days=1)
    lab.answer(1)
    windows = Windows(lab.spec, lab.means, lab.settings)
    windows.look()
    lab.watch.record(a_snapshot(since=BEGIN, until=first, as_of=lab.now))
    lab.watch.record(a_snapshot(since=BEGIN, until=first, as_of=lab.now + timedelta(days=900), dry=True))
    started[0].returncode = 0  # type: ignore[assignment]
    windows.look()
    assert (windows.made, len(started)) == (1, 1)


@pytest.mark.parametrize("every", ["0s", "0.5s", "-3s", "nans", "2d", "infs"])
def test_a_pause_that_is_none_is_refused(every: str) -> None:
    with pytest.raises(DataError, match=f"--every {every} is not between a second and a day") as refused:
        watch("toy", every=every)
    assert "as in 5s or 1m" in refused.value.fix
