import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from pipelines.models.hashing import HashingEncoder

pytestmark = pytest.mark.integration


@parametrize_with_checks([HashingEncoder(buckets=4)])
def test_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


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
