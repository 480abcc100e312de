from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import compute as pc
from pyarrow import parquet as pq

from pipelines.job import Job
from pipelines.split import assign, parts_of, row_hash
from pipelines.stages import run_stage
from understudy.errors import DataError
from understudy.files import read_json
from understudy.problem import ProblemSpec
from understudy.problem.split import Split
from understudy.settings import Settings

pytestmark = pytest.mark.unit

UNTIL = {"train": "2024-01-21", "calibration": "2024-01-25", "validation": "2024-01-29", "test": "2024-02-03"}
BY_TIME = {"method": "time", "until": UNTIL}
SHARES = {"train": 0.6, "calibration": 0.1, "validation": 0.1, "test": 0.2}


@pytest.fixture
def split(
    tmp_path: Path, toy_spec: Callable[..., ProblemSpec], toy_table: pa.Table
) -> Callable[..., tuple[Path, ProblemSpec]]:
    """Splits the toy problem's rows (or the given ones) by the given method."""

    def run(method: dict[str, Any], table: pa.Table = toy_table, **changes: Any) -> tuple[Path, ProblemSpec]:
        folder = tmp_path / "data" / "toy" / "featurize"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, folder / "features.parquet")
        spec = toy_spec(split=method, **changes)
        return run_stage("split", Job(spec, Settings(root=tmp_path, home=tmp_path / "var"))), spec

    return run


Run = Callable[..., tuple[Path, ProblemSpec]]


def test_time_cuts_at_the_dates(split: Run, toy_table: pa.Table) -> None:
    folder, _ = split(BY_TIME)
    report = read_json(folder / "split.json")
    # Rows are an hour apart from 1 January and their labels land five hours later: of each part that is
    # learned from, the last four rows are not yet known when the next begins.
    assert {part: (about["rows"], about["purged"]) for part, about in report["parts"].items()} == {
        "train": (476, 4),
        "calibration": (92, 4),
        "validation": (92, 4),
        "test": (120, 0),
    }
    assert report["unused"] == 900 - 33 * 24
    assert report["parts"]["train"]["from"] == "2024-01-01T00:00:00"
    assert report["parts"]["train"]["until"] == "2024-01-20T19:00:00"
    train = pq.read_table(folder / "train.parquet")
    assert train["id"].to_pylist() == toy_table["id"].to_pylist()[:476]
    assert report["parts"]["train"]["rate"] == pytest.approx(pc.mean(train["sold"]).as_py())


def test_no_label_of_a_part_lands_after_the_next_begins(split: Run) -> None:
    folder, _ = split({"method": "ordered", "shares": SHARES})
    parts = [pq.read_table(folder / f"{part}.parquet") for part in SHARES]
    for before, after in pairwise(parts):
        assert pc.max(before["known"]).as_py() <= pc.min(after["at"]).as_py()


def test_rows_before_the_first_moment_are_left_out(split: Run) -> None:
    folder, _ = split({**BY_TIME, "since": "2024-01-11"})
    report = read_json(folder / "split.json")
    assert report["parts"]["train"]["rows"] == 476 - 240
    assert report["parts"]["train"]["from"] == "2024-01-11T00:00:00"
    assert report["parts"]["test"]["rows"] == 120
    assert report["unused"] == 900 - 33 * 24 + 240


def test_ordered_keeps_equal_times_together(split: Run, toy_table: pa.Table) -> None:
    days = toy_table["at"].to_numpy().astype("datetime64[D]").astype("datetime64[ms]")
    table = toy_table.set_column(1, "at", pa.array(days)).drop_columns(["known"])
    columns = {name: {"kind": "number"} for name in ("size", "noise", "weight")}
    columns |= {"town": {"kind": "category"}, "street": {"kind": "category"}}
    columns |= {"id": {"kind": "category", "role": "id"}, "at": {"kind": "time", "role": "event_time"}}
    columns["sold"] = {"kind": "flag", "role": "target"}
    folder, _ = split({"method": "ordered"}, table, tables={"rows": {"columns": columns}})
    days_of = [set(pq.read_table(folder / f"{part}.parquet")["at"].to_pylist()) for part in SHARES]
    assert sum(len(days) for days in days_of) == len(set().union(*days_of)) == 38


def test_assignment_says_where_each_row_went(split: Run, toy_table: pa.Table) -> None:
    folder, spec = split(BY_TIME)
    assignment = pq.read_table(folder / "assignment.parquet")
    assert assignment.column_names == ["id", "at", "part", "row_hash"]
    for part in parts_of(spec):
        ids = assignment.filter(pc.equal(assignment["part"], part))["id"]
        assert ids.to_pylist() == pq.read_table(folder / f"{part}.parquet")["id"].to_pylist()
    first = row_hash(toy_table.slice(0, 1), spec)[0]
    assert assignment["row_hash"][0].as_py() == first


def test_twice_gives_the_same_bytes(split: Run) -> None:
    for method in (BY_TIME, {"method": "stratified"}):
        first = {path.name: path.read_bytes() for path in split(method)[0].iterdir()}
        assert {path.name: path.read_bytes() for path in split(method)[0].iterdir()} == first


def test_hash_is_of_the_model_inputs_alone(toy_spec: Callable[..., ProblemSpec], toy_table: pa.Table) -> None:
    spec, row = toy_spec(), toy_table.slice(3, 1)
    renamed = row.set_column(0, "id", pa.array(["other"]))
    moved = row.set_column(row.schema.get_field_index("street"), "street", pa.array(["elsewhere"]))
    assert row_hash(row, spec) == row_hash(renamed, spec)
    assert row_hash(row, spec) != row_hash(moved, spec)
    assert len(np.unique(row_hash(toy_table, spec))) == len(toy_table)


def test_stratified_keeps_the_rate(split: Run, toy_table: pa.Table) -> None:
    folder, _ = split({"method": "stratified"})
    parts = read_json(folder / "split.json")["parts"]
    rate = pc.mean(toy_table["sold"]).as_py()
    assert sum(about["rows"] for about in parts.values()) == 900
    for part, share in SHARES.items():
        assert parts[part]["rows"] == pytest.approx(900 * share, abs=2)
        assert parts[part]["rate"] == pytest.approx(rate, abs=0.01)


def test_seed_decides_a_random_split(split: Run) -> None:
    ids = [
        pq.read_table(split({"method": "stratified"}, seed=seed)[0] / "train.parquet")["id"].to_pylist()
        for seed in (1, 1, 2)
    ]
    assert ids[0] == ids[1]
    assert ids[0] != ids[2]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 8), min_size=5, max_size=60),
    st.lists(st.integers(1, 9), min_size=4, max_size=4),
    st.integers(0, 2**32 - 1),
)
def test_groups_are_never_parted(groups: list[int], weights: list[int], seed: int) -> None:
    shares = {part: weight / sum(weights) for part, weight in zip(SHARES, weights, strict=True)}
    split = Split.model_validate({"method": "grouped", "group": "unit", "shares": shares})
    spec = ProblemSpec.model_construct(seed=seed, split=split)
    codes = assign(pa.table({"unit": groups}), spec).codes
    assert all(len({code for g, code in zip(groups, codes, strict=True) if g == group}) == 1 for group in set(groups))
    assert set(codes.tolist()) <= {0, 1, 2, 3}


def test_many_groups_reach_their_shares(split: Run, toy_table: pa.Table) -> None:
    streets = pa.array([f"s{i // 3}" for i in range(900)])
    table = toy_table.set_column(toy_table.column_names.index("street"), "street", streets)
    folder, _ = split({"method": "grouped", "group": "street"}, table)
    parts = read_json(folder / "split.json")["parts"]
    assert {part: about["rows"] for part, about in parts.items()} == pytest.approx(
        {part: 900 * share for part, share in SHARES.items()}, abs=3
    )


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ({"method": "time", "until": {**UNTIL, "production": "2024-02-03"}}, "The part production .* is empty"),
        ({"method": "time", "until": {**UNTIL, "train": "2023-12-31"}}, "The part train of the split is empty"),
        (
            {"method": "stratified", "shares": {"train": 1.0, "calibration": 0.0, "validation": 0.0, "test": 0.0}},
            "The part calibration of the split is empty",
        ),
    ],
)
def test_unfit_parts_are_refused(split: Run, tmp_path: Path, method: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        split(method)
    assert caught.value.fix
    assert not (tmp_path / "data" / "toy" / "split").exists()


def test_a_group_that_the_features_lack_is_refused(split: Run, toy_table: pa.Table) -> None:
    with pytest.raises(DataError, match="The features lack street"):
        split({"method": "grouped", "group": "street"}, toy_table.drop_columns(["street"]))


@pytest.mark.parametrize("value", [0, 1])
def test_a_part_with_one_class_is_refused(split: Run, toy_table: pa.Table, value: int) -> None:
    sold = toy_table["sold"].to_numpy().copy()
    sold[480:576] = value
    with pytest.raises(DataError, match="The part calibration of the split has one class only"):
        split(BY_TIME, toy_table.set_column(3, "sold", pa.array(sold)))


def test_production_may_have_one_class(split: Run, toy_table: pa.Table) -> None:
    sold = toy_table["sold"].to_numpy().copy()
    sold[800:] = 0
    table = toy_table.set_column(3, "sold", pa.array(sold))
    folder, _ = split({"method": "time", "until": {**UNTIL, "production": "2024-03-01"}}, table)
    assert read_json(folder / "split.json")["parts"]["production"]["positives"] == 0


def test_a_row_without_its_time_is_refused(split: Run, toy_table: pa.Table) -> None:
    times = toy_table["at"].to_numpy().copy()
    times[5] = np.datetime64("NaT")
    with pytest.raises(DataError, match="at is missing in 1 rows"):
        split(BY_TIME, toy_table.set_column(1, "at", pa.array(times)))
