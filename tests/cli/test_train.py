"""Training for real on a small table: what comes of it, and that neither a kill nor a second machine changes it."""

import json
import shutil
from pathlib import Path

import pytest
from workspace import Workspace

pytestmark = pytest.mark.e2e

TRAIN = ("train", "--problem", "toy")


@pytest.fixture
def workspace(workspace: Workspace, prefect_home: Path) -> Workspace:
    """A project whose runs start a Prefect server each, on a database that is built."""
    shutil.copytree(prefect_home, workspace.home / "prefect")
    return workspace


@pytest.fixture
def twin(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The same project in another folder."""
    root = tmp_path_factory.mktemp("twin") / "elsewhere"
    shutil.copytree(workspace.root, root)
    return Workspace(root)


def metrics(workspace: Workspace) -> dict[str, object]:
    return dict(json.loads((workspace.root / "data" / "toy" / "bundle" / "metrics.json").read_text()))


def test_a_run_that_was_killed_ends_as_one_that_was_not(workspace: Workspace, twin: Workspace) -> None:
    value = workspace.json(*TRAIN)
    assert (value["problem"], value["version"], value["unchanged"]) == ("toy", 1, False)
    assert value["decision"] == (
        "rejected" if any(gate["verdict"] == "fail" for gate in value["gates"]) else "accepted"
    )
    for figure in value["metrics"]["test"].values():
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert value["metrics"]["test"]["roc_auc"]["value"] > 0.8

    for line in ("tune: running", "evaluate: running", "register: running"):
        twin.kill_at(line, *TRAIN)
    again = twin.json(*TRAIN)
    assert again["metrics"] == value["metrics"]
    assert metrics(twin) == metrics(workspace)
    assert [version["number"] for version in twin.json("models")] == [1]
    assert twin.json(*TRAIN)["unchanged"] is True


def content(workspace: Workspace) -> dict[str, bytes]:
    paths = [*(workspace.root / "data").rglob("*"), workspace.root / "dvc.lock"]
    return {str(path.relative_to(workspace.root)): path.read_bytes() for path in paths if path.is_file()}


def test_refused_data_leave_what_was_accepted_before(workspace: Workspace) -> None:
    done = workspace.dvc("repro", "validate@toy")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = workspace.root / "problems" / "toy.csv"
    rows.write_text(rows.read_text().replace(",yes", ",no"))
    before, status = content(workspace), workspace.dvc("status", "--json").stdout
    assert "data/toy/ingest/rows.parquet" in before

    error = workspace.json(*TRAIN, code=1)["error"]
    assert (error["code"], error["stage"]) == ("data", "ingest")
    assert "classes" in error["what"]
    assert (content(workspace), workspace.dvc("status", "--json").stdout) == (before, status)

    done = workspace.dvc("repro", "validate@toy")
    assert done.returncode != 0
    assert "is not fit to learn from" in done.stderr
    assert (content(workspace), workspace.dvc("status", "--json").stdout) == (before, status)
    assert (workspace.home / "rejected" / "toy" / "validation.json").is_file()


def test_rows_without_a_time_are_trained_as_of_no_moment(workspace: Workspace) -> None:
    error = workspace.json(*TRAIN, "--as-of", "2024-02-01", code=1)["error"]
    assert (error["code"], error["what"]) == (
        "spec",
        "toy cannot be trained as of a moment: its rows have no time.",
    )
    assert "'soon' is not a moment" in workspace.json(*TRAIN, "--as-of", "soon", code=1)["error"]["what"]
