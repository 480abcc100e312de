"""The Pandera schema of a table: what each value must keep, row by row."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pandera.pandas as pandera

from pipelines.validate.finding import Finding, bad_rows
from understudy.problem import Column, Table

MISSING, TWICE = "missing", "unique"
PANDERA_NAMES = {"not_nullable": MISSING, "field_uniqueness": TWICE}


def schema_of(table: Table) -> pandera.DataFrameSchema:
    """Build the schema that a table's declared columns describe."""
    return pandera.DataFrameSchema(
        {
            name: pandera.Column(
                checks=[pandera.Check(check, error=word) for word, check in _checks(column).items()],
                nullable=column.nulls > 0,
                unique=is_unique(column),
                report_duplicates="exclude_first",
            )
            for name, column in table.columns.items()
        }
    )


def value_findings(frame: pd.DataFrame, table: Table) -> list[Finding]:
    """Hold every value to the schema.

    Returns:
        One finding for each check of each column, also those that nothing missed. Of rows that share a
        unique value the first is good.
    """
    failed = _failures(frame, schema_of(table))
    return [
        bad_rows(name, word, failed.get((name, word), np.empty(0, np.int64)), _words(column)[word])
        for name, column in table.columns.items()
        for word in [
            *([] if column.nulls else [MISSING]),
            *_checks(column),
            *([TWICE] if is_unique(column) else []),
        ]
    ]


def is_unique(column: Column) -> bool:
    return column.unique or column.role == "id"


def _checks(column: Column) -> dict[str, Callable[[pd.Series], pd.Series]]:
    checks: dict[str, Callable[[pd.Series], pd.Series]] = {}
    if column.kind == "number":
        checks["finite"] = lambda values: ~values.isin([np.inf, -np.inf])
    if column.low is not None or column.high is not None:
        low = -np.inf if column.low is None else column.low
        high = np.inf if column.high is None else column.high
        checks["range"] = lambda values: values.between(low, high)
    if column.categories and not column.is_open:
        checks["category"] = lambda values: values.isin(column.categories)
    return checks


def _words(column: Column) -> dict[str, str]:
    """How each check's failure reads after the column's name and the value."""
    low, high = ("any" if end is None else f"{end:g}" for end in (column.low, column.high))
    return {
        MISSING: "is missing",
        "finite": "is not a finite number",
        "range": f"is outside {low} to {high} {column.unit}".rstrip(),
        "category": f"is not one of {', '.join(column.categories)}",
        TWICE: "has been seen before",
    }


def _failures(frame: pd.DataFrame, schema: pandera.DataFrameSchema) -> dict[tuple[str, str], np.ndarray]:
    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        words = cases["check"].replace(PANDERA_NAMES)
        groups = cases["index"].astype(np.int64).groupby([cases["column"], words])
        return {key: np.sort(rows.to_numpy()) for key, rows in groups}
    return {}
