"""Small distributions."""

import numpy as np
import pyarrow as pa
import pytest

from monitoring.window.pictures import BARS, MOST_VALUES, OTHER, picture

pytestmark = pytest.mark.unit


def column(values: object) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


def test_shares_of_numbers_add_up_then_and_now_whatever_lies_outside() -> None:
    before, now = np.random.default_rng(1).normal(size=(2, 2000)).astype(np.float32)
    now[:50], now[50:60] = 100.0, np.nan
    found = picture(column(before), column(now))
    assert len(found["names"]) == len(found["before"]) == len(found["now"]) == BARS
    assert sum(found["before"]) == pytest.approx(1.0, abs=1e-3)
    assert sum(found["now"]) == pytest.approx(1.0, abs=1e-3)
    assert found["now"][-1] > found["before"][-1] + 0.02


def test_a_constant_and_a_column_without_values_have_a_picture_too() -> None:
    assert max(picture(column([1.0, 1.0]), column([1.0]))["now"]) == 1.0
    assert picture(column([np.nan]), column([1.0]))["names"] == []
    assert sum(picture(column([1.0, 2.0]), column([np.nan]))["now"]) == 0


def test_the_commonest_values_are_named_and_the_rest_is_one_bar() -> None:
    before = ["ash"] * 50 + [f"town {n}" for n in range(30)]
    found = picture(column(before), column(["oak", "oak", ""]))
    assert found["names"][:2] == ["oak", "ash"]
    assert "(missing)" in found["names"]
    assert found["names"][-1] == OTHER
    assert len(found["names"]) == MOST_VALUES + 1
    assert sum(found["before"]) == pytest.approx(1.0, abs=1e-3)
    assert sum(found["now"]) == pytest.approx(1.0, abs=1e-3)
