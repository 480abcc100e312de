"""The stage as a whole: what goes where when rows, columns or whole tables are bad."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from pipelines.job import Job
from pipelines.stages import run_stage
from understudy.errors import DataError
from understudy.files import read_json
from understudy.problem import ProblemSpec, load_problem
from understudy.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ROWS = 300
COLUMNS: dict[str, Any] = {
    "id": {"kind": "number", "role": "id"},
    "size": {"kind": "number", "low": 0, "high": 500},
    "town": {"kind": "category", "categories": ["north", "south"]},
    "sold": {"kind": "category", "role": "target"},
}


@pytest.fixture
def rows() -> dict[str, list[Any]]:
    return {
        "id": list(range(ROWS)),
        "size": [float(i) for i in range(ROWS)],
        "town": ["north", "south"] * (ROWS // 2),
        "sold": ["yes" if i % 3 == 0 else "no" for i in range(ROWS)],
    }


@pytest.fixture
def validate(tmp_path: Path, toy_spec: Callable[..., ProblemSpec]) -> Callable[..., Path]:
    """Validates rows as if they had just been ingested."""

    def run(columns: dict[str, list[Any]], **expected: Any) -> Path:
        folder = tmp_path / "data" / "toy" / "ingest"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), folder / "rows.parquet")
        tables = {"rows": {"columns": COLUMNS, **expected}}
        spec = toy_spec(tables=tables, features={}, split={"method": "stratified"}, positive="yes")
        return run_stage("validate", Job(spec, Settings(root=tmp_path, home=tmp_path / "var")))

    return run


@pytest.mark.unit
def test_good_rows_pass_unchanged(validate: Callable[..., Path], rows: dict[str, list[Any]]) -> None:
    folder = validate(rows)
    assert sorted(path.name for path in folder.iterdir()) == ["rows.parquet", "validation.json"]
    assert pq.read_table(folder / "rows.parquet").to_pydict() == rows
    assert {check["verdict"] for check in read_json(folder / "validation.json")["checks"]} == {"pass"}


@pytest.mark.unit
def test_bad_rows_are_set_aside_with_reasons(validate: Callable[..., Path], rows: dict[str, list[Any]]) -> None:
    rows["size"][7], rows["town"][7], rows["id"][9] = 1048.0, "Rome", 8
    folder = validate(rows)
    bad = pq.read_table(folder / "quarantine_rows.parquet")
    assert bad.to_pylist() == [
        {"id": 7, "size": 1048.0, "town": "Rome", "sold": "no", "reason": bad["reason"][0].as_py()},
        {"id": 8, "size": 9.0, "town": "south", "sold": "yes", "reason": "id 8 has been seen before"},
    ]
    assert bad["reason"][0].as_py() == "size 1048.0 is outside 0 to 500; town Rome is not one of north, south"
    assert pq.read_table(folder / "rows.parquet").num_rows == ROWS - 2
    checks = read_json(folder / "validation.json")["checks"]
    assert [(c["column"], c["check"], c["failed"]) for c in checks if c["verdict"] == "quarantined"] == [
        ("id", "unique", 1),
        ("size", "range", 1),
        ("town", "category", 1),
    ]
    assert checks[-1]["check"] == "quarantine"
    assert checks[-1]["share"] == pytest.approx(2 / ROWS)


@pytest.mark.unit
def test_too_many_bad_rows_stop_and_leave_the_evidence(
    validate: Callable[..., Path], rows: dict[str, list[Any]], tmp_path: Path
) -> None:
    rows["size"][:4] = [-1.0] * 4
    with pytest.raises(DataError) as caught:
        validate(rows)
    assert "rows: quarantine: 4 rows set aside, 4 of them because: size -1.0 is out" in caught.value.what
    rejected = tmp_path / "var" / "rejected" / "toy"
    assert str(rejected) in caught.value.fix
    assert (
        pq.read_table(rejected / "quarantine_rows.parquet")["reason"].to_pylist()
        == ["size -1.0 is outside 0 to 500"] * 4
    )
    assert read_json(rejected / "validation.json")["checks"][-1]["verdict"] == "fail"
    assert not (tmp_path / "data" / "toy" / "validate").exists()


@pytest.mark.unit
def test_a_refusal_leaves_what_the_last_good_run_made(
    validate: Callable[..., Path], rows: dict[str, list[Any]], tmp_path: Path
) -> None:
    good = validate(rows)
    later = good.parent / "bundle" / "model.onnx"
    later.parent.mkdir()
    later.write_bytes(b"model")
    before = {path: path.read_bytes() for path in (*good.iterdir(), later)}
    rows["town"] = [str(i) for i in range(ROWS)]
    with pytest.raises(DataError) as caught:
        validate(rows)
    assert caught.value.fix == (
        "Mend the source, or change what the problem expects."
        f" The report and the bad rows are in {tmp_path / 'var' / 'rejected' / 'toy'}; {good.parent} is as it was."
    )
    kept = [path for path in good.parent.rglob("*") if path.is_file() and path.parent.name != "ingest"]
    assert {path: path.read_bytes() for path in kept} == before


@pytest.mark.unit
def test_the_commonest_reason_is_told_although_each_value_differs(
    validate: Callable[..., Path], rows: dict[str, list[Any]]
) -> None:
    rows["size"][:40] = [-float(i + 1) for i in range(40)]
    rows["town"][50] = "Rome"
    with pytest.raises(DataError, match=r"41 rows set aside, 40 of them because: size -1\.0 is outside 0 to 500"):
        validate(rows)


@pytest.mark.unit
def test_a_later_success_clears_the_evidence(
    validate: Callable[..., Path], rows: dict[str, list[Any]], tmp_path: Path
) -> None:
    with pytest.raises(DataError):
        validate(rows, rows=[1000, 2000])
    assert (tmp_path / "var" / "rejected" / "toy" / "validation.json").is_file()
    validate(rows)
    assert not (tmp_path / "var" / "rejected" / "toy").exists()


@pytest.mark.unit
@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("sold", ["no"] * ROWS, "rows.sold: classes: is 'yes' in 0 of 300 rows; both classes are needed"),
        ("sold", ["yes"] * ROWS, "rows.sold: classes: is 'yes' in 300 of 300 rows"),
        ("size", [None] * ROWS, "rows.size: all missing: has no values at all"),
        ("size", ["north"] * ROWS, "rows.size: kind: is declared as number but holds string"),
        ("town", ["4.5"] * ROWS, "rows.town: names: is declared as category but holds numbers, such as 4.5; mend"),
    ],
)
def test_a_column_that_is_unfit_as_a_whole_stops(
    validate: Callable[..., Path], rows: dict[str, list[Any]], column: str, values: list[Any], message: str
) -> None:
    rows[column] = pa.array(values, pa.float64()) if values[0] is None else values
    with pytest.raises(DataError) as caught:
        validate(rows)
    assert message in caught.value.what


@pytest.mark.unit
def test_a_missing_column_stops(validate: Callable[..., Path], rows: dict[str, list[Any]]) -> None:
    del rows["town"]
    with pytest.raises(DataError, match=r"rows\.town: kind: is missing from the table"):
        validate(rows)


@pytest.mark.unit
def test_all_failures_are_told_at_once(validate: Callable[..., Path], rows: dict[str, list[Any]]) -> None:
    rows["sold"] = ["no"] * ROWS
    rows["size"] = [999.0] * ROWS
    with pytest.raises(DataError) as caught:
        validate(rows, rows=[1, 10])
    assert [check in caught.value.what for check in ("row count", "classes", "quarantine")] == [True] * 3


@pytest.mark.integration
def test_bad_data_of_the_flights_are_found(tmp_path: Path) -> None:
    spec = load_problem(ROOT / "configs" / "problems", "flights")
    job = Job(spec, Settings(root=tmp_path, home=tmp_path / "var"))
    run_stage("ingest", job)
    folder = run_stage("validate", job)
    bad = pq.read_table(folder / "quarantine_weather.parquet").to_pylist()
    assert [row["reason"] for row in bad] == ["wind_speed 1048.36058 is outside 0 to 200 mph"]
    assert pq.read_metadata(folder / "weather.parquet").num_rows == 26_114
    assert pq.read_metadata(folder / "flights.parquet").num_rows == 336_776
    notes = [note for note in read_json(folder / "validation.json")["notes"] if "tailnum" in note]
    assert len(notes) == 1
    assert notes[0].startswith("flights.tailnum is missing in 2512 rows, and 100.0 % of them are positive")
