"""A project of one's own for each test: a copy of what is tracked here, with its state inside it."""

import csv
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from workspace import Workspace

from understudy.turn import turn

HERE = Path(__file__).resolve().parent
CODE = ("cli", "pipelines", "problems", "understudy")
STAGES = ("ingest", "validate", "featurize", "split", "probe", "tune", "train", "evaluate", "bundle")
SLOWEST = ("test_readme.py", "pipelines/test_flows.py", "cli/test_train.py")
"""Files that several workers begin with: one of minutes that is dealt out last leaves the others idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the slowest files out first; ``make test`` tells xdist to keep to the order."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        places = {HERE / name: place for place, name in enumerate(SLOWEST)}
        items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A copy of the project's code and settings, without git, data or state; with problems ``toy`` and ``other``."""
    return Workspace(_project(tmp_path))


@pytest.fixture
def toy(tmp_path: Path) -> Workspace:
    """A workspace whose stages, gate and registry take no time: see tests/fakes/toy/README.md."""
    return Workspace(_toy(tmp_path))


@pytest.fixture(scope="session")
def _trained_toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def train(folder: Path) -> None:
        done = Workspace(_toy(folder)).run("train", "--problem", "toy")
        assert done.returncode == 0, done.stdout + done.stderr

    return _once(tmp_path_factory, "trained", train) / "project"


@pytest.fixture(scope="session")
def prefect_home(_trained_toy: Path) -> Path:
    """Prefect's folder as the first run of ``toy`` left it: to build its database takes longer than most runs."""
    return Workspace(_trained_toy).home / "prefect"


@pytest.fixture
def trained_toy(_trained_toy: Path, tmp_path: Path) -> Workspace:
    """A toy workspace in which ``toy`` was trained and version 1 is champion."""
    root = tmp_path / "trained"
    shutil.copytree(_trained_toy, root)
    return Workspace(root)


def _once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker who asks for it fills, while others wait."""
    base = factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"
    with turn(shared, name, wait=True):
        if not (shared / name).exists():
            partial = shared / f".{name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            make(partial)
            partial.rename(shared / name)
    return shared / name


def _project(folder: Path) -> Path:
    root = folder / "project"
    for name in CODE:
        shutil.copytree(HERE.parent / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dvc.yaml", "pyproject.toml", ".dvcignore"):
        shutil.copy(HERE.parent / name, root / name)
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text("[core]\n    analytics = false\n    no_scm = true\n", encoding="utf-8")
    shutil.copytree(HERE / "fakes" / "toy" / "configs", root / "configs")
    _write_rows(root / "problems" / "toy.csv")
    return root


def _toy(folder: Path) -> Path:
    root = _project(folder)
    for stage in STAGES:
        package = root / "pipelines" / stage
        target = package / "__init__.py" if package.is_dir() else package.with_suffix(".py")
        shutil.copy(HERE / "fakes" / "toy" / "pipelines" / "toy_stage.py", target)
    for name in ("pipelines/gate", "understudy/adapters", "understudy/bundle"):
        shutil.rmtree(root / name)
        shutil.copytree(HERE / "fakes" / "toy" / name, root / name)
    for name in ("prefect_server.py", "prefect_step.py"):
        shutil.copy(HERE.parent / "understudy" / "adapters" / name, root / "understudy" / "adapters")
    pages = Path("understudy", "adapters", "pages")
    shutil.copytree(HERE.parent / pages, root / pages)
    return root


def _write_rows(path: Path, rows: int = 600) -> None:
    """A table in which each column says a little about the answer, with some sizes missing."""
    draw = random.Random(7)  # noqa: S311
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["id", "size", "weight", "town", "answer"])
        for number in range(rows):
            size, weight, town = draw.gauss(0, 1), draw.gauss(0, 1), draw.choice(["ash", "birch", "cedar"])
            answer = size + weight + (town == "ash") + draw.gauss(0, 1) > 0.5
            shown = "" if draw.random() < 0.02 else f"{size:.6f}"
            table.writerow([number, shown, f"{weight:.6f}", town, "yes" if answer else "no"])
