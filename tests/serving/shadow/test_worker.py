"""What the shadows' process makes of a model that fails at some rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_bundle import expected_score, tricky_model
from small_serving import a_model

from serving.model import LoadedModel
from serving.shadow.worker import sound_scores

pytestmark = pytest.mark.integration

FAILS = -2000.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return a_model(tmp_path_factory.mktemp("tricky"), model=tricky_model())


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from([0.25, 1.0, FAILS]), min_size=1, max_size=20))
def test_rows_that_a_model_fails_at_do_not_take_others_along(model: LoadedModel, sizes: list[float]) -> None:
    numbers = np.array([[size, 0.5] for size in sizes], np.float32)
    scores, error = sound_scores(model, numbers, np.full((len(sizes), 1), "north", dtype=object))
    expected = [np.nan if size == FAILS else expected_score(size, 0.5, "north") for size in sizes]
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert error.startswith("Version 1 cannot score") == (FAILS in sizes)
