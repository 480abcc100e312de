from pathlib import Path

import numpy as np
import pytest
from small_bundle import expected_score, tricky_model, write_small_bundle
from small_serving import CODE, a_model

from serving.errors import ModelFailed
from serving.model import LoadedModel
from understudy.bundle import Bundle
from understudy.bundle.manifest import Example, FeatureCode
from understudy.errors import BundleError

pytestmark = pytest.mark.integration

ONE = np.array([[1.0, 0.5]], np.float32), np.array([["north"]], object)


def test_a_model_scores_as_its_bundle_does(tmp_path: Path) -> None:
    model = a_model(tmp_path, version=3)
    assert model.version == 3
    assert model.digest == model.bundle.digest
    assert model.score(*ONE)[0] == pytest.approx(expected_score(1.0, 0.5, "north"), abs=1e-6)
    assert model.inline_rows >= 64


def test_another_bundle_than_was_deployed_is_refused(tmp_path: Path) -> None:
    folder = write_small_bundle(tmp_path / "b", features=FeatureCode(functions=None, views=(), code_hash=CODE))
    with pytest.raises(BundleError, match="was deployed as aaaaaaaaaaaa"):
        LoadedModel.load(folder, 1, "a" * 64, CODE)


def test_features_of_other_code_are_refused(tmp_path: Path) -> None:
    folder = write_small_bundle(tmp_path / "b")
    with pytest.raises(BundleError, match="its features were made by other code"):
        LoadedModel.load(folder, 1, Bundle.load(folder).digest, CODE)


def test_a_model_that_does_not_score_its_example_is_refused(tmp_path: Path) -> None:
    example = Example(request={"size": 1.0}, numbers=(1.0, 0.5), categories=("north",), score=0.1)
    with pytest.raises(BundleError, match=r"scores its own example 0\.92.*says 0\.1"):
        a_model(tmp_path, example=example)


def test_failing_at_run_time_is_named(tmp_path: Path) -> None:
    model = a_model(tmp_path, version=7, model=tricky_model())
    with pytest.raises(ModelFailed, match="Version 7 cannot score"):
        model.score(np.array([[-2000.0, 0.0]], np.float32), np.array([[""]], object))
    assert model.score(*ONE).shape == (1,)


@pytest.mark.parametrize("wrong", [np.nan, 1.5, -0.1, np.inf])
def test_what_is_no_probability_is_refused(tmp_path: Path, wrong: float, monkeypatch: pytest.MonkeyPatch) -> None:
    model = a_model(tmp_path)
    monkeypatch.setattr(model, "bundle", _Saying(wrong))
    with pytest.raises(ModelFailed, match="no probability"):
        model.score(*ONE)


class _Saying:
    def __init__(self, score: float) -> None:
        self._score = score

    def score(self, numbers: object, categories: object) -> np.ndarray:
        return np.array([0.5, self._score], np.float32)
