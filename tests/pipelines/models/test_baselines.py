import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import check_estimator

from pipelines.models.baselines import HistoricalRate

pytestmark = pytest.mark.integration


def test_keeps_scikit_learns_contract() -> None:
    results = check_estimator(HistoricalRate(), on_skip=None, on_fail=None)
    failed = {one["check_name"]: one["exception"] for one in results if one["status"] == "failed"}

    assert failed == {}
    assert sum(one["status"] == "passed" for one in results) > 30


def test_rate_by_category_is_pulled_towards_the_overall_rate() -> None:
    frame = pd.DataFrame({"size": np.zeros(8, dtype=np.float32), "town": pd.Series(list("aaaabbbb"), dtype=object)})
    y = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    rule = HistoricalRate(column="town", prior_rows=4).fit(frame, y)
    asked = pd.DataFrame({"size": [0.0, 0.0, 0.0], "town": pd.Series(["a", "b", "unseen"], dtype=object)})

    # 3 of 4 and 0 of 4, each with four more rows at the overall 3 in 8.
    assert rule.predict_proba(asked)[:, 1].tolist() == [(3 + 1.5) / 8, 1.5 / 8, 3 / 8]


def test_rate_by_number_counts_by_quantile_and_missing_apart() -> None:
    values = np.concatenate([np.arange(100.0), np.full(20, np.nan)])[:, None]
    y = np.concatenate([np.arange(100) >= 50, np.zeros(20)]).astype(int)
    rule = HistoricalRate(prior_rows=0.0, bins=4).fit(values, y)

    found = rule.predict_proba([[10.0], [90.0], [1000.0], [np.nan]])[:, 1]

    assert found.tolist() == [0.0, 1.0, 1.0, 0.0]
