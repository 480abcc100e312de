import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.validate.schema import schema_of, value_findings
from understudy.problem import Column, Table

pytestmark = pytest.mark.unit

Values = Callable[..., dict[tuple[str, str], list[int]]]


def test_good_rows_pass_every_check(columns: dict[str, list[Any]], declare: Callable[..., Table]) -> None:
    findings = value_findings(pa.table(columns).to_pandas(), declare())
    assert {finding.verdict for finding in findings} == {"pass"}
    assert [f"{finding.column} {finding.check}" for finding in findings] == [
        "id missing",
        "id unique",
        "at missing",
        "speed finite",
        "speed range",
        "town missing",
        "town category",
        "maker missing",
        "late missing",
    ]


@pytest.mark.parametrize(
    ("column", "value", "check"),
    [
        ("speed", 1048.36, "range"),
        ("speed", -0.1, "range"),
        ("town", "Rome", "category"),
        ("town", None, "missing"),
        ("at", None, "missing"),
        ("late", None, "missing"),
        ("id", None, "missing"),
    ],
)
def test_a_bad_value_is_found(
    columns: dict[str, list[Any]], values: Values, column: str, value: Any, check: str
) -> None:
    columns[column][17] = value
    assert values(columns) == {(column, check): [17]}


def test_limits_belong_to_the_range(columns: dict[str, list[Any]], values: Values) -> None:
    columns["speed"][:2] = [0.0, 200.0]
    assert values(columns) == {}


def test_infinity_is_outside_every_range(columns: dict[str, list[Any]], values: Values) -> None:
    columns["speed"][5] = math.inf
    assert values(columns) == {("speed", "finite"): [5], ("speed", "range"): [5]}
    assert values(columns, column=("speed", {"low": None, "high": None})) == {("speed", "finite"): [5]}


def test_an_allowed_gap_is_no_bad_value(columns: dict[str, list[Any]], values: Values) -> None:
    columns["speed"][5] = None
    assert values(columns) == {}
    assert values(columns, column=("speed", {"nulls": 0.0})) == {("speed", "missing"): [5]}


def test_the_first_of_equal_ids_is_good(columns: dict[str, list[Any]], values: Values) -> None:
    columns["id"][3] = columns["id"][9] = "r0"
    assert values(columns) == {("id", "unique"): [3, 9]}


def test_an_open_list_accepts_others(columns: dict[str, list[Any]], values: Values) -> None:
    columns["maker"][3] = "Horch"
    assert values(columns) == {}


def test_one_row_may_miss_several_checks(columns: dict[str, list[Any]], values: Values) -> None:
    columns["speed"][4], columns["town"][4] = 999.0, "Rome"
    assert values(columns) == {("speed", "range"): [4], ("town", "category"): [4]}


@settings(max_examples=10, deadline=None)
@given(st.lists(st.none() | st.integers(-50, 150), min_size=1, max_size=20))
def test_the_schema_finds_what_a_loop_finds(numbers: list[int | None]) -> None:
    table = Table(columns={"a": Column(kind="number", low=0, high=100)})
    found = {f.check: f.rows.tolist() for f in value_findings(pa.table({"a": numbers}).to_pandas(), table)}
    assert found["missing"] == [i for i, number in enumerate(numbers) if number is None]
    assert found["range"] == [i for i, n in enumerate(numbers) if n is not None and not 0 <= n <= 100]


def test_the_schema_is_panderas(declare: Callable[..., Table]) -> None:
    schema = schema_of(declare())
    assert schema.columns["speed"].nullable
    assert schema.columns["id"].unique
    assert isinstance(schema.validate(pd.DataFrame({name: [] for name in schema.columns})), pd.DataFrame)
