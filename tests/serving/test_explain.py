from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_serving import REFERENCE, a_model

from serving.explain import PERMUTATIONS, TOLERANCE, explain, shapley
from serving.model import Array, FloatArray, LoadedModel

pytestmark = pytest.mark.integration

ROW = np.array([[1.5, np.nan]], np.float32), np.array([["north"]], object)
BACKGROUND = (
    np.array([[np.nan if value is None else value for value in row] for row in REFERENCE.numbers], np.float32),
    np.array(REFERENCE.categories, object),
)


@pytest.fixture
def model(tmp_path: Path) -> LoadedModel:
    return a_model(tmp_path)


def exact(model: LoadedModel) -> np.ndarray:
    """Shapley values over every order and every background row."""
    effects = np.zeros(3)
    for other in range(len(BACKGROUND[0])):
        for order in permutations(range(3)):
            numbers, texts = BACKGROUND[0][other].copy(), BACKGROUND[1][other].copy()
            before = model.score(numbers[None], texts[None])[0]
            for column in order:
                if column < 2:
                    numbers[column] = ROW[0][0, column]
                else:
                    texts[0] = ROW[1][0, 0]
                after = model.score(numbers[None], texts[None])[0]
                effects[column] += after - before
                before = after
    return effects / 6 / len(BACKGROUND[0])


def test_reasons_add_up_and_are_near_the_exact_ones(model: LoadedModel) -> None:
    found = explain(model, *ROW)
    assert found.score == pytest.approx(float(model.score(*ROW)[0]))
    assert found.base == pytest.approx(float(model.score(*BACKGROUND).mean()), abs=1e-6)
    assert found.base + sum(item.contribution for item in found.contributions) == pytest.approx(
        found.score, abs=TOLERANCE
    )
    by_name = {item.feature: item.contribution for item in found.contributions}
    expected = dict(zip(("size", "weight", "town"), exact(model), strict=True))
    assert by_name == pytest.approx(expected, abs=0.03)


def test_the_largest_reason_comes_first_with_its_value_and_unit(model: LoadedModel) -> None:
    found = explain(model, *ROW)
    sizes = [abs(item.contribution) for item in found.contributions]
    assert sizes == sorted(sizes, reverse=True)
    size, weight = (next(item for item in found.contributions if item.feature == name) for name in ("size", "weight"))
    assert (size.value, size.unit) == (1.5, "m2")
    assert weight.value is None
    assert (found.background, found.version) == (4, 1)


def test_the_same_row_gives_the_same_reasons(model: LoadedModel) -> None:
    assert explain(model, *ROW) == explain(model, *ROW)


def test_a_bundle_without_background_is_compared_with_its_example(tmp_path: Path) -> None:
    found = explain(a_model(tmp_path, reference=None), *ROW)
    assert found.background == 1
    assert found.base == pytest.approx(0.924, abs=0.001)
    assert found.base + sum(item.contribution for item in found.contributions) == pytest.approx(
        found.score, abs=TOLERANCE
    )


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 12), st.integers(1, 80), st.integers(0, 1000))
def test_a_sum_is_credited_term_by_term(columns: int, rows: int, seed: int) -> None:
    """For a linear score the contribution of a column is its weight times its distance from the background's mean."""
    draw = np.random.default_rng(seed)
    weights, background, row = (
        draw.normal(size=columns),
        draw.normal(size=(rows, columns)),
        draw.normal(size=(1, columns)),
    )

    def score(numbers: Array | None, _: Array | None) -> FloatArray:
        assert numbers is not None
        return np.asarray(numbers @ weights)

    base, effects = shapley(score, (row, None), (background, None))
    used = background[np.arange(PERMUTATIONS) % rows]
    assert effects == pytest.approx(weights * (row[0] - used.mean(axis=0)), abs=1e-9)
    assert base + effects.sum() == pytest.approx(float((row @ weights)[0]), abs=1e-9)
