"""A store that is out of reach or full: said at once, in words that tell what to do."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_bundle import a_bundle, verdict_on
from sqlalchemy import event
from sqlalchemy.engine import Engine

from understudy.adapters.mlflow_registry import MlflowRegistry
from understudy.bundle import Bundle
from understudy.errors import MachineError, RegistryError
from understudy.settings import Settings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow"),
]


@pytest.fixture
def out_of_reach(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    kind, home = request.param, tmp_path / "var"
    if kind == "a folder that is a file":
        home.write_text("not a folder")
    registry = {"http": "http://127.0.0.1:9", "postgres": "postgresql://u:secret@127.0.0.1:9/db"}.get(kind, "")
    if kind == "damaged":
        (home / "mlflow").mkdir(parents=True)
        (home / "mlflow" / "mlflow.db").write_text("this is no database " * 100)
    return Settings(root=tmp_path, home=home, registry=registry)


@pytest.mark.parametrize("out_of_reach", ["http", "postgres", "damaged", "a folder that is a file"], indirect=True)
def test_store_out_of_reach_is_said_at_once(out_of_reach: Settings, tmp_path: Path) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    registry = MlflowRegistry(out_of_reach)
    start = time.monotonic()
    with pytest.raises(RegistryError) as caught:
        registry.register(bundle, verdict_on(bundle.digest))
    assert time.monotonic() - start < 15
    assert "cannot be used" in caught.value.what
    assert "secret" not in caught.value.what
    assert "\n" not in caught.value.what
    assert "understudy register --problem toy`" in caught.value.fix
    assert Bundle.load(bundle.folder).digest == bundle.digest


@pytest.mark.parametrize("out_of_reach", ["damaged"], indirect=True)
def test_a_fast_run_is_registered_by_a_command_of_its_own(out_of_reach: Settings, tmp_path: Path) -> None:
    bundle, registry = a_bundle(tmp_path / "bundle", profile="fast"), MlflowRegistry(out_of_reach)
    for ask in (lambda: registry.find(bundle), lambda: registry.register(bundle, verdict_on(bundle.digest))):
        with pytest.raises(RegistryError, match="cannot be used") as caught:
            ask()
        assert "`understudy register --problem toy --fast` retries" in caught.value.fix


@pytest.mark.parametrize("out_of_reach", ["http", "postgres", "damaged"], indirect=True)
def test_a_question_that_is_out_of_reach_names_the_setting(out_of_reach: Settings) -> None:
    for ask in (lambda r: r.problems(), lambda r: r.versions("toy"), lambda r: r.version("toy", 1)):
        with pytest.raises(RegistryError, match="cannot be used") as caught:
            ask(MlflowRegistry(out_of_reach))
        assert "UNDERSTUDY_REGISTRY" in caught.value.fix
        assert "bundle" not in caught.value.fix


def _allow_no_growth(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the present size as the least, and is full


@pytest.fixture
def full_database() -> Iterator[None]:
    event.listen(Engine, "connect", _allow_no_growth)
    yield
    event.remove(Engine, "connect", _allow_no_growth)


@pytest.mark.usefixtures("full_database")
def test_a_full_disk_is_said_without_a_traceback(
    registry: MlflowRegistry, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    verdict = verdict_on(bundle.digest)
    verdict = verdict.model_copy(update={"checks": verdict.checks * 300})  # more than the last page holds
    with pytest.raises(MachineError, match="No space left on the disk while writing the registry at sqlite") as caught:
        registry.register(bundle, verdict)
    goes_on = "Free some space, then `understudy register --problem toy` goes on: the bundle stays on disk."
    assert caught.value.fix == goes_on
    assert "Traceback" not in capfd.readouterr().err
    assert Bundle.load(bundle.folder).digest == bundle.digest


def test_a_new_store_is_not_begun_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    bundle = a_bundle(tmp_path / "bundle")
    with pytest.raises(MachineError, match="No space left on the disk"):
        MlflowRegistry(Settings(root=tmp_path, home=tmp_path / "var")).register(bundle, verdict_on(bundle.digest))
