"""The rule by which a shadow is proven, case by case."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from monitoring.shadows.pairs import Pairs, Rehearsal, Side, rehearsal
from monitoring.shadows.proof import Proof, compared, prove, tolerated
from monitoring.window.read import Window
from understudy.problem import ProblemSpec
from understudy.statistics.bootstrap import Interval

pytestmark = pytest.mark.unit


def proof(window: Window, spec: ProblemSpec) -> Proof:
    return prove(rehearsal(window.live.answers, window.shadows, 1, 2, timedelta(days=1)), spec)


def holds(found: Proof) -> dict[str, bool | None]:
    return {check.name: check.passed for check in found.checks}


def sharper(one: Any) -> float:
    return float(0.5 * one.score + 0.5 * one.y)


def test_one_that_is_better_beyond_chance_goes_to_a_canary(rehearse: Any, spec: ProblemSpec) -> None:
    found = proof(rehearse(sharper), spec)
    assert found.step == "canary"
    assert all(holds(found).values())
    assert found.dearer is not None
    assert found.dearer.high < 0
    assert found.because.startswith("In the shadow on 200 requests it costs ")


def test_one_that_costs_more_for_certain_is_withdrawn(rehearse: Any, spec: ProblemSpec) -> None:
    found = proof(rehearse(lambda one: 1 - one.score), spec)
    assert found.step == "withdraw"
    assert (holds(found)["gain"], holds(found)["tolerable"]) == (False, False)


def test_one_that_says_the_same_is_watched_until_its_time_is_up(rehearse: Any, spec: ProblemSpec) -> None:
    early, late = (proof(rehearse(lambda one: one.score, days=days), spec) for days in (10, 21))
    assert (early.step, late.step) == ("wait", "withdraw")
    assert late.because.startswith("After 21 days in the shadow on 420 requests it costs 0 less (0 to 0) per 1,000")


@pytest.mark.parametrize(("days", "late", "missing"), [(4, False, "labels"), (10, True, "labels")])
def test_too_little_says_nothing(rehearse: Any, spec: ProblemSpec, days: int, late: bool, missing: str) -> None:
    found = proof(rehearse(sharper, days=days, late=late), spec)
    assert found.step == "wait"
    assert holds(found)[missing] is False
    assert found.because.startswith("Too early to tell: ")


def test_many_labels_of_one_day_say_nothing(rehearse: Any, spec: ProblemSpec) -> None:
    few = spec.model_copy(update={"monitoring": spec.monitoring.model_copy(update={"smallest": 10})})
    found = proof(rehearse(sharper, days=2), few)
    assert (found.step, holds(found)["days"]) == ("wait", False)


def test_one_that_fails_for_certain_is_withdrawn_before_any_label(rehearse: Any, spec: ProblemSpec) -> None:
    window = rehearse(lambda one: None if one.town == "ash" else one.score, late=True)
    found = proof(window, spec)
    assert found.step == "withdraw"
    assert found.because == "In the shadow it failed: 100 of 200 rows without a score."


def test_one_that_is_better_but_fails_now_and_then_waits(rehearse: Any, spec: ProblemSpec) -> None:
    rare = iter(range(10_000))
    window = rehearse(lambda one: None if next(rare) % 33 == 0 else sharper(one))
    found = proof(window, spec)
    assert (found.step, holds(found)["failures"], holds(found)["gain"]) == ("wait", False, True)


def test_words_and_limits(spec: ProblemSpec) -> None:
    assert compared(Interval(-12.5, -20.1, -5.0)) == "12.5 less (-20.1 to -5)"
    assert tolerated(spec) == 10.0


def simulated(seed: int, blur: float, spec: ProblemSpec) -> str:
    """How a shadow fares over four weekly looks of 1,400 requests each; a champion's scores are blurred by .4."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(28), 200)
    truth = rng.normal(-1.5, 1, len(day)) + rng.normal(0, 0.5, 28)[day]
    y = (rng.random(len(day)) < 1 / (1 + np.exp(-truth))).astype(float)
    scores = [1 / (1 + np.exp(-truth - noise * rng.normal(size=len(day)))) for noise in (0.4, blur)]
    sides = [Side(score, (score >= 1 / 6).astype(np.int64), score) for score in scores]
    pairs = Pairs(*sides, y, np.datetime64("2013-11-01", "us") + day * np.timedelta64(86_400_000_000), day, day)
    looks = (prove(Rehearsal(some, len(some), {}, 0), spec) for some in (pairs.where(day < 7 * n) for n in range(1, 5)))
    return next((found.step for found in looks if found.step != "wait"), "wait")


@pytest.mark.parametrize(("blur", "least", "most"), [(0.2, 0.85, 1.0), (0.4, 0.0, 0.25), (0.7, 0.0, 0.02)])
def test_how_often_a_shadow_becomes_a_canary(blur: float, least: float, most: float, spec: ProblemSpec) -> None:
    """A sharper one nearly always, a blurrier one never; one that is no better, more often than one in twenty."""
    share = np.mean([simulated(seed, blur, spec) == "canary" for seed in range(120)])
    assert least <= share <= most
