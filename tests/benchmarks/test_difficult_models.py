"""Models made difficult, which are loaded like any other and show it from the first strange row on."""

import time
from pathlib import Path

import numpy as np
import pytest
from small_bundle import a_bundle, expected_score

from benchmarks.difficult_models import constant, inverted, raising, slower
from understudy.bundle import Bundle

pytestmark = pytest.mark.integration

NORTH = np.array([["north"]], dtype=object)
USUAL, STRANGE = np.array([[1.0, 0.5]], np.float32), np.array([[1.0, np.nan]], np.float32)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return a_bundle(tmp_path / "sound")


def test_a_slower_model_says_the_same_for_as_many_times_the_work(bundle: Bundle, tmp_path: Path) -> None:
    made = slower(bundle, 10_000, tmp_path / "slower")
    assert made.digest != bundle.digest
    assert made.score(USUAL, NORTH) == pytest.approx([expected_score(1.0, 0.5, "north")])
    assert made.score(STRANGE, NORTH) == pytest.approx([expected_score(1.0, np.nan, "north")])
    assert seconds(made, STRANGE) > 50 * seconds(made, USUAL)


def test_a_raising_model_scores_its_example_alone(bundle: Bundle, tmp_path: Path) -> None:
    made = raising(bundle, tmp_path / "raising")
    assert made.score(USUAL, NORTH) == pytest.approx([expected_score(1.0, 0.5, "north")])
    with pytest.raises(Exception, match="out of data bounds"):
        made.score(STRANGE, NORTH)


def test_an_inverted_model_turns_strange_rows_round(bundle: Bundle, tmp_path: Path) -> None:
    made = inverted(bundle, tmp_path / "inverted")
    assert made.score(USUAL, NORTH) == pytest.approx(bundle.score(USUAL, NORTH))
    assert made.score(STRANGE, NORTH) == pytest.approx(1 - bundle.score(STRANGE, NORTH))


def test_a_constant_model_says_the_same_to_all_strange_rows(bundle: Bundle, tmp_path: Path) -> None:
    made = constant(bundle, tmp_path / "constant")
    assert made.score(USUAL, NORTH) == pytest.approx(bundle.score(USUAL, NORTH))
    others = np.array([[3.0, 0.1], [-2.0, 1.0]], np.float32)
    assert made.score(others, np.repeat(NORTH, 2, axis=0)) == pytest.approx([0.9 * bundle.manifest.threshold] * 2)


def seconds(bundle: Bundle, numbers: np.ndarray) -> float:
    """The shortest of some runs."""
    took = []
    for _ in range(5):
        began = time.perf_counter()
        bundle.score(numbers, NORTH)
        took.append(time.perf_counter() - began)
    return min(took)
