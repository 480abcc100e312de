from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.conform import conform, undeclared
from understudy.errors import DataError
from understudy.problem import Column, Table

pytestmark = pytest.mark.unit


def cast(values: Any, kind: str, **options: Any) -> pa.ChunkedArray:
    table = Table(columns={"a": Column.model_validate({"kind": kind, **options})})
    return conform(pa.table({"a": values}), table, "rows")["a"]


@pytest.mark.parametrize(
    ("kind", "values", "expected", "dtype"),
    [
        ("number", ["1", " 2 ", ""], [1, 2, None], "int64"),
        ("number", ["1", "0.5", "1e3"], [1.0, 0.5, 1000.0], "double"),
        ("number", pa.array([1, 2], pa.uint8()), [1, 2], "int64"),
        ("number", [0.5, float("nan")], [0.5, None], "double"),
        ("category", [" a ", "", None], ["a", None, None], "string"),
        ("category", [7, 8], ["7", "8"], "string"),
        ("category", [7.5, float("nan")], ["7.5", None], "string"),
        ("category", pa.array(["a", "b"]).dictionary_encode(), ["a", "b"], "string"),
        ("category", pa.array(["a", "b"], pa.large_string()), ["a", "b"], "string"),
        ("flag", ["yes", "No", "TRUE", "f", "1", None], [True, False, True, False, True, None], "bool"),
        ("flag", [1, 0], [True, False], "bool"),
        ("time", ["2024-03-31", "2024-03-31 14:05"], [datetime(2024, 3, 31), datetime(2024, 3, 31, 14, 5)], None),
        ("time", ["2024-03-31T14:05:00+02:00"], [datetime(2024, 3, 31, 12, 5)], None),
        ("time", [datetime(2024, 3, 31, 14, tzinfo=UTC)], [datetime(2024, 3, 31, 14)], None),
        ("time", [date(2024, 3, 31)], [datetime(2024, 3, 31)], None),
        ("number", pa.nulls(2), [None, None], "int64"),
    ],
)
def test_values_take_the_kind_of_their_column(kind: str, values: Any, expected: list[Any], dtype: str | None) -> None:
    found = cast(values, kind)
    assert found.to_pylist() == expected
    assert str(found.type) == (dtype or "timestamp[us]")


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("number", ["1", "about 3", "2", "n.a."], r"2 of 4 values are not \(row 2: 'about 3', row 4: 'n.a.'\)"),
        ("number", ["1,5"], r"row 1: '1,5'"),
        ("time", ["2024-03-31", "31.03.2024"], r"1 of 2 values are not \(row 2: '31.03.2024'\)"),
        ("flag", ["yes", "maybe"], r"row 2: 'maybe'"),
        ("number", [datetime(2024, 3, 31)], r"declared as number but holds timestamp"),
        ("number", [True], r"declared as number but holds bool"),
        ("time", [20240331], r"declared as time but holds int64"),
        ("flag", [2, 1], r"declared as flag but holds int64"),
        ("category", [[1], [2]], r"declared as category but holds list"),
    ],
)
def test_other_values_are_shown_with_their_rows(kind: str, values: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        cast(values, kind)
    assert "rows.a" in caught.value.what
    assert "in the problem's YAML" in caught.value.fix


def test_times_are_read_by_their_format() -> None:
    assert cast([" 22.11.2026 ", "", None], "time", format="%d.%m.%Y").to_pylist() == [
        datetime(2026, 11, 22),
        None,
        None,
    ]
    assert cast([date(2026, 11, 22)], "time", format="%d.%m.%Y").to_pylist() == [datetime(2026, 11, 22)]
    with pytest.raises(DataError, match=r"1 of 2 values are not \(row 2: '2026-11-22'\)") as caught:
        cast(["22.11.2026", "2026-11-22"], "time", format="%d.%m.%Y")
    assert "Write it as %d.%m.%Y" in caught.value.fix
    with pytest.raises(DataError) as caught:
        cast(["22.11.2026"], "time")
    assert "or add its format" in caught.value.fix


def test_only_the_first_misfits_are_shown() -> None:
    with pytest.raises(DataError, match="100 of 100 values") as caught:
        cast([f"word {i}" for i in range(100)], "number")
    assert caught.value.what.count("row ") == 3


COLUMNS = Table(columns={"size": Column(kind="number"), "town": Column(kind="category")})


def test_declared_columns_are_kept_in_their_order() -> None:
    raw = pa.table({"extra": [1], "town": ["Ulm"], "size": [2]})
    assert conform(raw, COLUMNS, "rows").to_pydict() == {"size": [2], "town": ["Ulm"]}
    assert undeclared(raw, COLUMNS) == ["extra"]


def test_a_missing_column_is_named_with_what_it_may_be_called() -> None:
    with pytest.raises(DataError, match="rows lacks the column town; it has size, towns") as caught:
        conform(pa.table({"size": [1], "towns": ["Ulm"]}), COLUMNS, "rows")
    assert "towns may be town" in caught.value.fix


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(DataError, match="rows has no rows"):
        conform(pa.table({"size": pa.array([], pa.string()), "town": pa.array([], pa.string())}), COLUMNS, "rows")


@given(st.lists(st.none() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9), min_size=1))
def test_numbers_written_as_text_come_back(values: list[float | None]) -> None:
    found = cast(pa.array([None if value is None else repr(value) for value in values], pa.string()), "number")
    assert found.to_pylist() == values
