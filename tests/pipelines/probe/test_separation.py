import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipelines.probe.sample import Sample, bins_of
from pipelines.probe.separation import auc_error, out_of_fold_rate, separation, single_features

pytestmark = pytest.mark.unit
RANDOM = np.random.default_rng(3)
Y = (RANDOM.random(4000) < 0.3).astype(np.int64)


def sample(**numbers: np.ndarray) -> Sample:
    return Sample(Y, numbers, {})


def test_a_shifted_normal_has_the_known_auc() -> None:
    """Two normals one deviation apart: AUC = Phi(1 / sqrt 2) = .760."""
    assert separation(RANDOM.normal(size=4000) + Y, Y) == pytest.approx(0.760, abs=0.02)


def test_direction_does_not_matter() -> None:
    values = RANDOM.normal(size=4000) + Y
    assert separation(values, Y) == pytest.approx(separation(-values, Y), abs=0.01)


def test_noise_of_many_categories_says_nothing_out_of_fold() -> None:
    values = RANDOM.integers(0, 1500, 4000).astype(str).astype(object)
    assert separation(values, Y) < 0.55


def test_what_is_not_monotone_is_seen_by_its_bins() -> None:
    values = np.where(Y == 1, RANDOM.normal(0, 0.1, 4000), RANDOM.choice([-3, 3], 4000) + RANDOM.normal(0, 0.1, 4000))
    assert separation(values, Y) > 0.95


def test_missing_is_a_value_of_its_own() -> None:
    values = np.where(Y == 1, np.nan, 5.0)
    assert separation(values, Y) > 0.99


def test_a_figure_over_the_limit_fails_only_when_sure() -> None:
    strong = RANDOM.normal(size=4000) + 1.5 * Y
    found = single_features(sample(strong=strong, noise=RANDOM.normal(size=4000)), limit=0.8)
    assert [(f.feature, f.failed) for f in found] == [("strong", True), ("noise", False)]
    few = Sample(Y[:20], {"strong": strong[:20]}, {})
    assert not single_features(few, limit=0.8)[0].failed


def test_error_of_an_auc() -> None:
    """Hanley and McNeil's own example: .893 with 51 abnormal and 58 normal images has an error of .032."""
    assert auc_error(0.893, 51, 58) == pytest.approx(0.032, abs=0.001)


def test_rates_come_from_other_folds() -> None:
    rates = out_of_fold_rate(np.arange(1, 11), np.array([1, 0] * 5))
    assert rates == pytest.approx([0.5] * 10)


@given(arrays.arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6) | st.just(float("nan"))))
def test_bins_keep_equal_values_together(values: np.ndarray) -> None:
    bins = bins_of(values, most=8)
    assert (bins[np.isnan(values)] == 0).all()
    assert (bins[~np.isnan(values)] > 0).all()
    order = np.argsort(values)
    present = order[~np.isnan(values[order])]
    assert (np.diff(bins[present]) >= 0).all()
