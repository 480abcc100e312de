"""What a file of requests must hold, and reading on from any row."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.score import source as module
from pipelines.score.source import Cursor, Source, open_source
from understudy.errors import DataError
from understudy.features.plan import make_plan
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.integration

ROWS = 900
RUNS = st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(1, 400)), min_size=1, max_size=6)


def opened(path: Path, spec: ProblemSpec) -> Source:
    return open_source(path, spec, make_plan(spec))


def rewritten(path: Path, **columns: Any) -> Path:
    """The file with some columns replaced."""
    table = pq.read_table(path)
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    pq.write_table(table, path)
    return path


def test_what_scoring_reads_is_read(requests: Path, spec: ProblemSpec) -> None:
    found = opened(requests, spec)
    assert (found.rows, found.id, found.event_time) == (ROWS, "order", "placed_at")
    assert found.columns == ("order", "placed_at", "shop", "size")
    assert found.texts == ("shop",)


@pytest.mark.parametrize("missing", [["size"], ["order", "shop"]])
def test_a_missing_column_is_named(requests: Path, spec: ProblemSpec, missing: list[str]) -> None:
    pq.write_table(pq.read_table(requests).drop_columns(missing), requests)
    with pytest.raises(DataError, match=f"requests.parquet lacks the columns? {', '.join(missing)}"):
        opened(requests, spec)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("size", pa.array(["big"] * ROWS), "size of requests.parquet holds string, and is declared as number"),
        ("size", pa.array([True] * ROWS), "size of requests.parquet holds bool, and is declared as number"),
        ("shop", pa.array([1.5] * ROWS), "shop of requests.parquet holds double, and is declared as category"),
        ("shop", pa.array([1] * ROWS), "shop of requests.parquet holds int64, and is declared as category"),
        ("placed_at", pa.array(["2024"] * ROWS), "placed_at of requests.parquet holds string, and is declared as time"),
    ],
)
def test_a_column_of_another_kind_is_named(
    requests: Path, spec: ProblemSpec, name: str, values: pa.Array, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        opened(rewritten(requests, **{name: values}), spec)


def test_files_that_are_none_are_named(requests: Path, spec: ProblemSpec, tmp_path: Path) -> None:
    whole = requests.read_bytes()
    for content, words in {
        b"": "cannot be read",
        b"a,b\n1,2\n": "cannot be read",
        whole[:-40]: "cannot be read",
    }.items():
        requests.write_bytes(content)
        with pytest.raises(DataError, match=words):
            opened(requests, spec)
    with pytest.raises(DataError, match="There is no file"):
        opened(tmp_path / "no.parquet", spec)
    with pytest.raises(DataError, match="There is no file"):
        opened(tmp_path, spec)


def test_a_file_without_rows_is_named(requests: Path, spec: ProblemSpec) -> None:
    pq.write_table(pq.read_table(requests).slice(0, 0), requests)
    with pytest.raises(DataError, match=r"requests\.parquet has no rows"):
        opened(requests, spec)


def test_damage_inside_is_named_with_its_row(
    requests: Path, spec: ProblemSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 90)
    found, content = opened(requests, spec), bytearray(requests.read_bytes())
    place = pq.read_metadata(requests).row_group(5).column(0).dictionary_page_offset
    content[place : place + 200] = bytes(200)
    requests.write_bytes(content)
    cursor = Cursor(found)
    assert len(cursor.read(0, 100)) == 100
    with pytest.raises(DataError, match=r"requests\.parquet cannot be read from row 451 on"):
        cursor.read(450, 100)


@given(
    st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(1, 400)), min_size=1, max_size=6),
    st.sampled_from([37, 4096]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rows_can_be_read_in_any_order(
    requests: Path, spec: ProblemSpec, runs: list[tuple[int, int]], batch: int
) -> None:
    found, whole = opened(requests, spec), pq.read_table(requests)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "BATCH", batch)
        cursor = Cursor(found)
        for start, rows in runs:
            rows = min(rows, ROWS - start)
            read = cursor.read(start, rows)
            assert len(read) == rows
            for name in found.columns:
                assert read[name].to_pylist() == whole[name].slice(start, rows).to_pylist()


def test_every_row_comes_once(requests: Path, spec: ProblemSpec) -> None:
    cursor = Cursor(opened(requests, spec), ("placed_at",))
    cursor.read(500, 10)
    times = np.concatenate([batch.column(0).to_numpy() for batch in cursor.batches()])
    np.testing.assert_array_equal(times, pq.read_table(requests)["placed_at"].to_numpy())


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_text_of_any_make_serves(requests: Path, spec: ProblemSpec, kind: pa.DataType) -> None:
    shops = pq.read_table(requests)["shop"]
    found = opened(rewritten(requests, shop=shops.cast(kind)), spec)
    assert Cursor(found).read(85, 300)["shop"].cast(pa.string()).to_pylist() == shops.slice(85, 300).to_pylist()
