"""From named columns to tensors."""

import math

import numpy as np
import pytest
from small_bundle import INPUTS

from understudy.bundle.columns import tensors
from understudy.bundle.manifest import Inputs
from understudy.errors import BundleError

pytestmark = pytest.mark.unit


def test_order_types_and_missing_values() -> None:
    columns = {"town": ["north", None, math.nan], "weight": [1, None, math.nan], "size": [True, 2.5, np.float32(3)]}
    numbers, categories = tensors(INPUTS, columns)
    assert numbers is not None
    assert categories is not None
    assert numbers.dtype == np.float32
    np.testing.assert_array_equal(numbers, np.array([[1, 1], [2.5, np.nan], [3, np.nan]], np.float32))
    assert categories.tolist() == [["north"], [""], [""]]


def test_categories_that_look_like_numbers_are_text() -> None:
    _, categories = tensors(INPUTS, {"town": [7], "weight": [0], "size": [0]})
    assert categories is not None
    assert categories.tolist() == [["7"]]


def test_absent_tensors_are_none() -> None:
    assert tensors(Inputs(numbers=(), categories=INPUTS.categories), {"town": ["x"]})[0] is None
    assert tensors(Inputs(numbers=INPUTS.numbers, categories=()), {"size": [1], "weight": [2]})[1] is None


def test_missing_columns_are_all_named() -> None:
    with pytest.raises(BundleError, match="lack weight, town"):
        tensors(INPUTS, {"size": [1]})


def test_text_among_numbers_names_column_and_unit() -> None:
    with pytest.raises(BundleError, match="size holds a value that is not a number") as caught:
        tensors(INPUTS, {"town": ["x"], "weight": [1], "size": ["large"]})
    assert "in m2" in caught.value.fix


def test_columns_of_unequal_length() -> None:
    with pytest.raises(BundleError, match="differ in length"):
        tensors(INPUTS, {"town": ["x"], "weight": [1, 2], "size": [1]})


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e39, 10**400, "inf", np.float64(-1e300)])
def test_numbers_that_are_not_finite_in_float32_name_the_column(value: object) -> None:
    with pytest.raises(BundleError, match="column size must be finite"):
        tensors(INPUTS, {"town": ["x"], "weight": [1], "size": [value]})


def test_the_largest_float32_passes() -> None:
    numbers, _ = tensors(INPUTS, {"town": ["x"], "weight": [1], "size": [3.4e38]})
    assert numbers is not None
    assert np.isfinite(numbers).all()
