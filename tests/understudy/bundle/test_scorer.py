"""Running the compiled model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_bundle import INPUTS, expected_score, small_model, tricky_model

from understudy.bundle import Scorer
from understudy.bundle.manifest import Inputs, ModelInput
from understudy.errors import BundleError

pytestmark = pytest.mark.integration

SCORER = Scorer(small_model(), INPUTS)
NUMBER = st.one_of(st.just(float("nan")), st.floats(-5, 5, width=32))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(NUMBER, NUMBER, st.sampled_from(["north", "south", "", "never seen"])), min_size=1))
def test_scores_are_the_formula(rows: list[tuple[float, float, str]]) -> None:
    numbers = np.array([row[:2] for row in rows], np.float32)
    scores = SCORER.score(numbers, np.array([[row[2]] for row in rows], object))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, [expected_score(*row) for row in rows], atol=1e-6)


def test_float64_is_taken_too() -> None:
    assert SCORER.score(np.zeros((1, 2)), np.array([[""]])).tolist() == [0.5]


@pytest.mark.parametrize(
    ("numbers", "categories", "named"),
    [
        (None, np.array([[""]]), "numbers"),
        (np.zeros((1, 2)), None, "categories"),
        (np.zeros((1, 3)), np.array([[""]]), "numbers"),
        (np.zeros(2), np.array([[""]]), "numbers"),
    ],
)
def test_wrong_shapes_are_named(numbers: np.ndarray | None, categories: np.ndarray | None, named: str) -> None:
    with pytest.raises(BundleError, match=f"{named} has shape"):
        SCORER.score(numbers, categories)


def test_bytes_that_are_no_model() -> None:
    with pytest.raises(BundleError, match="cannot be run"):
        Scorer(b"no model", INPUTS)


def test_model_of_other_inputs_is_refused() -> None:
    other = Inputs(numbers=(*INPUTS.numbers, ModelInput(name="height")), categories=INPUTS.categories)
    with pytest.raises(BundleError, match=r"takes .* instead of"):
        Scorer(small_model(), other)


def test_model_of_other_outputs_is_refused() -> None:
    with pytest.raises(BundleError, match=r"gives .* instead of one score"):
        Scorer(small_model(output="probability"), INPUTS)


def test_a_failure_is_raised_and_not_printed_as_well(capfd: pytest.CaptureFixture[str]) -> None:
    scorer = Scorer(tricky_model(), INPUTS)
    with pytest.raises(Exception, match="out of data bounds"):
        scorer.score(np.array([[-2000, 0.5]], np.float32), np.array([["north"]], object))
    assert capfd.readouterr() == ("", "")
