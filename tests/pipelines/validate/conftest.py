"""Two hundred good rows, and a way to spoil them and examine the result."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from pipelines.validate.finding import Finding
from pipelines.validate.schema import value_findings
from understudy.problem import Table

ROWS = 200
DECLARED: dict[str, Any] = {
    "columns": {
        "id": {"kind": "category", "role": "id"},
        "at": {"kind": "time", "role": "event_time"},
        "speed": {"kind": "number", "low": 0, "high": 200, "unit": "mph", "nulls": 0.5},
        "town": {"kind": "category", "categories": ["Ulm", "Bonn"]},
        "maker": {"kind": "category", "categories": ["Opel", "..."]},
        "late": {"kind": "flag", "role": "target"},
    },
    "quarantine": 0.05,
}

Columns = dict[str, list[Any]]


def good_columns() -> Columns:
    first = datetime(2024, 1, 1)
    return {
        "id": [f"r{i}" for i in range(ROWS)],
        "at": [first + timedelta(hours=i) for i in range(ROWS)],
        "speed": [float(i % 150) for i in range(ROWS)],
        "town": ["Ulm", "Bonn"] * (ROWS // 2),
        "maker": ["Opel"] * ROWS,
        "late": [i % 4 == 0 for i in range(ROWS)],
    }


@pytest.fixture
def columns() -> Columns:
    return good_columns()


@pytest.fixture
def declare() -> Callable[..., Table]:
    """Builds the table's declaration; ``column=`` changes one column's, other keywords the table's."""

    def build(column: tuple[str, dict[str, Any]] | None = None, **changes: Any) -> Table:
        columns = dict(DECLARED["columns"])
        if column:
            columns[column[0]] = columns[column[0]] | column[1]
        return Table.model_validate(DECLARED | {"columns": columns} | changes)

    return build


@pytest.fixture
def table() -> Callable[[Columns], pa.Table]:
    return lambda columns: pa.table(columns)


def failed(findings: list[Finding]) -> dict[tuple[str, str], list[int]]:
    """Rows that each check found, by column and check."""
    return {(f.column, f.check): f.rows.tolist() for f in findings if f.failed or f.stops}


@pytest.fixture
def values(declare: Callable[..., Table]) -> Callable[..., dict[tuple[str, str], list[int]]]:
    """Bad rows by column and check, after the schema of the declared table."""

    def run(columns: Columns, **changes: Any) -> dict[tuple[str, str], list[int]]:
        return failed(value_findings(pa.table(columns).to_pandas(), declare(**changes)))

    return run
