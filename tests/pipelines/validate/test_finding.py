import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.validate.finding import Finding, bad_rows, set_aside

pytestmark = pytest.mark.unit

TABLE = pa.table({"speed": [1.0, 1048.36, 3.0, None], "town": ["Ulm", "Rome", "Bonn", "Ulm"]})


def test_bad_rows_go_whole_with_every_reason() -> None:
    findings = [
        bad_rows("speed", "range", np.array([1]), "is outside 0 to 200 mph"),
        bad_rows("town", "category", np.array([1]), "is not one of Ulm, Bonn"),
        bad_rows("speed", "missing", np.array([3]), "is missing"),
        bad_rows("speed, town", "key", np.array([3]), "together have been seen before"),
    ]
    good, bad = set_aside(TABLE, TABLE.to_pandas(), findings)
    assert good.to_pylist() == TABLE.take([0, 2]).to_pylist()
    assert bad.drop_columns(["reason"]).to_pylist() == TABLE.take([1, 3]).to_pylist()
    assert bad["reason"].to_pylist() == [
        "speed 1048.36 is outside 0 to 200 mph; town Rome is not one of Ulm, Bonn",
        "speed is missing; speed, town together have been seen before",
    ]


@given(st.lists(st.lists(st.integers(0, 3), unique=True), max_size=4))
def test_no_row_is_lost_or_doubled(rows: list[list[int]]) -> None:
    findings = [bad_rows("town", "category", np.array(sorted(r), dtype=np.int64), "is odd") for r in rows]
    good, bad = set_aside(TABLE, TABLE.to_pandas(), findings)
    both = good.to_pylist() + bad.drop_columns(["reason"]).to_pylist()
    assert sorted(both, key=str) == sorted(TABLE.to_pylist(), key=str)
    assert bad.num_rows == len({row for group in rows for row in group})


def test_verdicts() -> None:
    assert Finding("a", "range").verdict == "pass"
    assert bad_rows("a", "range", np.array([], dtype=np.int64), "").verdict == "pass"
    assert bad_rows("a", "range", np.array([1]), "").verdict == "quarantined"
    assert Finding("a", "classes", 4, stops=True).verdict == "fail"
    assert Finding("a", "missing share", 1, limit=0.5).record("rows", 4) == {
        "table": "rows",
        "column": "a",
        "check": "missing share",
        "rows": 4,
        "failed": 1,
        "share": 0.25,
        "limit": 0.5,
        "verdict": "pass",
        "detail": "",
    }
