"""The real flights, read once."""

from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pytest

from problems.flights import source
from understudy.problem import ProblemSpec, load_problem

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def flights_spec() -> ProblemSpec:
    return load_problem(ROOT / "configs" / "problems", "flights")


@pytest.fixture(scope="session")
def flights_files(flights_spec: ProblemSpec) -> dict[str, Path]:
    package = flights_spec.source.package
    assert package is not None
    found = find_spec(package.name)
    assert found is not None, "make setup installs the data packages"
    folder = Path(next(iter(found.submodule_search_locations or [])))
    return {name: folder / file.path for name, file in package.files.items()}


@pytest.fixture(scope="session")
def flights_tables(flights_files: dict[str, Path]) -> dict[str, pa.Table]:
    return source.read(flights_files)
