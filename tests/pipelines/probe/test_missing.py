import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.probe.missing import missing_patterns, wilson_low
from pipelines.probe.sample import Sample

pytestmark = pytest.mark.unit
Y = np.repeat([1, 0], [400, 1600]).astype(np.int64)


def found(values: np.ndarray) -> bool:
    (finding,) = missing_patterns(Sample(Y, {"x": values}, {}))
    return finding.failed


def test_missing_only_where_positive() -> None:
    values = np.ones(2000)
    values[:200] = np.nan
    assert found(values)


def test_present_only_where_positive() -> None:
    values = np.full(2000, np.nan)
    values[:200] = 1.0
    assert found(values)


def test_missing_only_where_negative_is_told_from_the_majority() -> None:
    values = np.ones(2000)
    values[-1200:] = np.nan
    assert found(values)


def test_a_gap_that_leans_is_no_leak() -> None:
    values = np.ones(2000)
    values[np.random.default_rng(0).permutation(2000)[:500]] = np.nan
    values[:150] = np.nan
    assert not found(values)


def test_ten_rows_prove_nothing() -> None:
    values = np.ones(2000)
    values[:10] = np.nan
    assert not found(values)


def test_full_and_empty_columns_are_not_judged() -> None:
    assert missing_patterns(Sample(Y, {"full": np.ones(2000), "empty": np.full(2000, np.nan)}, {})) == []


def test_an_empty_category_is_missing() -> None:
    words = np.array([""] * 400 + ["x"] * 1600, dtype=object)
    (finding,) = missing_patterns(Sample(Y, {}, {"word": words}))
    assert finding.failed
    assert "400 of 400 rows in which 'word' is missing are positive" in finding.detail


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_bound_lies_below_the_share(hits: int, others: int) -> None:
    rows = hits + others
    assert wilson_low(hits, rows) + 1e-12 >= 0
    assert wilson_low(hits, rows) <= (hits / rows if rows else 0) + 1e-12
