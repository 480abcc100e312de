import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from pipelines.models.hashing import HashingEncoder

pytestmark = pytest.mark.integration


def test_keeps_scikit_learns_contract() -> None:
    results = check_estimator(HashingEncoder(buckets=4), on_skip=None, on_fail=None)
    failed = {one["check_name"]: one["exception"] for one in results if one["status"] == "failed"}

    assert failed == {}
    assert sum(one["status"] == "passed" for one in results) > 30


def test_each_value_lights_one_bucket_of_its_column_always_the_same() -> None:
    values = np.array([["ewr", "x"], ["jfk", "x"], ["ewr", "y"]], dtype=object)
    encoder = HashingEncoder(buckets=8).fit(values)

    encoded = encoder.transform(values)

    assert encoded.shape == (3, 16)
    assert encoded.sum(axis=1).tolist() == [2.0, 2.0, 2.0]
    assert (encoded[0, :8] == encoded[2, :8]).all()
    assert (encoded[0, 8:] == encoded[1, 8:]).all()
    assert encoder.transform(np.array([["never seen", ""]], dtype=object)).sum() == 2.0
    assert len(encoder.get_feature_names_out(["a", "b"])) == 16
