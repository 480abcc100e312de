"""The covariate: found on older rows, judged on newer ones, and nothing where nothing explains."""

import numpy as np
import pytest

from monitoring.experiments.covariate import best_covariate

pytestmark = pytest.mark.unit

ROWS = 4000
DRAW = np.random.default_rng(2)
RISK = DRAW.random(ROWS)
COST = 5.0 * (DRAW.random(ROWS) < 0.4 * RISK)
UNITS = np.arange(ROWS)


def test_the_number_that_goes_with_the_cost_is_found() -> None:
    noise = DRAW.random(ROWS)
    found = best_covariate(UNITS, COST, {"noise": list(noise), "risk": list(RISK)}, {})
    assert found is not None
    assert (found.column, found.means) == ("risk", None)
    newer = np.corrcoef(COST[ROWS // 2 :], RISK[ROWS // 2 :])[0, 1] ** 2
    assert found.explained == pytest.approx(newer, rel=1e-6)
    assert found.otherwise == pytest.approx(RISK[: ROWS // 2].mean())


def test_a_column_with_many_values_does_not_flatter_itself() -> None:
    names = [str(value) for value in DRAW.integers(0, 1500, ROWS)]
    assert best_covariate(UNITS, COST, {}, {"name": names}) is None


def test_missing_numbers_count_as_the_usual_one() -> None:
    some = [None if place % 3 else float(value) for place, value in enumerate(RISK)]
    found = best_covariate(UNITS, COST, {"some": some}, {})
    assert found is not None
    assert list(found.of([None, 0.5, float("nan")])) == [found.otherwise, 0.5, found.otherwise]


def test_without_rows_or_candidates_there_is_none() -> None:
    assert best_covariate(UNITS[:2], COST[:2], {"risk": list(RISK[:2])}, {}) is None
    assert best_covariate(UNITS, COST, {}, {}) is None
    assert best_covariate(UNITS, COST, {"empty": [None] * ROWS}, {}) is None
