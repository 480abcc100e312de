"""Reaching an MLflow store: made safely when it is a file of ours, and quick to say so when it is out of reach."""

import errno
import fcntl
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from understudy.adapters.failure import disk_is_full, reason
from understudy.bundle import Manifest
from understudy.errors import MachineError, RegistryError, UnderstudyError
from understudy.settings import Settings, silence_telemetry

PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
SQLITE = "sqlite:///"
ROOM = 5_000_000
"""Bytes that a new store needs; without them MLflow would try for minutes."""
URIS = (TRACKING_URI, REGISTRY_URI) = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")


class MlflowStore:
    """The tracking and registry store that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self.uri = settings.registry_uri
        self.folder = settings.home / "mlflow"
        self._again = ""

    @property
    def file(self) -> Path | None:
        """The SQLite file, if the store is one."""
        return Path(self.uri.removeprefix(SQLITE)) if self.uri.startswith(SQLITE) else None

    @property
    def absent(self) -> bool:
        """Whether the store is a file that nobody has made yet, so that it holds nothing."""
        return self.file is not None and not self.file.exists()

    def artifacts(self, problem: str) -> str | None:
        """Where the files of a problem's runs go; a tracking server decides by itself."""
        if self.uri.startswith(("http://", "https://")):
            return None
        return (self.folder / "artifacts" / problem).absolute().as_uri()

    def client(self) -> Any:
        """An ``MlflowClient``; the store is made first where it is an absent file.

        Raises:
            RegistryError: the store cannot be reached or made.
            MachineError: the disk is full.
        """
        _quieten()
        with self.reaching():
            if self.file is None:
                _probe(self.uri)
            elif self.absent:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                with self.lock("create"):
                    if self.absent:
                        _create(self.file)
            else:
                _check_file(self.file)
            return _connect(self.uri)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Point MLflow's process-wide state here, and back: logging a model heeds nothing else."""
        import mlflow

        before: dict[str, Any] = {name: os.environ.get(name) for name in URIS}
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        try:
            yield
        finally:
            mlflow.set_tracking_uri(before[TRACKING_URI])
            mlflow.set_registry_uri(before[REGISTRY_URI])
            for name in (name for name, value in before.items() if value is None):
                os.environ.pop(name, None)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold this machine's lock of that name; the kernel lets go of it when the process ends, however it ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.lock").open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    @contextmanager
    def keeping(self, manifest: Manifest) -> Iterator[None]:
        """Say of a failure meanwhile that this bundle waits on disk, and which command registers it."""
        flag = " --fast" if manifest.profile == "fast" else ""
        before, self._again = self._again, f"`understudy register --problem {manifest.problem}{flag}`"
        try:
            yield
        finally:
            self._again = before

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Say of whatever the store's libraries raise that the store is full or out of reach, and what to do."""
        try:
            yield
        except UnderstudyError:
            raise
        except Exception as error:  # MLflow, SQLAlchemy, requests and the file system each raise their own
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> UnderstudyError:
        uri = _without_password(self.uri)
        if disk_is_full(error):
            what = f"No space left on the disk while writing the registry at {uri}."
            if self._again:
                return MachineError(what, f"Free some space, then {self._again} goes on: the bundle stays on disk.")
            return MachineError(what, "Free some space and run the same command again.")
        what = f"The model registry at {uri} cannot be used: {reason(error)}"
        if self._again:
            return RegistryError(what, f"The bundle stays on disk: once the registry is back, {self._again} retries.")
        return RegistryError(what, "Start it, or let UNDERSTUDY_REGISTRY name another; unset, it is a local file.")


def _quieten() -> None:
    silence_telemetry()
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    for name in ("mlflow", "alembic", "sqlalchemy"):  # they log the traceback of what they raise as well
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _connect(uri: str) -> Any:
    from mlflow import MlflowClient

    _quieten()
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.search_registered_models(max_results=1)
    return client


def _create(path: Path) -> None:
    """Make the database aside, without waiting for the disk at each of its hundreds of steps, then rename it."""
    import mlflow  # noqa: F401
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    aside = path.with_name(f".{path.name}.partial")
    aside.unlink(missing_ok=True)
    if shutil.disk_usage(path.parent).free < ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    event.listen(Engine, "connect", _unsynced)
    try:
        _connect(f"{SQLITE}{aside}")
    finally:
        event.remove(Engine, "connect", _unsynced)
    with aside.open("rb") as stream:
        os.fsync(stream.fileno())
    aside.replace(path)


def _unsynced(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def _check_file(path: Path) -> None:
    """Raise at once where MLflow would try ten times."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        connection.close()


def _probe(uri: str) -> None:
    """Raise at once where a server does not answer; MLflow would try for minutes."""
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(uri)
    ports = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306}
    port = parts.port or ports.get(parts.scheme.partition("+")[0])
    if parts.hostname and port:
        socket.create_connection((parts.hostname, port), timeout=5).close()


def _without_password(uri: str) -> str:
    head, _, tail = uri.rpartition("@")
    return f"{head.rpartition(':')[0]}:***@{tail}" if head else uri
