"""The stage as a whole, on files of one's own and on the package that the bank problem pins."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from pipelines.job import Job
from pipelines.stages import run_stage
from understudy.errors import DataError, SpecError, UnderstudyError
from understudy.files import read_json, sha256_file
from understudy.problem import ProblemSpec, load_problem
from understudy.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = {
    "id": {"kind": "category", "role": "id"},
    "size": {"kind": "number", "nulls": 0.5},
    "sold": {"kind": "flag", "role": "target"},
}
TEXT = "id,size,sold,colour\n007,1.5,yes,red\n008,,no,blue\n"


@pytest.fixture
def ingest(tmp_path: Path, toy_spec: Callable[..., ProblemSpec]) -> Callable[..., Path]:
    """Ingests ``toy.csv`` of the given text as a table without dates."""

    def run(text: str = TEXT, columns: Any = COLUMNS, **changes: Any) -> Path:
        (tmp_path / "toy.csv").write_text(text, encoding="utf-8")
        undated = {"tables": {"rows": {"columns": columns}}, "features": {}, "split": {"method": "stratified"}}
        spec = toy_spec(**(undated | changes))
        return run_stage("ingest", Job(spec, Settings(root=tmp_path, home=tmp_path / "var")))

    return run


def read_two_tables(files: dict[str, Path]) -> dict[str, pa.Table]:
    assert files == {}
    return {
        "rows": pa.table({"id": ["a", "b"], "size": [1.0, 2.0], "sold": [True, False]}),
        "unused": pa.table({"b": [1]}),
    }


@pytest.mark.unit
def test_a_file_becomes_one_table(ingest: Callable[..., Path], tmp_path: Path) -> None:
    folder = ingest()
    assert pq.read_table(folder / "rows.parquet").to_pylist() == [
        {"id": "007", "size": 1.5, "sold": True},
        {"id": "008", "size": None, "sold": False},
    ]
    report = read_json(folder / "ingest.json")
    assert report["tables"] == {"rows": {"rows": 2, "columns": ["id", "size", "sold"]}}
    assert report["source"]["sha256"] == sha256_file(tmp_path / "toy.csv")
    assert report["notes"] == ["rows: left out columns that the problem does not declare: colour"]


@pytest.mark.unit
def test_twice_gives_the_same_bytes(ingest: Callable[..., Path]) -> None:
    first = {path.name: path.read_bytes() for path in ingest().iterdir()}
    assert {path.name: path.read_bytes() for path in ingest().iterdir()} == first


@pytest.mark.unit
def test_data_hash_follows_the_declared_content(ingest: Callable[..., Path]) -> None:
    def data_hash(text: str) -> str:
        return str(read_json(ingest(text) / "ingest.json")["data_hash"])

    assert data_hash(TEXT.replace("red", "green")) == data_hash(TEXT)
    assert data_hash(TEXT.replace("1.5", "1.6")) != data_hash(TEXT)


@pytest.mark.unit
def test_a_file_without_an_id_is_numbered(ingest: Callable[..., Path]) -> None:
    columns = {"row_number": {"kind": "number", "role": "id"}, "sold": COLUMNS["sold"]}
    assert pq.read_table(ingest(columns=columns) / "rows.parquet")["row_number"].to_pylist() == [1, 2]


@pytest.mark.unit
def test_a_function_may_bring_several_tables(ingest: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        __import__("sys").modules, "own_source", __import__("types").SimpleNamespace(read=read_two_tables)
    )
    folder = ingest(source={"function": "own_source:read", "licence": "CC0"})
    assert sorted(path.name for path in folder.iterdir()) == ["ingest.json", "rows.parquet"]
    assert read_json(folder / "ingest.json")["source"] == {"cite": "", "licence": "CC0"}


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "changes", "error", "message"),
    [
        ("", {}, DataError, "toy.csv is empty"),
        ("id,size,sold\n", {}, DataError, "rows has no rows"),
        ("id,size\n1,2\n", {}, DataError, "lacks the column sold"),
        (TEXT.replace("1.5", "big"), {}, DataError, r"rows.size is declared as number but .*row 1: 'big'"),
        (TEXT, {"source": {"path": "other.csv"}}, DataError, "other.csv does not exist"),
        (TEXT, {"source": {"function": "problems.nowhere:read"}}, SpecError, "problems.nowhere:read cannot be found"),
        (TEXT, {"source": {"function": "problems:read"}}, SpecError, "problems:read cannot be found"),
        (
            TEXT,
            {"tables": {"rows": {"columns": COLUMNS}, "more": {"columns": COLUMNS}}},
            DataError,
            "gives no table more; it gives rows",
        ),
    ],
)
def test_bad_input_writes_nothing(
    ingest: Callable[..., Path],
    tmp_path: Path,
    text: str,
    changes: dict[str, Any],
    error: type[UnderstudyError],
    message: str,
) -> None:
    with pytest.raises(error, match=message) as caught:
        ingest(text, **changes)
    assert caught.value.fix
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["toy.csv"]


@pytest.mark.unit
def test_what_validation_refuses_does_not_replace_what_it_accepted(ingest: Callable[..., Path], tmp_path: Path) -> None:
    folder = ingest()
    before = {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()}
    rejected = tmp_path / "var" / "rejected" / "toy"
    with pytest.raises(DataError, match=r"rows\.sold: classes: is true in 0 of 2 rows") as caught:
        ingest(TEXT.replace("yes", "no"))
    assert f"are in {rejected}; {folder.parent} is as it was." in caught.value.fix
    assert {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()} == before
    assert [path.name for path in rejected.iterdir()] == ["validation.json"]
    ingest()
    assert not rejected.exists()


@pytest.mark.integration
def test_bank_is_ingested_as_pinned(tmp_path: Path) -> None:
    spec = load_problem(ROOT / "configs" / "problems", "bank")
    folder = run_stage("ingest", Job(spec, Settings(root=tmp_path, home=tmp_path / "var")))
    report = read_json(folder / "ingest.json")
    assert report["data_hash"] == "2d00b66edd41b0dc7d12865943dc2aefcc3a414e891fc804e07beb9bfdb7bf20"
    assert report["tables"]["calls"]["rows"] == 45_211
    assert "Moro" in report["source"]["cite"]
    assert str(tmp_path) not in (folder / "ingest.json").read_text(encoding="utf-8")
