"""Intervals that hold all at once do, and cost no more than they must."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.statistics.simultaneous import simultaneous

pytestmark = pytest.mark.unit


def drawn(rng: np.random.Generator, figures: int, repeats: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Figures whose truth is 0, and repeats as a bootstrap would draw them."""
    values = rng.normal(size=figures)
    return values, values + rng.normal(size=(repeats, figures))


def test_of_many_figures_all_hold_as_often_as_promised() -> None:
    rng = np.random.default_rng(1)
    held = [all(one.low <= 0 <= one.high for one in simultaneous(*drawn(rng, 20))) for _ in range(600)]
    assert 0.92 <= np.mean(held) <= 0.98


def test_a_single_figure_has_its_usual_interval() -> None:
    values, replicates = drawn(np.random.default_rng(2), 1, 20_000)
    (one,) = simultaneous(values, replicates)
    assert one.high - one.low == pytest.approx(2 * 1.96, rel=0.02)


def test_figures_that_move_together_cost_nothing_more() -> None:
    values, replicates = drawn(np.random.default_rng(3), 1, 20_000)
    alone = simultaneous(values, replicates)[0]
    together = simultaneous(np.repeat(values, 30), np.repeat(replicates, 30, axis=1))
    assert together[17].low == pytest.approx(alone.low)


@given(st.integers(0, 1000), st.integers(2, 12))
def test_more_figures_never_make_an_interval_narrower(seed: int, figures: int) -> None:
    values, replicates = drawn(np.random.default_rng(seed), figures, 100)
    few, many = simultaneous(values[:1], replicates[:, :1])[0], simultaneous(values, replicates)[0]
    assert many.high - many.low >= few.high - few.low - 1e-9


def test_what_is_undefined_or_never_varies_is_said_so() -> None:
    replicates = np.column_stack([np.full(50, np.nan), np.zeros(50)])
    undefined, constant = simultaneous(np.array([1.0, 0.0]), replicates)
    assert np.isnan(undefined.low)
    assert (constant.low, constant.high) == (0.0, 0.0)
    assert np.isnan(simultaneous(np.array([1.0]), np.full((5, 1), np.nan))[0].high)
