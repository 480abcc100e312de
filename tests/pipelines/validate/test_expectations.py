from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from pipelines.validate.expectations import kind_findings, target_finding, whole_findings
from pipelines.validate.finding import Finding
from understudy.problem import ProblemSpec, Table

pytestmark = pytest.mark.unit

Columns = dict[str, list[Any]]


def noticed(columns: Columns, declared: Table) -> list[Finding]:
    return [f for f in whole_findings(pa.table(columns).to_pandas(), declared) if f.verdict != "pass"]


def test_good_rows_pass(columns: Columns, declare: Callable[..., Table]) -> None:
    strict = declare(rows=[200, 200], key=["id", "at"], time="at", monotone=True, not_after="2024-02-01", fresh_days=24)
    assert noticed(columns, strict) == []
    checks = [finding.check for finding in whole_findings(pa.table(columns).to_pandas(), strict)]
    assert checks == [
        "row count",
        *["missing share"] * 5,
        "unlisted share",
        "missing share",
        "key",
        "future",
        "monotone",
        "freshness",
    ]


@pytest.mark.parametrize("rows", [[201, 300], [10, 199]])
def test_row_count_stops(columns: Columns, declare: Callable[..., Table], rows: list[int]) -> None:
    (finding,) = noticed(columns, declare(rows=rows))
    assert finding.stops
    assert finding.detail == f"200 rows, expected {rows[0]} to {rows[1]}"


def test_an_open_list_lets_new_values_in_but_not_in_place_of_most(
    columns: Columns, declare: Callable[..., Table]
) -> None:
    listed = sorted(set(columns["town"]) - {None})
    declared = declare(column=("town", {"categories": [*listed, "..."]}))
    columns["town"][:100] = ["elsewhere"] * 100
    assert noticed(columns, declared) == []
    columns["town"][100:120] = ["elsewhere"] * 20
    (finding,) = noticed(columns, declared)
    assert (finding.column, finding.check, finding.failed, finding.stops) == ("town", "unlisted share", 120, True)
    assert "such as 'elsewhere'" in finding.detail


def test_too_many_gaps_stop(columns: Columns, declare: Callable[..., Table]) -> None:
    columns["speed"][:100] = [None] * 100
    assert noticed(columns, declare()) == []
    columns["speed"][100] = None
    (finding,) = noticed(columns, declare())
    assert (finding.column, finding.check, finding.failed, finding.limit) == ("speed", "missing share", 101, 0.5)
    assert finding.stops


@pytest.mark.parametrize("nulls", [0.0, 0.99])
def test_a_column_without_values_stops(columns: Columns, declare: Callable[..., Table], nulls: float) -> None:
    columns["speed"] = [None] * 200
    (finding,) = noticed(columns, declare(column=("speed", {"nulls": nulls})))
    assert (finding.column, finding.check, finding.stops) == ("speed", "all missing", True)


def test_a_column_may_be_declared_empty(columns: Columns, declare: Callable[..., Table]) -> None:
    columns["speed"] = [None] * 200
    assert noticed(columns, declare(column=("speed", {"nulls": 1.0}))) == []


def test_the_first_of_equal_keys_is_good(columns: Columns, declare: Callable[..., Table]) -> None:
    for name in ("town", "at"):
        columns[name][12] = columns[name][10]
    (finding,) = noticed(columns, declare(key=["town", "at"]))
    assert (finding.column, finding.check, finding.rows.tolist()) == ("town, at", "key", [12])


def test_future_rows_are_bad_and_do_not_count_as_newest(columns: Columns, declare: Callable[..., Table]) -> None:
    columns["at"][50] = datetime(2031, 1, 1)
    columns["at"][60] = datetime(2024, 2, 1)
    expect = declare(time="at", not_after="2024-02-01", monotone=True, fresh_days=24)
    (finding,) = noticed(columns, expect)
    assert (finding.check, finding.rows.tolist(), finding.stops) == ("future", [50, 60], False)


def test_now_is_a_limit(columns: Columns, declare: Callable[..., Table]) -> None:
    columns["at"][-1] = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=2)
    (finding,) = noticed(columns, declare(time="at", not_after="now"))
    assert (finding.check, finding.rows.tolist()) == ("future", [199])


def test_going_back_is_bad_until_the_old_time_is_reached(columns: Columns, declare: Callable[..., Table]) -> None:
    columns["at"][30] = columns["at"][28] - timedelta(minutes=1)
    columns["at"][70] = columns["at"][69]
    (finding,) = noticed(columns, declare(time="at", monotone=True))
    assert (finding.check, finding.rows.tolist()) == ("monotone", [30])


def test_stale_data_stop(columns: Columns, declare: Callable[..., Table]) -> None:
    (finding,) = noticed(columns, declare(time="at", not_after="2024-02-01", fresh_days=20))
    assert (finding.check, finding.stops) == ("freshness", True)
    assert finding.detail == "is newest 22.7 days before 2024-02-01, limit 20"


def test_swapped_and_missing_columns_stop(columns: Columns, declare: Callable[..., Table]) -> None:
    columns["speed"], columns["town"] = columns["town"], columns["speed"]
    del columns["maker"]
    stopped = {f.column: f.detail for f in kind_findings(pa.table(columns), declare()) if f.stops}
    assert stopped == {
        "speed": "is declared as number but holds string",
        "town": "is declared as category but holds double",
        "maker": "is missing from the table",
    }


@pytest.mark.parametrize(
    ("answers", "positive", "stops"),
    [
        ([True, False], None, False),
        ([True, True], None, True),
        ([False, None], None, True),
        (["yes", "no"], "yes", False),
        (["yes", "yes"], "yes", True),
        (["no", "maybe"], "yes", True),
    ],
)
def test_a_target_needs_both_classes(
    toy_spec: Callable[..., ProblemSpec], answers: list[Any], positive: str | None, stops: bool
) -> None:
    finding = target_finding(pa.table({"sold": answers}).to_pandas(), toy_spec(positive=positive))
    assert finding.stops is stops
    assert f"of {len(answers)} rows; both classes are needed" in finding.detail
