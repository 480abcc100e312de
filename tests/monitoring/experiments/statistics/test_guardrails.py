"""A blatant failure trips within a handful of requests; 2,000 harmless challengers looked at daily do not."""

import math

import numpy as np
import pytest

from monitoring.experiments.statistics.guardrails import mean_guardrail, rate_guardrail
from monitoring.experiments.statistics.moments import Moments, of_units
from monitoring.experiments.statistics.rates import log_evidence
from monitoring.experiments.statistics.sequential import bound_above

pytestmark = pytest.mark.unit

ALPHA = 0.05


def alarms(rate: np.ndarray, challenger: float, each: int, seed: int = 1) -> float:
    """Share of 2,000 experiments with equal rates [looks] in which a look finds harm."""
    rng = np.random.default_rng(seed)
    theirs = rng.binomial(each, challenger, size=(2000, len(rate)))
    events = rng.binomial([each - theirs, theirs], rate).cumsum(axis=-1)
    requests = np.stack([each - theirs, theirs]).cumsum(axis=-1)
    evidence = log_evidence(events[0], requests[0], events[1], requests[1], 0.0)
    return float((evidence > -math.log(ALPHA)).any(axis=1).mean())


@pytest.mark.parametrize("challenger", [0.1, 0.5])
@pytest.mark.parametrize("each", [20, 1000])
@pytest.mark.parametrize("rate", [0.001, 0.05, 0.3])
def test_equal_rates_looked_at_daily_seldom_alarm(rate: float, each: int, challenger: float) -> None:
    assert alarms(np.full(40, rate), challenger, each) <= ALPHA


def test_a_bad_day_that_hits_both_arms_is_no_harm() -> None:
    rate = np.full(40, 0.01)
    rate[10] = 0.4
    assert alarms(rate, 0.1, 100) <= ALPHA


def requests_until_harm(rate: float, challenger: float = 0.1, seed: int = 1) -> np.ndarray:
    """Requests of both arms until harm is found in each of 500 experiments; champion at .2 %, margin 1 %, alpha 1 %."""
    rng = np.random.default_rng(seed)
    theirs = rng.random((500, 600)) < challenger
    failed = rng.random(theirs.shape) < np.where(theirs, rate, 0.002)
    arms = [(failed & ~theirs), ~theirs, (failed & theirs), theirs]
    found = log_evidence(*(arm.cumsum(axis=1) for arm in arms), 0.01) > -math.log(0.01)
    assert found.any(axis=1).all()
    return found.argmax(axis=1) + 1


def test_a_canary_that_fails_every_request_trips_within_dozens() -> None:
    taken = requests_until_harm(1.0)
    assert np.median(taken) <= 40
    assert np.quantile(taken, 0.95) <= 80


def test_a_canary_that_fails_half_trips_within_hundreds() -> None:
    assert np.quantile(requests_until_harm(0.5), 0.95) <= 250


def test_the_record_says_by_how_much() -> None:
    broken = rate_guardrail("errors", (1, 450), (30, 50), margin=0.01)
    assert broken.harmed
    assert broken.speaks
    assert (broken.champion, broken.challenger) == (pytest.approx(1 / 450), 0.6)
    assert 0.25 < broken.excess < 0.6
    assert not rate_guardrail("errors", (1, 450), (0, 50), margin=0.01).harmed
    assert not rate_guardrail("errors", (9, 450), (2, 50), margin=0.01).harmed


def test_one_error_is_not_harm_and_no_requests_say_nothing() -> None:
    assert not rate_guardrail("errors", (0, 45), (1, 1), margin=0.0).harmed
    silent = rate_guardrail("errors", (0, 45), (0, 0), margin=0.0)
    assert not silent.speaks
    assert not silent.harmed


def test_a_worse_rate_within_the_margin_is_allowed() -> None:
    assert rate_guardrail("slow", (100, 10_000), (400, 10_000), margin=0.0).harmed
    assert not rate_guardrail("slow", (100, 10_000), (400, 10_000), margin=0.05).harmed


def plain(values: np.ndarray) -> Moments:
    return of_units(np.ones(len(values)), values)


def test_latency_is_judged_against_the_margin_once_there_is_enough() -> None:
    rng = np.random.default_rng(3)
    champion, slow = rng.lognormal(1.5, 0.5, 500), rng.lognormal(3.5, 0.5, 60)
    assert mean_guardrail("latency", plain(champion), plain(slow), margin=10.0, planned=1000).harmed
    assert not mean_guardrail("latency", plain(champion), plain(slow), margin=60.0, planned=1000).harmed
    early = mean_guardrail("latency", plain(champion), plain(slow[:49]), margin=10.0, planned=1000)
    assert not early.speaks
    assert not early.harmed


@pytest.mark.parametrize("challenger", [0.1, 0.5])
@pytest.mark.parametrize("kind", ["latency", "cost"])
def test_equal_means_looked_at_daily_seldom_alarm(kind: str, challenger: float) -> None:
    rng, runs, looks, each = np.random.default_rng(4), 2000, 40, 20
    shape = (runs, looks * each)
    values = (
        rng.lognormal(0, 1, shape) if kind == "latency" else rng.choice([0.0, 1.0, 5.0], shape, p=[0.9, 0.07, 0.03])
    )
    theirs = rng.random(shape) < challenger
    sums = np.stack([~theirs, theirs, values * ~theirs, values * theirs, values**2 * ~theirs, values**2 * theirs])
    units, total, squares = sums.cumsum(axis=2)[:, :, each - 1 :: each].reshape(3, 2, runs, looks)
    counted = np.maximum(units, 2)
    spread = (squares - total**2 / counted) / (counted - 1)
    both = units.sum(axis=0)
    common = (squares.sum(axis=0) - total.sum(axis=0) ** 2 / both) / (both - 1)
    error = np.sqrt((np.maximum(spread, common) / counted).sum(axis=0))
    means = total / counted
    worse = (means[1] - means[0] > error * bound_above(both / 400, ALPHA)) & (units.min(axis=0) >= 30)
    assert worse.any(axis=1).mean() <= ALPHA
    run = int(np.argmax(worse.any(axis=1)))
    ours = mean_guardrail("x", plain(values[run][~theirs[run]]), plain(values[run][theirs[run]]), margin=0.0,
                          planned=400, alpha=ALPHA, minimum=30)  # fmt: skip
    assert ours.harmed == worse[run, -1]
