"""A registry on an MLflow store of its own, in a SQLite file."""

import shutil
from pathlib import Path

import pytest

from understudy.adapters.mlflow_registry import MlflowRegistry
from understudy.settings import Settings


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was just created; each test starts from a copy, since creation takes seconds."""
    home = tmp_path_factory.mktemp("empty") / "home"
    settings = Settings(root=home, home=home)
    MlflowRegistry(settings)._store.client()
    return home


@pytest.fixture
def settings(empty_store: Path, tmp_path: Path) -> Settings:
    home = tmp_path / "a home" / "var"
    shutil.copytree(empty_store, home)
    return Settings(root=tmp_path, home=home)


@pytest.fixture
def registry(settings: Settings) -> MlflowRegistry:
    return MlflowRegistry(settings)
