"""Real flights and real calls, few enough to be quick, through the real featurize and split stages."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.ingest import read_source
from pipelines.ingest.conform import conform
from pipelines.job import Job
from pipelines.stages import run_stage
from understudy.problem import ProblemSpec
from understudy.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
Values = dict[str, Any]


@dataclass
class World:
    """A problem's real values and raw tables, to be spoiled by a test, and the stages up to the probes."""

    root: Path
    values: Values
    raw: dict[str, pa.Table] = field(repr=False)

    def spec(self) -> ProblemSpec:
        return ProblemSpec.model_validate(self.values)

    @property
    def columns(self) -> Values:
        columns: Values = self.values["tables"][self.values["main"]]["columns"]
        return columns

    @property
    def rejected(self) -> Path:
        return self.root / "var" / "rejected" / self.values["name"] / "probes.json"

    def view(self, name: str, sql: str, columns: list[str], **settings: Any) -> None:
        """Add a view, and its columns as model inputs."""
        path = Path("views") / f"{name}.sql"
        (self.root / path).parent.mkdir(exist_ok=True)
        (self.root / path).write_text(sql, encoding="utf-8")
        features = self.values["features"]
        features["views"] = [*features["views"], {"name": name, "sql": str(path), "columns": columns, **settings}]
        features["inputs"] = [*features["inputs"], *({"name": column} for column in columns)]

    def probed(self) -> list[Values]:
        """Featurize, split, probe; return the findings."""
        spec = self.spec()
        job = Job(spec, Settings(root=self.root, home=self.root / "var"))
        folder = job.folder("validate")
        folder.mkdir(parents=True)
        for name, declared in spec.tables.items():
            pq.write_table(conform(self.raw[name], declared, name), folder / f"{name}.parquet")
        run_stage("featurize", job)
        run_stage("split", job)
        # The probes must do without the test part.
        job.input("split", "test.parquet").unlink()
        run_stage("probe", job)
        found: list[Values] = json.loads(job.input("probe", "probes.json").read_text(encoding="utf-8"))
        return found


def _values(name: str) -> Values:
    values: Values = yaml.safe_load((ROOT / "configs" / "problems" / f"{name}.yaml").read_text(encoding="utf-8"))
    return values


def _raw(values: Values) -> dict[str, pa.Table]:
    return read_source(ProblemSpec.model_validate(values), ROOT)[0]


@pytest.fixture(scope="session")
def february_flights() -> tuple[Values, Mapping[str, pa.Table]]:
    """Three weeks of flights, with only the views that look at now, and weather."""
    values = _values("flights")
    raw = _raw(values)
    keep = pc.and_(
        pc.greater_equal(raw["flights"]["predict_at"], datetime(2013, 2, 1)),
        pc.less(raw["flights"]["predict_at"], datetime(2013, 2, 22)),
    )
    raw["flights"] = raw["flights"].filter(keep)
    values["split"] = {
        "method": "time",
        "until": {"train": "2013-02-15", "calibration": "2013-02-17", "validation": "2013-02-19", "test": "2013-02-22"},
    }
    features = values["features"]
    features["views"] = [view for view in features["views"] if not view["name"].startswith("history")]
    features["inputs"] = [item for item in features["inputs"] if not item["name"].endswith("history")]
    return values, raw


@pytest.fixture(scope="session")
def all_calls() -> tuple[Values, Mapping[str, pa.Table]]:
    values = _values("bank")
    return values, _raw(values)


@pytest.fixture
def flights(tmp_path: Path, february_flights: Any) -> World:
    return _world(tmp_path, *february_flights)


@pytest.fixture
def bank(tmp_path: Path, all_calls: Any) -> World:
    return _world(tmp_path, *all_calls)


def _world(root: Path, values: Values, raw: Mapping[str, pa.Table]) -> World:
    shutil.copytree(ROOT / "problems", root / "problems", ignore=shutil.ignore_patterns("__pycache__"))
    return World(root, json.loads(json.dumps(values, default=str)), dict(raw))
