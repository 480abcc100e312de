"""Limits hold for all columns together, and for windows that had no share in making them."""

import numpy as np
import pytest

from monitoring.drift.limits import WILD, family_limits

pytestmark = pytest.mark.unit

APART = ~np.eye(200, dtype=bool)
ALPHA = 0.05


def calm(seed: int, windows: int = 200, columns: int = 30) -> np.ndarray:
    """Independent statistics of very different sizes."""
    return np.random.default_rng(seed).gamma(2, size=(windows, columns)) * np.geomspace(0.01, 10, columns)


def test_alpha_is_the_share_of_calm_windows_with_any_alarm() -> None:
    shares = []
    for seed in range(30):
        limits = family_limits(calm(seed), APART, ALPHA, 1e-6)
        shares.append((calm(seed + 1_000, 500) > limits.each).any(axis=1).mean())
    assert 0.025 < np.mean(shares) < 0.065


def test_each_limit_is_on_the_scale_of_its_column() -> None:
    limits = family_limits(calm(0), APART, ALPHA, 1e-6)
    alarms = (calm(1, 20_000) > limits.each).mean(axis=0)
    assert alarms.max() < 0.01
    assert limits.each[-1] / limits.each[0] == pytest.approx(1_000, rel=0.5)


def test_columns_that_say_the_same_count_as_one() -> None:
    one = calm(0, columns=1)
    many = family_limits(np.repeat(one, 30, axis=1), APART, ALPHA, 1e-6)
    alone = family_limits(one, APART, ALPHA, 1e-6)
    assert many.factor == alone.factor < family_limits(calm(0), APART, ALPHA, 1e-6).factor


def test_a_window_is_not_measured_by_its_neighbours() -> None:
    """Four stretches of fifty windows, one of them wild: seen from the others it is far out."""
    values = calm(0, columns=1)
    values[:50] *= 10
    stretch = np.arange(200) // 50
    apart = stretch[:, None] != stretch[None, :]
    assert family_limits(values, apart, ALPHA, 1e-6).factor > 2 * family_limits(values, APART, ALPHA, 1e-6).factor


def test_a_wild_column_does_not_widen_the_limits_of_all() -> None:
    """A field that came into use in the last stretch of training, a hundred times its scale."""
    stretch = np.arange(200) // 50
    apart = stretch[:, None] != stretch[None, :]
    quiet, wild = calm(0, columns=3), calm(1, columns=1)
    wild[:50] *= 100
    alone, both = (family_limits(values, apart, ALPHA, 1e-6) for values in (quiet, np.hstack([quiet, wild])))
    assert both.factor < WILD + 3
    np.testing.assert_allclose(both.each[:3], alone.each * both.factor / alone.factor)
    assert (wild > both.each[3]).mean() < 2 * ALPHA


def test_what_never_moved_has_the_smallest_scale() -> None:
    values = calm(0, columns=2)
    values[:, 0] = 0
    limits = family_limits(values, APART, ALPHA, 0.001)
    assert limits.each[0] == pytest.approx(0.001 * limits.factor)


def test_what_could_not_be_measured_counts_as_calm() -> None:
    values = calm(0, columns=1)
    values[:100] = np.nan
    assert np.isfinite(family_limits(values, APART, ALPHA, 1e-6).each).all()


def test_a_single_window_is_its_own_measure() -> None:
    limits = family_limits(np.array([[0.3]]), np.array([[False]]), ALPHA, 1e-6)
    assert limits.each.tolist() == [0.3]
