from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.job import Job
from pipelines.scaffold import Request, Scaffold, scaffold
from pipelines.stages import run_stage
from understudy.files import read_json
from understudy.problem import ProblemSpec, load_problem
from understudy.settings import Settings

LISTING = """\
# The problems that the pipeline knows.
problems:
  bank: {source: problems/bank} # the second
"""
Make = Callable[..., Scaffold]


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    (tmp_path / "configs" / "problems").mkdir(parents=True)
    (tmp_path / "configs" / "problems.yaml").write_text(LISTING, encoding="utf-8")
    return Settings(root=tmp_path, home=tmp_path / "var")


@pytest.fixture
def customers() -> pd.DataFrame:
    """400 customers of whom some leave: months and plan matter a little, nothing gives it away."""
    random = np.random.default_rng(11)
    months, plan = random.integers(1, 72, 400), random.choice(["basic", "plus"], 400)
    leaves = random.random(400) < 1 / (1 + np.exp(0.03 * months - (plan == "basic")))
    return pd.DataFrame({"months": months, "plan": plan, "spent": random.normal(60, 20, 400).round(2), "left": leaves})


@pytest.fixture
def make(project: Settings) -> Make:
    def made(table: pd.DataFrame, target: str = "left", file: str = "customers.csv", **asked: Any) -> Scaffold:
        path = project.root / file
        table.to_parquet(path) if path.suffix == ".parquet" else table.to_csv(path, index=False)
        return scaffold(Request(path, target, **asked), project)

    return made


@pytest.fixture
def spec_of(project: Settings) -> Callable[[Scaffold], ProblemSpec]:
    """Loads the problem that was made."""
    return lambda made: load_problem(project.problems, made.name)


@pytest.fixture
def run_to_split(project: Settings) -> Callable[[ProblemSpec], dict[str, Any]]:
    """Runs the stages of a problem up to the probes, and tells its parts."""

    def parts(spec: ProblemSpec) -> dict[str, Any]:
        job = Job(spec, project)
        for stage in ("ingest", "validate", "featurize", "split", "probe"):
            run_stage(stage, job)
        found: dict[str, Any] = read_json(job.input("split", "split.json"))["parts"]
        return found

    return parts
