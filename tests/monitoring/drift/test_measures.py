"""Distances between counts: what holds for all of them, and one worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitoring.drift.measures import MEASURES, jensen_shannon, measure_named, psi
from understudy.errors import SpecError

pytestmark = pytest.mark.unit

counts = arrays(np.int64, 6, elements=st.integers(0, 10_000)).filter(lambda found: found.sum() > 0)


def test_psi_by_hand() -> None:
    """.1 log(5 / 4) - .1 log(5 / 6): shares .5 .5 against .4 .6."""
    expected = 0.1 * np.log(0.5 / 0.4) - 0.1 * np.log(0.5 / 0.6)
    assert psi(np.array([50, 50]), np.array([4, 6])) == pytest.approx(expected, rel=1e-12)


def test_an_empty_bin_stands_for_a_ten_thousandth() -> None:
    expected = (0.5 - 1e-4) * np.log(0.5 / 1e-4) + (0.5 - 1) * np.log(0.5)
    assert psi(np.array([50, 50]), np.array([0, 10])) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", MEASURES)
@given(reference=counts, current=counts, order=st.permutations(range(6)))
def test_order_of_bins_and_of_samples_does_not_matter(
    name: str, reference: np.ndarray, current: np.ndarray, order: list[int]
) -> None:
    measure = measure_named(name)
    found = float(measure(reference, current))
    assert found >= 0
    assert float(measure(reference[order], current[order])) == pytest.approx(found, abs=1e-9)
    assert float(measure(current, reference)) == pytest.approx(found, abs=1e-9)


@pytest.mark.parametrize("name", MEASURES)
@given(found=counts, times=st.integers(1, 50))
def test_a_sample_does_not_differ_from_itself(name: str, found: np.ndarray, times: int) -> None:
    assert float(measure_named(name)(found, found * times)) == pytest.approx(0, abs=1e-7)


@given(reference=counts, current=counts)
def test_jensen_shannon_is_bounded(reference: np.ndarray, current: np.ndarray) -> None:
    assert float(jensen_shannon(reference, current)) <= np.sqrt(np.log(2)) + 1e-12


@pytest.mark.parametrize("name", MEASURES)
def test_many_samples_at_once(name: str) -> None:
    draw = np.random.default_rng(0)
    reference, windows = draw.integers(0, 50, 8), draw.integers(0, 50, (5, 8))
    measure = measure_named(name)
    np.testing.assert_allclose(measure(reference, windows), [measure(reference, window) for window in windows])


@pytest.mark.parametrize("name", MEASURES)
def test_nothing_cannot_be_compared(name: str) -> None:
    assert np.isnan(measure_named(name)(np.array([1, 2]), np.array([0, 0])))


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(SpecError, match="'ks'") as refused:
        measure_named("ks")
    assert "psi" in refused.value.fix
