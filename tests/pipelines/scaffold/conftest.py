from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.scaffold import Request, Scaffold, scaffold
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
