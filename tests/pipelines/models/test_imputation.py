import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from pipelines.models.imputation import MedianImputer

pytestmark = pytest.mark.integration


def test_keeps_scikit_learns_contract() -> None:
    results = check_estimator(MedianImputer(), on_skip=None, on_fail=None)
    failed = {one["check_name"]: one["exception"] for one in results if one["status"] == "failed"}

    assert failed == {}
    assert sum(one["status"] == "passed" for one in results) > 30


def test_fills_by_training_median_and_flags_what_was_missing_in_training() -> None:
    train = np.array([[1.0, 10.0, np.nan], [3.0, np.nan, np.nan], [8.0, 30.0, np.nan]])
    imputer = MedianImputer().fit(train)

    later = imputer.transform([[np.nan, np.nan, 5.0]])

    assert imputer.medians_.tolist() == [3.0, 20.0, 0.0]
    assert imputer.flagged_.tolist() == [1, 2]
    assert later.tolist() == [[3.0, 20.0, 5.0, 1.0, 0.0]]
    assert imputer.get_feature_names_out(["a", "b", "c"]).tolist() == ["a", "b", "c", "b_missing", "c_missing"]
