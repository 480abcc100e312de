"""Following an experiment to its end: verdicts, what they do, and that nothing is done twice."""

import pytest
from laboratory import Behaviour, Laboratory

from monitoring.experiments.act import follow, look, stop
from understudy.errors import ConflictError
from understudy.ports import WatchLog

pytestmark = pytest.mark.unit

BETTER, WORSE = Behaviour(right=0.97), Behaviour(right=0.6)


def test_a_look_changes_no_deployment_and_remembers_itself(lab: Laboratory) -> None:
    running = lab.started(lab.plan())
    lab.answer(400)
    seen, status = look(running, lab.means)
    assert status.verdict.outcome == "continue"
    assert sum(arm.units for arm in status.arms) == 400
    assert status.labelled == 400
    assert [one["labelled"] for one in seen.outcome["looks"]] == [400]
    again, _ = look(seen, lab.means)
    assert again == seen  # nothing new, nothing written
    assert lab.log.newest("toy").revision == running.revision  # type: ignore[union-attr]


def test_a_better_challenger_is_promoted_if_the_plan_acts(lab: Laboratory) -> None:
    running = lab.started(lab.plan())
    for _ in range(60):
        lab.answer(200, challenger=BETTER)
        running, _ = follow(running, lab.means)
        if running.state == "ended":
            break
    newest = lab.log.newest("toy")
    assert newest is not None
    assert running.verdict == "promote"
    assert (newest.change, newest.mode, newest.champion.version) == ("promote", "single", 2)
    assert newest.who == "experiment autumn"
    assert running.outcome["done"]["revision"] == newest.revision
    assert len(running.outcome["looks"]) > 1


def test_a_worse_challenger_is_taken_out(lab: Laboratory) -> None:
    running = lab.started(lab.plan(guard=lab.spec.monitoring.guard.model_copy(update={"cost": None})))
    lab.answer(4000, challenger=Behaviour(right=0.5))
    ended, _ = follow(running, lab.means)
    newest = lab.log.newest("toy")
    assert newest is not None
    assert ended.verdict == "stop_harm"
    assert (newest.change, newest.mode, newest.champion.version) == ("route", "single", 1)


def test_a_plan_that_does_not_act_leaves_promotion_to_people_but_not_harm(lab: Laboratory) -> None:
    running = lab.started(lab.plan(act=False))
    lab.answer(9000, challenger=BETTER)
    ended, _ = follow(running, lab.means)
    assert (ended.verdict, ended.outcome["done"]["acted"]) == ("promote", False)
    assert lab.log.newest("toy").revision == running.revision  # type: ignore[union-attr]
    lab.deployer.drop("toy", "challenger", "ann", "the next one")
    lab.now = lab.now.replace(year=2027)
    other = lab.started(lab.plan(act=False, name="other"))
    lab.answer(500, challenger=Behaviour(errors=0.9))
    ended, _ = follow(other, lab.means)
    assert (ended.verdict, ended.outcome["done"]["acted"]) == ("stop_harm", True)
    assert lab.log.newest("toy").mode == "single"  # type: ignore[union-attr]


@pytest.mark.parametrize("by", ["follow", "stop"])
def test_an_experiment_whose_plan_was_altered_ends_and_its_arms_go(lab: Laboratory, by: str) -> None:
    running = lab.started(lab.plan())
    lab.answer(100)
    altered = running.model_copy(update={"plan": running.plan | {"alpha": 0.4}})
    ended = follow(altered, lab.means)[0] if by == "follow" else stop(altered, lab.means, "ann", "it was altered")
    assert (ended.state, ended.verdict) == ("ended", "invalid" if by == "follow" else "stopped")
    assert ended.outcome["done"]["acted"] is True
    newest = lab.log.newest("toy")
    assert newest is not None
    assert (newest.mode, newest.experiment, len(newest.arms)) == ("single", "", 1)
    assert lab.started(lab.plan(name="next")).state == "running"


def test_equal_arms_end_for_futility_or_go_on_but_are_not_promoted(lab: Laboratory) -> None:
    running = lab.started(lab.plan(effect="40%"))
    for _ in range(40):
        lab.answer(200)
        running, _ = follow(running, lab.means)
        if running.state == "ended":
            break
    assert running.verdict in ("", "stop_futility")
    assert lab.log.newest("toy").champion.version == 1  # type: ignore[union-attr]


def test_fallbacks_count_for_the_arm_that_was_assigned(lab: Laboratory) -> None:
    running = lab.started(
        lab.plan(guard=lab.spec.monitoring.guard.model_copy(update={"errors": 0.9, "fallbacks": 0.9}))
    )
    lab.answer(3000, challenger=Behaviour(errors=0.5))
    _, status = look(running, lab.means)
    champion, challenger = status.arms
    assert abs(champion.units - challenger.units) < 200
    assert challenger.fallbacks == pytest.approx(challenger.units / 2, rel=0.1)
    assert not status.ratio.faulty


def test_shares_that_go_wrong_are_final(lab: Laboratory) -> None:
    running = lab.started(lab.plan())
    lab.answer(800)
    lost = [key for key, one in lab.ledger.kept.items() if one.arm == "challenger"]
    for key in lost[: len(lost) // 2]:
        del lab.ledger.kept[key]
    ended, status = follow(running, lab.means)
    assert status is not None
    assert status.ratio.faulty
    assert (ended.state, ended.verdict) == ("ended", "invalid")
    assert lab.log.newest("toy").mode == "single"  # type: ignore[union-attr]


def test_weights_that_somebody_changes_make_it_invalid(lab: Laboratory) -> None:
    running = lab.started(lab.plan())
    lab.answer(200)
    lab.deployer.route("toy", {"challenger": 10.0}, "ann", "less")
    ended, _ = look(running, lab.means)
    assert ended.verdict == "invalid"
    assert "revision 3, route by ann" in ended.outcome["last"]["verdict"]["reasons"][0]


def test_rows_under_the_kill_switch_do_not_count(lab: Laboratory) -> None:
    running = lab.started(lab.plan())
    lab.answer(300)
    lab.deployer.kill("toy", True, "ann", "a look")
    lab.answer(300)
    lab.deployer.kill("toy", False, "ann", "go on")
    lab.answer(300)
    _, status = look(running, lab.means)
    assert sum(arm.units for arm in status.arms) == 600
    assert status.verdict.outcome == "continue"


def test_somebody_who_promotes_ends_it(lab: Laboratory) -> None:
    running = lab.started(lab.plan())
    lab.answer(100)
    lab.deployer.promote("toy", "ann", "impatient")
    ended, status = follow(running, lab.means)
    assert status is None
    assert ended.verdict == "stopped"
    assert "promote by ann" in ended.outcome["done"]["what"]


def test_time_that_is_up_ends_it(lab: Laboratory) -> None:
    from datetime import timedelta

    running = lab.started(lab.plan(longest=timedelta(hours=2)))
    lab.answer(200)
    ended, _ = follow(running, lab.means)
    assert ended.verdict == "stop_futility"
    assert "longest duration" in " ".join(ended.outcome["reasons"])


def test_killed_between_deployment_and_record_it_is_recorded_and_not_repeated(lab: Laboratory) -> None:
    running = lab.started(lab.plan())
    lab.answer(9000, challenger=BETTER)
    dying = lab.means.__class__(**{**vars(lab.means), "watch": _Dying(lab.watch)})
    with pytest.raises(KeyboardInterrupt):
        follow(running, dying)
    made = lab.log.newest("toy")
    assert made is not None
    assert made.change == "promote"
    ended, _ = follow(lab.kept(), lab.means)
    assert (ended.state, ended.verdict) == ("ended", "promote")
    assert lab.log.newest("toy") == made


def test_stopping_by_hand_takes_the_arms_out_once(lab: Laboratory) -> None:
    running = lab.started(lab.plan((2, 3)))
    ended = stop(running, lab.means, "ann", "budget")
    newest = lab.log.newest("toy")
    assert newest is not None
    assert (ended.verdict, newest.mode, newest.who) == ("stopped", "single", "ann")
    with pytest.raises(ConflictError, match="ended already: stopped"):
        stop(ended, lab.means, "ann", "again")


class _Dying:
    """A watch log whose process dies as the end is to be recorded."""

    def __init__(self, log: WatchLog) -> None:
        self._log = log

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)

    def advance_experiment(self, experiment: object) -> object:
        if getattr(experiment, "state", "") == "ended":
            raise KeyboardInterrupt
        return self._log.advance_experiment(experiment)  # type: ignore[arg-type]
