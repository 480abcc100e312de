"""The run behind a version: what it holds, and that a kill or a second process leaves no other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_bundle import a_bundle, verdict_on, write_small_bundle

from understudy.adapters.mlflow_registry import MlflowRegistry
from understudy.bundle import Bundle
from understudy.settings import Settings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow"),
]


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
