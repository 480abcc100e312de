"""What a dry run may not do: be taken for an action, or touch what is real."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from small_watch import NOW, START, WEEK, a_snapshot, an_alert
from watched_problem import watched

from monitoring.alerts import Acting, handle, resume
from monitoring.alerts.decide import Terms, judge
from monitoring.alerts.dry import is_dry
from understudy.records import Alert, Reading, Snapshot

pytestmark = pytest.mark.unit

Make = Callable[..., Acting]
DRY = watched(monitoring={"dry_run": True})
REAL = watched()


class Both:
    """Means for a dry look and for a real one, over one log."""

    def __init__(self, acting: Make) -> None:
        self.done: list[str] = []
        self.told: list[str] = []
        self.now = NOW
        real = acting(
            actions=dict.fromkeys(("investigate", "retrain", "canary"), self._do),
            deliver=self._tell,
            clock=lambda: self.now,
        )
        self.log = real.log
        self.means = {False: real, True: Acting(**{**real.__dict__, "spec": DRY})}

    def _do(self, alert: Alert) -> dict[str, Any]:
        if alert.outcome.get("what") is None:
            self.done.append(alert.id)
        return {"what": "It is done."}

    def _tell(self, alerts: Any, occasion: str) -> dict[str, str]:
        self.told += [alert.id for alert in alerts]
        return {}

    def look(self, snapshot: Snapshot, dry: bool = False) -> tuple[Alert, ...]:
        self.now += timedelta(hours=2)
        return handle(snapshot, self.means[dry])


@pytest.fixture
def both(acting: Make) -> Both:
    return Both(acting)


def bad(week: int = 0, value: float = 0.5, **changes: Any) -> Snapshot:
    names = ("drift.input.size", "drift.input.town", "quality.brier")
    readings = tuple(Reading(name=name, value=value, limit=0.1, rows=500) for name in names)
    return a_snapshot(week, readings=readings, **changes)


def test_a_window_that_was_looked_at_dry_is_acted_on_for_real(both: Both) -> None:
    rehearsal = both.look(bad(), dry=True)
    assert both.done == []
    assert [one.state for one in rehearsal] == ["done", "withheld", "done"]
    size, town, brier = both.look(bad())
    assert [one.state for one in (size, town, brier)] == ["done", "withheld", "done"]
    assert both.done == [size.id, brier.id]
    assert town.outcome["covered_by"] == size.id
    assert [one.id for one in rehearsal] == [f"dry-{one.id}" for one in (size, town, brier)]
    assert [both.log.alert(one.id) for one in rehearsal] == list(rehearsal)


def test_a_later_window_is_acted_on_for_real_within_the_cooldown_of_a_dry_run(both: Both) -> None:
    both.look(bad(), dry=True)
    size, town, brier = both.look(bad(1))
    assert [one.state for one in (size, town, brier)] == ["done", "withheld", "done"]
    assert both.done == [size.id, brier.id]
    assert not any(is_dry(one) for one in (size, town, brier))


def test_dry_actions_do_not_fill_the_cap_of_the_hour() -> None:
    terms = Terms(timedelta(0), 1, dry_run=False, known={"retrain"})
    rehearsed = an_alert(1, rule="other", action="retrain", state="done", decided_at=NOW, outcome={"dry_run": True})
    alert = an_alert(2, rule="worse", action="retrain")
    assert judge([rehearsed], alert, terms, 1, NOW).state == "decided"
    dry = judge([rehearsed], alert, Terms(timedelta(0), 1, dry_run=True, known={"retrain"}), 1, NOW)
    assert dry.why == "1 actions would have been started within an hour, and 1 are allowed."


def test_a_real_look_stays_as_it_is_whatever_is_looked_at_dry_afterwards(both: Both) -> None:
    real = both.look(bad())
    acted, told = list(both.done), list(both.told)
    assert both.look(bad(), dry=True) == real
    assert both.look(bad(1), dry=True) == (), "what stands for real is not raised"
    both.look(bad(2, value=0.0), dry=True)
    assert tuple(both.log.alerts("toy")[::-1]) == tuple(sorted(real, key=lambda one: one.id))
    assert (both.done, both.told) == (acted, told)


def test_a_dry_run_knows_the_end_of_what_is_real_without_recording_it(both: Both) -> None:
    both.look(bad())
    both.look(bad(1, value=0.0), dry=True)
    again = both.look(bad(3), dry=True)
    assert [one.state for one in again] == ["done", "withheld", "done"]
    assert all(is_dry(one) for one in again)


def test_a_real_action_cools_a_dry_run_down(both: Both) -> None:
    real = both.look(bad())
    both.look(bad(1, value=0.0))
    brier = both.look(bad(1, as_of=START + 3 * WEEK), dry=True)[2]
    assert (brier.id.startswith("dry-"), brier.state) == (True, "withheld")
    assert (
        brier.why == f"The rule worse last acted on the window to {real[2].until:%Y-%m-%d %H:%M} and is cooling down."
    )


def test_dry_looks_have_hysteresis_and_cooldown_among_themselves(both: Both) -> None:
    first = both.look(bad(), dry=True)
    assert both.look(bad(), dry=True) == first
    assert both.look(bad(1), dry=True) == ()
    both.look(bad(2, value=0.0), dry=True)
    ended = [both.log.alert(one.id) for one in first]
    assert [one and one.ended_at for one in ended] == [START + 3 * WEEK] * 3
    assert len(both.look(bad(3), dry=True)) == 3
    later = both.look(bad(4, digest="b" * 64), dry=True)[2]
    assert later.why.startswith("The rule worse last would have acted on the window to")
    assert both.done == []


def test_a_dry_run_claims_no_incident_and_a_real_look_ends_its_alerts(both: Both) -> None:
    size, town, _ = both.look(bad(), dry=True)
    assert (
        town.why == f"Dry run: {size.id} of the same window would be investigated, and its incident would cover this."
    )
    both.look(bad(1, value=0.0))
    ended = both.log.alert(size.id)
    assert ended is not None
    assert ended.ended_at == START + 2 * WEEK


def test_a_dry_run_takes_up_nothing_that_a_real_look_left_and_a_real_one_nothing_dry(both: Both) -> None:
    left = {"action": "retrain", "raised_at": NOW}
    real = [
        an_alert(1, rule="a", **left),
        an_alert(2, rule="b", state="decided", decided_at=NOW, **left),
        an_alert(3, rule="c", state="acting", lease=NOW, **left),
    ]
    for alert in real:
        both.log.raise_alert(alert)
    assert resume(both.means[True]) == ()
    assert [both.log.alert(one.id) for one in real] == real
    both.log.raise_alert(an_alert(4, rule="d", evidence={"dry_run": True}, action="investigate"))
    resume(both.means[False])
    dry = both.log.alert("a0004")
    assert dry is not None
    assert (dry.state, dry.outcome["dry_run"]) == ("done", True)
    assert "a0004" not in both.done


def test_steps_that_were_rehearsed_are_taken_for_real(both: Both) -> None:
    step = an_alert(7, rule="succession", action="canary", evidence={"because": "It costs less."})
    both.means = {dry: Acting(**{**one.__dict__, "steps": lambda _: (step,)}) for dry, one in both.means.items()}
    quiet = a_snapshot(readings=())
    (dry,) = both.look(quiet, dry=True)
    assert (dry.id, dry.state, both.done) == ("dry-a0007", "done", [])
    (real,) = both.look(quiet)
    assert (real.id, real.state, both.done) == ("a0007", "done", ["a0007"])
    assert both.look(quiet, dry=True) == (real,)
