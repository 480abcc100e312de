"""The guard: what it finds, how soon, that it acts once, and what it leaves alone."""

from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from laboratory import SOUND, Behaviour, Laboratory
from small_watch import an_alert
from watched_problem import watched

from monitoring.experiments.act import follow
from monitoring.experiments.outcomes import outcomes_of
from monitoring.experiments.rails import Terms, rails_of
from understudy.errors import StoreError
from understudy.problem.monitoring import Guard

pytestmark = pytest.mark.unit

FAULTS = {
    "errors": (Behaviour(errors=0.9), True, 800),
    "slow": (Behaviour(slow=0.9), True, 800),
    "constant": (Behaviour(constant=True), False, 800),
    "cost": (Behaviour(right=0.1), True, 3000),
    "cost town=cedar": (Behaviour(wrong_in={"cedar": 0.1}), True, 9000),
}
"""Behaviour, whether labels are in, and requests of a canary of one in ten within which it is found."""


@pytest.mark.parametrize("name", FAULTS)
def test_what_does_harm_is_taken_out_and_the_record_says_why(lab: Laboratory, name: str) -> None:
    behaviour, labels, most = FAULTS[name]
    canary = lab.deploy(2, "canary", weight=10.0)
    for _ in range(most // 100):
        lab.answer(100, labels, challenger=behaviour)
        seen = lab.guard().look()
        assert seen is not None
        if seen.alerts:
            break
    newest = lab.log.newest("toy")
    assert newest is not None
    (alert,) = seen.alerts
    assert alert.subject == f"guard.{name}" or name.startswith(alert.subject.removeprefix("guard."))
    assert (newest.mode, newest.champion.version, newest.who) == ("single", 1, f"alert {alert.id}")
    assert (alert.state, alert.based_on, alert.ended_at) == ("done", canary.revision, alert.until)
    assert alert.why == newest.why
    assert alert.outcome["revision"] == newest.revision
    page = unescape((lab.settings.home / alert.incident).read_text(encoding="utf-8"))
    assert alert.why in page
    assert "://" not in page
    assert lab.guard().look() is None  # nothing competes any more


def test_sound_arms_stay(lab: Laboratory) -> None:
    lab.deploy(2, "ab", weight=50.0)
    for _ in range(20):
        lab.answer(100)
        seen = lab.guard().look()
        assert seen is not None
        assert not seen.alerts
    assert seen.rows == 2000


def test_neither_cooldown_nor_cap_withholds_it(tmp_path: Path) -> None:
    lab = Laboratory(tmp_path, actions_per_hour=0)
    for number in range(1, 30):
        lab.watch.raise_alert(an_alert(number, rule="guard", action="rollback", state="done", decided_at=lab.now))
    lab.deploy(2, "canary")
    lab.answer(800, challenger=Behaviour(errors=1.0))
    seen = lab.guard().look()
    assert seen is not None
    assert [alert.state for alert in seen.alerts] == ["done"]


def test_a_dry_run_says_what_it_would_do_and_says_it_once(tmp_path: Path) -> None:
    lab = Laboratory(tmp_path, dry_run=True)
    canary = lab.deploy(2, "canary")
    lab.answer(800, challenger=Behaviour(errors=1.0))
    first, second = lab.guard().look(), lab.guard().look()
    assert first is not None
    assert second is not None
    assert first.alerts == second.alerts
    assert first.alerts[0].outcome == {"dry_run": True}
    assert lab.log.newest("toy") == canary


def test_a_dry_run_does_not_disarm_the_guard(tmp_path: Path) -> None:
    lab = Laboratory(tmp_path, dry_run=True)
    lab.deploy(2, "canary")
    lab.answer(800, challenger=Behaviour(errors=1.0))
    assert lab.guard().look() is not None
    lab.spec = watched([], {"segments": ["town"]})
    seen = lab.guard().look()
    assert seen is not None
    assert [alert.state for alert in seen.alerts] == ["done"]
    newest = lab.log.newest("toy")
    assert newest is not None
    assert (newest.mode, newest.who) == ("single", f"alert {seen.alerts[0].id}")


def test_what_failed_is_tried_again_later_under_another_record(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.deploy(2, "canary")
    lab.answer(800, challenger=Behaviour(errors=1.0))

    def out_of_reach(*_: object, **__: object) -> None:
        raise StoreError("The database is away.", "Wait.")

    with monkeypatch.context() as broken:
        broken.setattr(lab.deployer, "drop", out_of_reach)
        seen = lab.guard().look()
        assert seen is not None
        assert [alert.state for alert in seen.alerts] == ["failed"]
        lab.guard().look()
        assert len(lab.watch.alerts("toy")) == 1  # not at once
    lab.now += timedelta(minutes=1)
    seen = lab.guard().look()
    assert seen is not None
    assert [alert.state for alert in seen.alerts] == ["done"]
    assert lab.log.newest("toy").mode == "single"  # type: ignore[union-attr]


def test_an_experiment_whose_arm_the_guard_took_out_ends_for_harm(lab: Laboratory) -> None:
    running = lab.started(lab.plan((2, 3), act=False))
    lab.answer(900, **{"challenger-2": Behaviour(errors=1.0)})
    seen = lab.guard().look()
    assert seen is not None
    ended, _ = follow(running, lab.means)
    newest = lab.log.newest("toy")
    assert newest is not None
    assert ended.verdict == "stop_harm"
    assert ended.outcome["done"]["alert"] == seen.alerts[0].id
    assert seen.alerts[0].evidence["arm"] == "challenger-2"
    assert newest.mode == "single"  # the other arm went with the experiment


def test_the_kill_switch_and_single_versions_are_left_alone(lab: Laboratory) -> None:
    assert lab.guard().look() is None
    lab.deploy(2, "canary")
    lab.deployer.kill("toy", True, "ann", "a look")
    assert lab.guard().look() is None


def test_rows_of_an_earlier_competition_do_not_count(lab: Laboratory) -> None:
    lab.deploy(2, "canary")
    lab.answer(300, challenger=Behaviour(slow=0.3))
    lab.deploy(3, "canary")
    lab.answer(50, challenger=SOUND)
    seen = lab.guard().look()
    assert seen is not None
    assert seen.rows == 50


def test_guardrails_without_rows_say_nothing() -> None:
    nothing = outcomes_of([], watched().costs)
    rails = rails_of(nothing, nothing, Terms(Guard(), 0.1))
    assert [rail.name for rail in rails] == [
        "errors", "fallbacks", "slow", "constant", "decisions", "decisions.fewer", "cost",
    ]  # fmt: skip
    assert not any(rail.speaks or rail.harmed for rail in rails)
