"""Environment settings: where the project lives and how it reaches its stores."""

import os
from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

from understudy.errors import MachineError

TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}


class Settings(BaseSettings):
    """Read from ``UNDERSTUDY_*`` variables; built at composition roots only."""

    model_config = SettingsConfigDict(env_prefix="UNDERSTUDY_", frozen=True, extra="ignore")

    root: Path = Path()
    home: Path = Path("var")
    registry: str = ""
    database: str = ""
    bundles: str = ""
    approval: Literal["automatic", "manual"] = "automatic"
    threads: int = 2
    engine: Literal["local", "dask"] = "local"
    """Who does heavy work on files: threads of one process, or workers of a Dask cluster."""
    scheduler: str = ""
    """Address of the Dask scheduler; empty for workers on this machine."""

    @property
    def data(self) -> Path:
        """Folder of what the stages make (DVC outputs)."""
        return self.root / "data"

    @property
    def problems(self) -> Path:
        """Folder of the problems' YAML files."""
        return self.root / "configs" / "problems"

    @property
    def registry_uri(self) -> str:
        """MLflow tracking URI; a SQLite file below ``home`` unless set."""
        return self.registry or f"sqlite:///{self.home / 'mlflow' / 'mlflow.db'}"

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the operational database; a SQLite file below ``home`` unless set."""
        return self.database or f"sqlite:///{self.home / 'understudy.db'}"

    @property
    def bundle_store(self) -> str:
        """Folder or fsspec URL from which servers fetch bundles; below ``home`` unless set."""
        return self.bundles or str(self.home / "bundles")


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above ``start`` that holds a project.

    Raises:
        MachineError: no folder on the way up has ``dvc.yaml`` and ``configs/problems``.
    """
    for folder in (start, *start.parents):
        if (folder / "dvc.yaml").is_file() and (folder / "configs" / "problems").is_dir():
            return folder
    raise MachineError(
        f"No Understudy project at or above {start}: dvc.yaml and configs/problems are missing.",
        "Change into a checkout, or set UNDERSTUDY_ROOT to one.",
    )


def load_settings(start: Path | None = None) -> Settings:
    """Build the settings for the project around ``start`` (default: the working folder)."""
    given = os.environ.get("UNDERSTUDY_ROOT")
    root = Path(given).resolve() if given else find_root((start or Path.cwd()).resolve())
    home = Path(os.environ.get("UNDERSTUDY_HOME", "var"))
    return Settings(root=root, home=home if home.is_absolute() else root / home)


def silence_telemetry() -> None:
    """Switch off what the stack's libraries send home; existing choices stay."""
    for name, value in TELEMETRY_OFF.items():
        os.environ.setdefault(name, value)
