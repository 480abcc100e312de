from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import compute as pc

from pipelines.ingest.package import locate
from problems.bank.source import age_group, dates, read
from understudy.errors import DataError
from understudy.problem import load_problem

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def calls() -> pa.Table:
    spec = load_problem(ROOT / "configs" / "problems", "bank")
    assert spec.source.package is not None
    return read(locate(spec.source.package))["calls"]


@pytest.mark.unit
def test_year_turns_where_the_month_falls_back() -> None:
    found = dates(["nov", "dec", "jan", "dec", "feb"], np.array([30, 31, 1, 2, 28]))
    assert found.astype(str).tolist() == ["2008-11-30", "2008-12-31", "2009-01-01", "2009-12-02", "2010-02-28"]


@pytest.mark.unit
@pytest.mark.parametrize(("month", "day"), [("jun", 31), ("feb", 30), ("may", 0), ("may", 32)])
def test_a_day_that_does_not_exist_is_refused(month: str, day: int) -> None:
    with pytest.raises(DataError, match=f"Call 2 is dated {day} {month} 2008"):
        dates([month, month], np.array([1, day]))


@pytest.mark.unit
def test_ages_fall_into_bands() -> None:
    assert age_group(np.array([18, 29, 30, 59, 60, 95])).tolist() == ["18-29", "18-29", "30-39", "50-59", "60+", "60+"]


@pytest.mark.integration
def test_calls_are_in_the_order_of_time(calls: pa.Table) -> None:
    days = calls["called_on"].to_numpy()
    assert calls.num_rows == 45_211
    assert (np.diff(days) >= np.timedelta64(0)).all()
    assert str(days[0])[:10] == "2008-05-05"
    assert str(days[-1])[:10] == "2010-11-17"
    assert calls["call"].to_pylist() == list(range(1, 45_212))


@pytest.mark.integration
@pytest.mark.parametrize(
    ("first", "until", "rate"),
    [("2009-01", "2009-04", 0.112), ("2009-10", "2010-01", 0.459), ("2010-07", "2010-10", 0.519)],
)
def test_subscriptions_rise(calls: pa.Table, first: str, until: str, rate: float) -> None:
    days = calls["called_on"].to_numpy()
    quarter = (days >= np.datetime64(first)) & (days < np.datetime64(until))
    assert calls["subscribed"].to_numpy()[quarter].mean() == pytest.approx(rate, abs=0.0005)


@pytest.mark.integration
def test_what_stands_for_missing_is_missing(calls: pa.Table) -> None:
    missing = {name: calls[name].null_count for name in calls.column_names if calls[name].null_count}
    assert missing == {"job": 288, "education": 1857, "contact": 13_020, "poutcome": 36_959, "pdays": 36_954}
    assert pc.min(calls["pdays"]).as_py() == 1
