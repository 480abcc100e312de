"""What a check found, and what follows from it."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

Rows = npt.NDArray[np.int64]
Verdict = Literal["pass", "quarantined", "fail"]


def no_rows() -> Rows:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Finding:
    """One check of one column (or, without a column, of the table) and how many rows missed it.

    A finding with ``rows`` sets those rows aside; one that ``stops`` ends the run.
    """

    column: str
    check: str
    failed: int = 0
    detail: str = ""
    limit: float | None = None
    stops: bool = False
    rows: Rows = field(default_factory=no_rows)

    @property
    def verdict(self) -> Verdict:
        return "fail" if self.stops else "quarantined" if self.rows.size else "pass"

    def reason(self, frame: pd.DataFrame, row: int) -> str:
        """Why the finding speaks against this row of the table."""
        if self.column not in frame or self.check == "missing":
            return f"{self.column} {self.detail}"
        return f"{self.column} {frame[self.column].iat[row]} {self.detail}"

    def record(self, table: str, rows: int) -> dict[str, Any]:
        """The finding as a row of the report on a table of so many ``rows``."""
        return {
            "table": table,
            "column": self.column,
            "check": self.check,
            "rows": rows,
            "failed": self.failed,
            "share": self.failed / rows if rows else 0.0,
            "limit": self.limit,
            "verdict": self.verdict,
            "detail": self.detail,
        }


def bad_rows(column: str, check: str, rows: Rows, detail: str) -> Finding:
    """A finding that sets ``rows`` aside; it passes when there are none."""
    return Finding(column, check, failed=len(rows), detail=detail, rows=rows)


def with_most_rows(findings: list[Finding]) -> Finding:
    """The finding that sets most rows aside; the first of equals."""
    return max(findings, key=lambda finding: finding.rows.size)


def set_aside(table: pa.Table, frame: pd.DataFrame, findings: list[Finding]) -> tuple[pa.Table, pa.Table]:
    """Part ``table`` into its good rows and its bad ones.

    A bad row goes as a whole, unchanged, with every ``reason`` that speaks against it. Blanking only the
    bad value would keep more rows, but they would then say something that no source ever said; and a
    sensor that reports 1,048 mph is not to be trusted on the temperature either.
    """
    reasons: dict[int, list[str]] = {}
    for finding in findings:
        for row in finding.rows.tolist():
            reasons.setdefault(row, []).append(finding.reason(frame, row))
    rows = sorted(reasons)
    kept = np.ones(len(table), dtype=bool)
    kept[rows] = False
    bad = table.take(pa.array(rows, pa.int64()))
    return table.filter(pa.array(kept)), bad.append_column("reason", pa.array(["; ".join(reasons[r]) for r in rows]))
