"""The procedure as it is used, judged at each of 40 looks, in 2,000 simulated experiments at a time.

The cost is mostly 0, sometimes 1 and seldom 5, and a risk known beforehand explains a tenth of its variance.
"""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import beta
from simulated_experiments import DEVIATION, EXPLAINED, MEAN, counts, followed, moments

from monitoring.experiments.statistics.cuped import compare
from monitoring.experiments.statistics.guardrails import rate_guardrail
from monitoring.experiments.statistics.moments import of_units
from monitoring.experiments.statistics.power import Design, Sample, fixed_sample, sequential_sample
from monitoring.experiments.statistics.sample_ratio import SampleRatio, sample_ratio
from monitoring.experiments.statistics.sequential import confidence_sequence
from monitoring.experiments.statistics.verdict import Evidence, judge

pytestmark = pytest.mark.integration

RUNS, LOOKS, ALPHA = 2000, 40, 0.05
RIGHT = SampleRatio((1, 1), (0.5, 0.5), 1.0, 1.0, 0.01)


def outcomes(counted: np.ndarray, planned: int, effect: float) -> tuple[Counter[str], float]:
    """How often each verdict ends an experiment, and the units that it took on average."""
    ends: Counter[str] = Counter()
    units = 0
    for run in followed(counted):
        for look, (champion, challenger) in enumerate(run, 1):
            metric = confidence_sequence(compare(champion, challenger), planned=planned, alpha=ALPHA)
            outcome = judge(Evidence(RIGHT, metric, effect, time_is_up=look == LOOKS)).outcome
            if outcome != "continue":
                break
        ends[outcome] += 1
        units += metric.units
    return ends, units / len(counted)


def at_most(hits: int, runs: int = RUNS) -> float:
    """What the true share does not exceed with 97.5 % confidence (Clopper & Pearson 1934)."""
    return float(beta.ppf(0.975, hits + 1, runs - hits))


@pytest.mark.parametrize(("challenger", "planned"), [(0.5, 4000), (0.1, 4000)])
def test_two_equal_arms_are_promoted_with_alpha_at_most(challenger: float, planned: int) -> None:
    counted = counts(RUNS, LOOKS, planned // LOOKS, challenger=challenger, better=0.0, seed=1)
    ends, _ = outcomes(counted, planned, effect=1e-9)
    assert at_most(ends["promote"]) <= ALPHA
    assert at_most(ends["promote"] + ends["stop_harm"]) <= ALPHA
    assert sum(ends.values()) == RUNS


def test_the_same_looks_at_a_fixed_interval_promote_far_too_often() -> None:
    figures = moments(counts(RUNS, LOOKS, 100, challenger=0.5, better=0.0, seed=1))
    units, mean, squares = figures[..., 0], figures[..., 2], figures[..., 5]
    error = np.sqrt((squares / (units - 1) / units).sum(axis=-1))
    promoted = mean[..., 1] - mean[..., 0] < -1.96 * error
    assert promoted.any(axis=1).mean() > 2 * ALPHA


def plan(challenger: float, better: float) -> tuple[Design, Sample]:
    design = Design(DEVIATION, better * MEAN, challenger=challenger, explained=EXPLAINED, looks=LOOKS)
    return design, sequential_sample(design)


@pytest.mark.parametrize(("challenger", "better"), [(0.5, 0.1), (0.1, 0.1)])
def test_the_planned_power_is_reached_within_three_points(challenger: float, better: float) -> None:
    design, sample = plan(challenger, better)
    each = -(-sample.units // LOOKS)
    counted = counts(RUNS, LOOKS, each, challenger=challenger, better=better, seed=2)
    ends, units = outcomes(counted, sample.units, design.effect)
    assert ends["promote"] / RUNS == pytest.approx(design.power, abs=0.03)
    assert units == pytest.approx(sample.expected, rel=0.1)
    assert units < 1.2 * fixed_sample(design).units


def test_a_worse_challenger_is_stopped() -> None:
    design, sample = plan(0.5, 0.2)
    counted = counts(500, LOOKS, sample.units // LOOKS, challenger=0.5, better=-0.2, seed=3)
    ends, units = outcomes(counted, sample.units, design.effect)
    assert ends["promote"] == 0
    assert ends["stop_harm"] + ends["stop_futility"] == 500
    assert units < 0.6 * sample.units


def test_units_that_return_daily_do_not_fool_it() -> None:
    rng = np.random.default_rng(4)
    habit = rng.gamma(0.5, 2.0, size=(500, 600))
    decisions, cost = np.zeros_like(habit), np.zeros_like(habit)
    wrong = np.zeros(500, dtype=bool)
    for _ in range(20):
        seen = rng.poisson(0.5, size=habit.shape)
        decisions += seen
        cost += rng.poisson(0.2 * seen * habit)
        for run in range(500):
            arms = [some[decisions[run][some] > 0] for some in (np.arange(300), np.arange(300, 600))]
            champion, challenger = (of_units(decisions[run][some], cost[run][some]) for some in arms)
            metric = confidence_sequence(compare(champion, challenger), planned=600)
            wrong[run] |= metric.low > 0 or metric.high < 0
    assert at_most(int(wrong.sum()), 500) <= ALPHA


def test_with_all_checks_equal_arms_seldom_stop_for_a_fault_or_a_breach() -> None:
    rng, runs = np.random.default_rng(5), 30
    counted = counts(runs, 8, 2500, challenger=0.1, better=0.0, seed=6)
    ends: Counter[str] = Counter()
    for run in followed(counted):
        errors = np.zeros(2, dtype=int)
        for champion, challenger in run:
            errors += rng.binomial([2250, 250], 0.01)
            requests = champion.units, challenger.units
            rail = rate_guardrail("errors", (errors[0], requests[0]), (errors[1], requests[1]), margin=0.005)
            ratio = sample_ratio(requests, (90, 10), planned=20_000)
            metric = confidence_sequence(compare(champion, challenger), planned=20_000)
            verdict = judge(Evidence(ratio, metric, 1e-9, (rail,)))
            if verdict.outcome != "continue":
                break
        ends[verdict.outcome] += 1
    assert ends["continue"] >= runs - 2
