"""Columns as bins: Evidently's bins, missing values apart, and the steps that values come in."""

import numpy as np
import pyarrow as pa
import pytest

from monitoring.drift.coded import coded_grid, coded_numbers, coded_texts, within

pytestmark = pytest.mark.unit

DRAW = np.random.default_rng(1)


def test_few_values_are_bins_of_their_own() -> None:
    coded = coded_numbers(np.array([1.0, 2, 2, np.nan]), np.array([2.0, 7, np.nan, np.inf]))
    assert (coded.bins, coded.exact) == (3, True)
    assert coded.reference.tolist() == [0, 1, 1, 3]
    assert coded.current.tolist() == [1, 2, 3, 3]
    assert coded.missing == 3


def test_many_values_fall_into_bins_of_equal_width() -> None:
    reference, current = DRAW.normal(size=900), DRAW.normal(1, 2, 300)
    coded = coded_numbers(reference, current)
    edges = np.histogram_bin_edges(np.concatenate([reference, current]), "sturges")
    for codes, column in ((coded.reference, reference), (coded.current, current)):
        counted = np.bincount(codes, minlength=coded.bins)
        np.testing.assert_array_equal(counted, np.histogram(column, edges)[0])


def test_texts_know_the_empty_one_as_missing() -> None:
    coded = coded_texts(pa.chunked_array([["b", "a"], ["a"]]), pa.chunked_array([["c", "", None]]))
    assert coded.bins == 4
    assert (coded.current == coded.missing).tolist() == [False, True, True]
    assert coded.reference[1] == coded.reference[2] != coded.reference[0]


def test_texts_without_a_missing_one() -> None:
    coded = coded_texts(pa.chunked_array([["b", "a"]]), pa.chunked_array([["a"]]))
    assert coded.missing == coded.bins == 2


def test_what_lies_outside_is_moved_to_the_ends() -> None:
    moved = within(np.array([1.0, np.nan, 5]), np.array([0.0, 3, 1048, np.nan, np.inf]))
    np.testing.assert_array_equal(moved, [1, 3, 5, np.nan, np.nan])


def test_an_empty_reference_moves_nothing() -> None:
    np.testing.assert_array_equal(within(np.array([np.nan]), np.array([1.0])), [1.0])


def test_a_converted_unit_leaves_the_grid() -> None:
    """Knots in miles an hour, of which another 1.151 of is made."""
    knots = DRAW.integers(3, 30, 2_000)
    grid = coded_grid(knots * 1.15078, knots[:500] * 1.15078 * 1.151)
    assert grid is not None
    assert (grid.current == grid.bins - 1).all()
    assert (grid.reference < grid.bins - 1).all()
    same = coded_grid(knots * 1.15078, np.float32(knots[:500] * 1.15078).astype(float))
    assert same is not None
    assert (same.current < same.bins - 1).all()


def test_a_grid_keeps_missing_values_apart() -> None:
    grid = coded_grid(np.repeat([1.0, 2.0], 30), np.array([np.nan, 1.0, 9.0]))
    assert grid is not None
    assert grid.current.tolist() == [grid.missing, 0, grid.bins - 1]


@pytest.mark.parametrize("reference", [DRAW.normal(size=500), np.full(50, np.nan)], ids=["continuous", "empty"])
def test_not_every_column_is_on_a_grid(reference: np.ndarray) -> None:
    assert coded_grid(reference, np.array([1.0])) is None
