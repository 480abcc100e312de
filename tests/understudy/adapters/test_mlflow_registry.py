"""The registry on a real MLflow store in a SQLite file."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_bundle import expected_score, verdict_on, write_small_bundle
from sqlalchemy import event
from sqlalchemy.engine import Engine

from understudy.adapters import open_registry
from understudy.adapters.mlflow_registry import MlflowRegistry
from understudy.bundle import Bundle
from understudy.errors import MachineError, RegistryError
from understudy.settings import Settings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow"),
]


@pytest.fixture(scope="module")
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


def a_bundle(folder: Path, title: str = "Toy") -> Bundle:
    return Bundle.load(write_small_bundle(folder, title=title))


def test_nothing_is_created_by_asking(tmp_path: Path) -> None:
    registry = open_registry(Settings(root=tmp_path, home=tmp_path / "var"))
    assert registry.versions("toy") == ()
    assert registry.problems() == ()
    assert registry.champion("toy") is None
    assert registry.find("toy", "0" * 64) is None
    assert not (tmp_path / "var").exists()


def test_life_of_two_versions(registry: MlflowRegistry, tmp_path: Path) -> None:
    first = a_bundle(tmp_path / "first")
    one = registry.register(first, verdict_on(first.digest))
    assert (one.number, one.stage, one.approval.state, one.aliases) == (1, "development", "pending", ())
    assert one.metrics == {"roc_auc": 0.8}
    assert one.lineage == first.manifest.lineage
    assert one.verdict == verdict_on(first.digest)
    assert registry.register(first, verdict_on(first.digest)) == one
    assert registry.problems() == ("toy",)

    with pytest.raises(RegistryError, match="is pending"):
        registry.promote("toy", 1)
    assert registry.decide("toy", 1, "approved", "ada", "looks right").stage == "staging"
    promoted = registry.promote("toy", 1)
    assert (promoted.stage, promoted.champion) == ("production", True)
    assert (promoted.approval.by, promoted.approval.why) == ("ada", "looks right")

    second = a_bundle(tmp_path / "second", title="Toy, again")
    two = registry.register(second, verdict_on(second.digest, champion=1))
    assert two.number == 2
    assert two.verdict.champion == 1
    registry.decide("toy", 2, "approved", "ada", "better")
    registry.promote("toy", 2)
    newest, oldest = registry.versions("toy")
    assert (newest.number, newest.aliases, newest.stage) == (2, ("champion",), "production")
    assert (oldest.number, oldest.aliases, oldest.stage) == (1, ("previous",), "archived")
    with pytest.raises(RegistryError, match="is the champion"):
        registry.decide("toy", 2, "rejected", "ada", "changed my mind")

    registry.promote("toy", 1)
    assert registry.champion("toy") == registry.version("toy", 1)
    assert registry.version("toy", 2).aliases == ("previous",)
    assert registry.version("toy", 2).stage == "archived"

    fetched = Bundle.load(registry.fetch("toy", 2, tmp_path / "fetched"))
    assert fetched.digest == second.digest


def test_unknown_version_lists_those_there_are(registry: MlflowRegistry, tmp_path: Path) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    registry.register(bundle, verdict_on(bundle.digest))
    with pytest.raises(RegistryError, match=r"no version 7 of toy.*Its versions: 1"):
        registry.version("toy", 7)


def test_rejected_version_is_archived(registry: MlflowRegistry, tmp_path: Path) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    registry.register(bundle, verdict_on(bundle.digest, "rejected"))
    rejected = registry.decide("toy", 1, "rejected", "gate", "Failed: roc_auc.")
    assert (rejected.stage, rejected.approval.state, rejected.approval.by) == ("archived", "rejected", "gate")
    assert registry.champion("toy") is None


def test_verdict_on_another_bundle_is_refused(registry: MlflowRegistry, tmp_path: Path) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    with pytest.raises(RegistryError, match="about another bundle"):
        registry.register(bundle, verdict_on("0" * 64))
    assert registry.versions("toy") == ()


def test_altered_bundle_in_the_store_is_not_handed_out(
    registry: MlflowRegistry, settings: Settings, tmp_path: Path
) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    registry.register(bundle, verdict_on(bundle.digest))
    [inside] = (settings.home / "mlflow" / "artifacts").rglob("bundle/manifest.json")
    values = json.loads(inside.read_text())
    inside.write_text(json.dumps({**values, "threshold": 0.01}))
    with pytest.raises(RegistryError, match="not the one that was registered"):
        registry.fetch("toy", 1, tmp_path / "fetched")


PREDICT = """
import json, sys
import mlflow, numpy as np, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/toy@champion")
frame = pd.DataFrame({"town": ["north", None, ""], "extra": [1, 2, 3], "weight": [0.5, np.nan, 1.0]})
frame["size"] = [1.0, 2.0, 0.0]
signature = model.metadata.signature
missing = ""
try:
    model.predict(frame.drop(columns="weight"))
except Exception as error:
    missing = str(error)
scores = model.predict(frame)
example = model.predict(model.input_example)
print(json.dumps({"scores": scores.tolist(), "inputs": signature.inputs.input_names(), "missing": missing,
                  "example": example.tolist(), "sklearn": "sklearn" in sys.modules}))
"""


def test_pyfunc_gives_the_bundles_scores_in_another_process(
    registry: MlflowRegistry, settings: Settings, tmp_path: Path
) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    registry.register(bundle, verdict_on(bundle.digest))
    registry.decide("toy", 1, "approved", "ada", "why not")
    registry.promote("toy", 1)
    done = subprocess.run(
        [sys.executable, "-c", PREDICT, settings.registry_uri],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    rows = [(1.0, 0.5, "north"), (2.0, float("nan"), ""), (0.0, 1.0, "")]
    assert said["scores"] == pytest.approx([expected_score(*row) for row in rows], abs=1e-6)
    direct = bundle.score_columns({"size": [1.0, 2.0, 0.0], "weight": [0.5, None, 1.0], "town": ["north", None, ""]})
    assert said["scores"] == direct.tolist()
    assert said["inputs"] == ["size", "weight", "town"]
    assert "weight" in said["missing"]
    assert said["example"] == pytest.approx([bundle.manifest.example.score], abs=1e-6)


def test_run_holds_the_evidence(registry: MlflowRegistry, tmp_path: Path) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    version = registry.register(bundle, verdict_on(bundle.digest))
    client = registry._client
    run = client.get_run(version.run)
    assert run.info.status == "FINISHED"
    assert run.data.params["candidate"] == "by_hand"
    assert run.data.params["param.C"] == "1.0"
    assert run.data.metrics["test.roc_auc"] == 0.8
    assert run.data.metrics["test.roc_auc.low"] == 0.7
    assert run.data.tags["digest"] == bundle.digest
    names = {item.path for item in client.list_artifacts(version.run)}
    assert {"gates.json", "report.html", "card.md", "metrics.json", "manifest.json"} <= names


REGISTER = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from small_bundle import verdict_on
from understudy.adapters import mlflow_registry
from understudy.bundle import Bundle
from understudy.settings import Settings

home, folder, die = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[4]
if die:
    real = getattr(mlflow_registry, die)
    def cut_short(*given):
        real(*given)
        os.kill(os.getpid(), 9)
    setattr(mlflow_registry, die, cut_short)
bundle = Bundle.load(folder)
version = mlflow_registry.MlflowRegistry(Settings(root=home, home=home)).register(bundle, verdict_on(bundle.digest))
print(version.number)
"""


def registering(home: Path, folder: Path, die: str = "") -> subprocess.Popen[str]:
    fakes = next(path for path in sys.path if path.endswith("fakes"))
    command = [sys.executable, "-c", REGISTER, str(home), str(folder), fakes, die]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ})


def test_kill_before_the_version_leaves_no_trace_of_it(
    registry: MlflowRegistry, settings: Settings, tmp_path: Path
) -> None:
    folder = write_small_bundle(tmp_path / "bundle")
    process = registering(settings.home, folder, die="log_run")
    process.communicate()
    assert process.returncode == -9
    assert registry.versions("toy") == ()

    bundle = Bundle.load(folder)
    version = registry.register(bundle, verdict_on(bundle.digest))
    assert [v.number for v in registry.versions("toy")] == [1]
    client = registry._client
    experiment = client.get_experiment_by_name("toy").experiment_id
    assert [run.info.run_id for run in client.search_runs([experiment])] == [version.run]


def test_two_processes_register_one_version(registry: MlflowRegistry, settings: Settings, tmp_path: Path) -> None:
    folder = write_small_bundle(tmp_path / "bundle")
    processes = [registering(settings.home, folder) for _ in range(2)]
    said = [process.communicate() for process in processes]
    assert [out.strip() for out, _ in said] == ["1", "1"], said
    assert len(registry.versions("toy")) == 1


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
