from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipelines.scaffold.request import Request
from pipelines.scaffold.times import Times, read_times
from understudy.errors import DataError

pytestmark = pytest.mark.unit

DAYS = [str(np.datetime64("2024-01-01") + np.timedelta64(n, "D")) for n in range(100)]


def read(values: Any, known: list[bool] | None = None, **asked: Any) -> Times:
    table = pa.table({"at": values})
    times = read_times(table, Request(Path("rows.csv"), "sold", "at", **asked), np.array(known or [True] * len(table)))
    assert times is not None
    return times


def test_no_time_was_named() -> None:
    assert read_times(pa.table({"a": [1]}), Request(Path("rows.csv"), "a"), np.array([True])) is None


@pytest.mark.parametrize("values", [DAYS, [date.fromisoformat(day) for day in DAYS], np.array(DAYS, "datetime64[ms]")])
def test_iso_text_and_typed_times_need_no_format(values: Any) -> None:
    times = read(values)
    assert times.written is None
    assert times.values[1] == np.datetime64("2024-01-02")
    assert times.used.all()


@pytest.mark.parametrize(("ahead", "few"), [(0, True), (10, True), (11, False)])
def test_a_tenth_in_the_future_may_be_mistakes(ahead: int, few: bool) -> None:
    later = [f"2999-01-01 00:{n:02}" for n in range(ahead)]
    times = read([*DAYS[ahead:], *later])
    assert (int(times.ahead.sum()), times.few_ahead) == (ahead, few)
    assert times.used.sum() == (100 - ahead if few else 100)


def test_rows_without_time_or_outcome_are_not_used() -> None:
    times = read([*DAYS[:98], None, "2999-01-01"], known=[False] * 3 + [True] * 96 + [False])
    assert (int(times.used.sum()), int(times.ahead.sum())) == (95, 0)


@pytest.mark.parametrize(
    ("values", "asked", "message"),
    [
        ([1700000000 + n for n in range(100)], {}, "'at' of rows.csv holds int64, not dates"),
        (pa.nulls(100, pa.string()), {}, "'at' is empty in every row"),
        (DAYS, {"time_format": "%d.%m.%Y"}, r"holds no dates written as %d\.%m\.%Y, but '2024-01-01'"),
        (DAYS, {"time_format": "%Q"}, "--time-format '%Q' is no format of dates"),
        (["2024-01-01"] * 61 + DAYS[:39], {}, "62 of 100 are at 2024-01-01 00:00:00, and rows of one time"),
        (DAYS[:80] + ["2024-12-31"] * 20, {}, None),
        (DAYS[:70] + ["2024-12-31"] * 30, {}, "30 of 100 are at 2024-12-31 00:00:00, and"),
    ],
)
def test_times_that_part_nothing_are_refused(values: Any, asked: dict[str, Any], message: str | None) -> None:
    if message is None:
        assert read(values, **asked).used.all()
        return
    with pytest.raises(DataError, match=message):
        read(values, **asked)


@pytest.mark.parametrize("as_text", [False, True])
def test_counts_since_1970_are_known_for_what_they_are(as_text: bool) -> None:
    counts = [1700000000 + n for n in range(100)]
    with pytest.raises(DataError) as caught:
        read([str(count) for count in counts] if as_text else counts)
    assert "pd.to_datetime(column, unit='s')" in caught.value.fix


def test_no_row_has_both() -> None:
    with pytest.raises(DataError, match="No row has both an outcome and a time 'at'"):
        read(DAYS, known=[False] * 100)
