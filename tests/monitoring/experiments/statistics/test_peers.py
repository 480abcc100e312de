"""Where statsmodels or tea-tasting compute the same thing, they find the same figure."""

import numpy as np
import pyarrow as pa
import pytest
import tea_tasting as tea
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import test_proportions_2indep as proportions_test
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from monitoring.experiments.statistics.cuped import Difference, compare
from monitoring.experiments.statistics.moments import of_decisions, of_units
from monitoring.experiments.statistics.power import Design, fixed_power, fixed_sample
from monitoring.experiments.statistics.sample_ratio import sample_ratio

pytestmark = pytest.mark.integration

SAME = {"rel": 1e-6, "abs": 1e-9}


@pytest.fixture(scope="module")
def rows() -> dict[str, np.ndarray]:
    """Decisions of 600 units in two arms: some units have many; cost follows a risk that was known before."""
    rng = np.random.default_rng(7)
    unit = rng.integers(0, 600, 3000)
    risk = rng.beta(1, 8, 3000)
    return {"unit": unit, "arm": unit % 3 // 2, "risk": risk, "cost": rng.binomial(5, risk).astype(float)}


def difference(rows: dict[str, np.ndarray], covariate: bool) -> Difference:
    arms = [rows["arm"] == arm for arm in (0, 1)]
    known = [rows["risk"][arm] if covariate else None for arm in arms]
    return compare(*(of_decisions(rows["unit"][arm], rows["cost"][arm], k) for arm, k in zip(arms, known, strict=True)))


def test_difference_and_interval_in_statsmodels() -> None:
    rng = np.random.default_rng(8)
    champion, challenger = rng.exponential(1, 400), rng.exponential(1.2, 150)
    found = compare(of_units(np.ones(400), champion), of_units(np.ones(150), challenger))
    low, high = CompareMeans(DescrStatsW(challenger), DescrStatsW(champion)).zconfint_diff(usevar="unequal")
    assert (found.value - 1.959963984540054 * found.error) == pytest.approx(low, **SAME)
    assert (found.value + 1.959963984540054 * found.error) == pytest.approx(high, **SAME)


def test_a_difference_of_rates_in_statsmodels() -> None:
    ours = [np.repeat([1.0, 0.0], [events, total - events]) for events, total in [(40, 900), (25, 300)]]
    found = compare(*(of_units(np.ones(len(arm)), arm) for arm in ours))
    theirs = proportions_test(25, 300, 40, 900, method="wald", compare="diff")
    unbiased = [900 / 899, 300 / 299]
    variance = sum(p * (1 - p) / n * f for p, n, f in zip([40 / 900, 25 / 300], [900, 300], unbiased, strict=True))
    assert found.value == pytest.approx(theirs.diff, **SAME)
    assert found.error**2 == pytest.approx(variance, **SAME)
    assert found.error**2 == pytest.approx(theirs.variance, rel=0.004)


@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize("power", [0.8, 0.95])
def test_power_and_sample_in_statsmodels(share: float, power: float) -> None:
    design = Design(deviation=2.0, effect=0.1, alpha=0.05, power=power, challenger=share)
    theirs, ratio = NormalIndPower(), share / (1 - share)
    assert fixed_power(design, 10_000) == pytest.approx(
        theirs.power(0.05, 10_000 * (1 - share), 0.05, ratio=ratio, alternative="two-sided"), **SAME
    )
    champion = theirs.solve_power(0.05, power=power, alpha=0.05, ratio=ratio, alternative="two-sided")
    assert fixed_sample(design).champion == int(np.ceil(champion))


@pytest.mark.parametrize("covariate", [True, False])
def test_the_adjusted_ratio_in_tea_tasting(rows: dict[str, np.ndarray], covariate: bool) -> None:
    units, place = np.unique(rows["unit"], return_inverse=True)
    table = pa.table(
        {
            "variant": units % 3 // 2,
            "decisions": np.bincount(place),
            "visits": np.bincount(place),  # tea-tasting wants a second name for the same column
            "cost": np.bincount(place, rows["cost"]),
            "risk": np.bincount(place, rows["risk"]),
        }
    )
    known = {"numer_covariate": "risk", "denom_covariate": "visits"} if covariate else {}
    metric = tea.RatioOfMeans("cost", "decisions", use_t=False, equal_var=False, **known)
    theirs = tea.Experiment(cost=metric).analyze(table)["cost"]
    found = difference(rows, covariate)
    assert found.value == pytest.approx(theirs.effect_size, **SAME)
    assert (found.champion, found.challenger) == pytest.approx((theirs.control, theirs.treatment), **SAME)
    assert found.value / found.error == pytest.approx(theirs.statistic, **SAME)
    assert (found.explained > 0.1) == covariate


def test_the_sample_ratio_in_tea_tasting() -> None:
    table = pa.table({"variant": np.repeat([0, 1], [5000, 480])})
    metric = tea.SampleRatio({0: 90, 1: 10}, method="norm", correction=False)
    theirs = tea.Experiment(ratio=metric).analyze(table)["ratio"]
    assert sample_ratio((5000, 480), (90, 10), planned=10_000).chi_square_p == pytest.approx(theirs.pvalue, **SAME)


def test_power_with_a_covariate_in_tea_tasting(rows: dict[str, np.ndarray]) -> None:
    table = pa.table({"cost": rows["cost"], "risk": rows["risk"]})
    metric = tea.Mean("cost", "risk", use_t=False, effect_size=0.05, n_obs=20_000, ratio=0.25)
    (theirs,) = metric.solve_power(table, "power")
    champion = of_units(np.ones(3000), rows["cost"], rows["risk"])
    design = Design(champion.deviation, 0.05, challenger=0.2, explained=champion.explained)
    assert fixed_power(design, 20_000) == pytest.approx(theirs.power, **SAME)
