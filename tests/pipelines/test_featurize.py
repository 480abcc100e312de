"""The stage on a flat table of 300 rows without times; the viewed problem is flights, in tests/problems."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.job import Job
from pipelines.stages import run_stage
from understudy.errors import DataError, SpecError
from understudy.files import read_json, sha256_file
from understudy.problem import ProblemSpec, parse_problem
from understudy.settings import Settings

pytestmark = pytest.mark.integration

VALUES: dict[str, Any] = {
    "name": "plots",
    "title": "Sold?",
    "task": "binary",
    "seed": 1,
    "positive": "sold",
    "main": "plots",
    "source": {"path": "plots.csv"},
    "tables": {
        "plots": {
            "columns": {
                "plot": {"kind": "number", "role": "id"},
                "area": {"kind": "number"},
                "town": {"kind": "category"},
                "fenced": {"kind": "flag"},
                "owner": {"kind": "category", "role": "context", "protected": True},
                "outcome": {"kind": "category", "role": "target"},
            }
        }
    },
    "features": {},
    "split": {"method": "stratified"},
    "candidates": [{"name": "tree", "estimator": "sklearn.tree.DecisionTreeClassifier", "family": "tree"}],
    "evaluation": {"segments": ["town", "owner"]},
    **{name: {} for name in ("probes", "tuning", "training", "costs", "gates")},
}


def spec_of(**changes: Any) -> ProblemSpec:
    return parse_problem(yaml.safe_dump(VALUES | changes, sort_keys=False), Path("plots.yaml"))


def plots() -> pa.Table:
    rng = np.random.default_rng(3)
    return pa.table(
        {
            "plot": rng.permutation(300),
            "area": pa.array([None if value > 950 else value for value in rng.integers(100, 1000, 300).tolist()]),
            "town": pa.array([None if value == "C" else value for value in rng.choice(list("ABC"), 300).tolist()]),
            "fenced": rng.random(300) < 0.5,
            "owner": rng.choice(["old", "young"], 300),
            "outcome": rng.choice(["sold", "kept"], 300),
        }
    )


def featurize(root: Path, table: pa.Table, spec: ProblemSpec) -> Path:
    job = Job(spec, Settings(root=root, home=root / "var"))
    job.folder("validate").mkdir(parents=True, exist_ok=True)
    pq.write_table(table, job.input("validate", "plots.parquet"))
    return run_stage("featurize", job)


def test_a_flat_table_becomes_sorted_rows_of_typed_inputs(tmp_path: Path) -> None:
    source = plots()
    made = pq.read_table(featurize(tmp_path, source, spec_of()) / "features.parquet")
    assert made.column_names == ["plot", "outcome", "owner", "area", "fenced", "town"]
    assert made.column("plot").to_pylist() == list(range(300))
    assert {made.schema.field(name).type for name in ("area", "fenced")} == {pa.float32()}
    assert made.schema.field("outcome").type == pa.int8()
    by_plot = {row["plot"]: row for row in source.to_pylist()}
    for row in made.to_pylist():
        raw = by_plot[row["plot"]]
        assert row["outcome"] == (raw["outcome"] == "sold")
        assert row["town"] == (raw["town"] or "")
        assert (row["area"] == raw["area"]) or (raw["area"] is None and np.isnan(row["area"]))


def test_the_facts_name_the_inputs_in_order(tmp_path: Path) -> None:
    facts = read_json(featurize(tmp_path, plots(), spec_of()) / "featurize.json")
    assert facts["inputs"] == ["area", "fenced", "town"]
    assert facts["rows"] == 300
    assert len(facts["code_hash"]) == 64
    assert facts["tables"] == {"plots": sha256_file(tmp_path / "data" / "plots" / "validate" / "plots.parquet")}


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    one = (featurize(tmp_path, plots(), spec_of()) / "features.parquet").read_bytes()
    assert one == (featurize(tmp_path, plots(), spec_of()) / "features.parquet").read_bytes()


def test_a_numeric_target_is_compared_as_a_number(tmp_path: Path) -> None:
    table = plots()
    numbers = pa.array([2.0 if value == "sold" else 1.0 for value in table.column("outcome").to_pylist()])
    table = table.set_column(table.column_names.index("outcome"), "outcome", numbers)
    made = pq.read_table(featurize(tmp_path, table, spec_of(positive="2")) / "features.parquet")
    assert sum(made.column("outcome").to_pylist()) == numbers.to_pylist().count(2.0)


def test_a_positive_that_cannot_be_a_value_is_named(tmp_path: Path) -> None:
    table = plots().set_column(5, "outcome", pa.array([0, 1, 1] * 100))
    with pytest.raises(SpecError, match="'sold' is no value of outcome"):
        featurize(tmp_path, table, spec_of())


def test_a_missing_outcome_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    outcomes = pa.array([None, *plots().column("outcome").to_pylist()[1:]])
    table = plots().set_column(5, "outcome", outcomes)
    with pytest.raises(DataError, match="outcome is missing in 1 rows"):
        featurize(tmp_path, table, spec_of())
    assert not (tmp_path / "data" / "plots" / "featurize").exists()


def test_an_unknown_segment_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="garden"):
        featurize(tmp_path, plots(), spec_of(evaluation={"segments": ["garden"]}))
