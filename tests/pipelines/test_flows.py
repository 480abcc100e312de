"""The flow from the outside: what it does, leaves alone, refuses and survives. Stages of no length: see fakes/toy."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from shared_prefect import prefect_server
from workspace import Workspace, wait_for

pytestmark = pytest.mark.e2e

ORDER = ["ingest", "validate", "featurize", "split", "probe", "tune", "train", "evaluate", "bundle", "gate", "register"]
TRAIN = ("train", "--problem", "toy")


@pytest.fixture(scope="module")
def address(prefect_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server for all runs here. The run before them started its own, as those in cli/test_train do."""
    home = tmp_path_factory.mktemp("prefect")
    shutil.copytree(prefect_home, home / "prefect")
    with prefect_server(home) as address:
        yield address


@pytest.fixture
def trained_toy(trained_toy: Workspace, address: str) -> Workspace:
    """The trained toy, whose runs from here on use a server that is there."""
    return replace(trained_toy, environment={"PREFECT_API_URL": address})


def ran(workspace: Workspace) -> list[str]:
    """Stages whose code ran to its end, in order."""
    return (workspace.home / "ran.txt").read_text().split()


def edit(workspace: Workspace, old: str, new: str) -> None:
    path = workspace.root / "configs" / "problems" / "toy.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_an_unchanged_run_does_nothing_and_says_so(trained_toy: Workspace) -> None:
    before = {path: path.stat().st_mtime_ns for path in (trained_toy.root / "data").rglob("*")}
    value = trained_toy.json(*TRAIN)
    assert value["unchanged"] is True
    assert value["seconds"] < 15
    assert (value["version"], value["decision"], value["champion"]) == (1, "accepted", True)
    assert [stage["name"] for stage in value["stages"]] == ORDER
    assert {stage["state"] for stage in value["stages"]} == {"unchanged"}
    assert {path: path.stat().st_mtime_ns for path in (trained_toy.root / "data").rglob("*")} == before
    assert "Nothing has changed: nothing was done" in trained_toy.run(*TRAIN).stdout


def test_only_what_an_edit_touches_runs_again(trained_toy: Workspace) -> None:
    assert ran(trained_toy) == ORDER[:-2]
    edit(trained_toy, "training: {}", "training: {calibration: none}")
    value = trained_toy.json(*TRAIN)
    states = {stage["name"]: stage["state"] for stage in value["stages"]}
    assert [name for name, state in states.items() if state != "unchanged"] == ["train", "bundle", "register"]
    assert value["version"] == 1


def test_dvc_from_the_shell_agrees(trained_toy: Workspace) -> None:
    assert "up to date" in trained_toy.dvc("status").stdout
    lock = (trained_toy.root / "dvc.lock").read_text()
    shutil.rmtree(trained_toy.root / "data")
    shutil.rmtree(trained_toy.root / ".dvc" / "cache")
    done = trained_toy.dvc("repro", "bundle@toy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bundle of toy: done in" in done.stdout
    assert (trained_toy.root / "dvc.lock").read_text() == lock
    assert trained_toy.json(*TRAIN)["unchanged"] is True


def test_a_problem_joins_the_graph_when_it_is_trained(trained_toy: Workspace) -> None:
    assert "up to date" in trained_toy.dvc("status").stdout
    assert trained_toy.json("train", "--problem", "other")["problem"] == "other"
    assert "up to date" in trained_toy.dvc("status").stdout
    done = trained_toy.dvc("repro")
    assert "up to date" in done.stdout, done.stdout + done.stderr
    listed = trained_toy.dvc("stage", "list", "--name-only").stdout.split()
    assert sorted(listed) == sorted(f"{stage}@{problem}" for stage in ORDER[:-2] for problem in ("toy", "other"))


def test_a_first_run_without_any_result_leaves_the_graph_as_it_was(trained_toy: Workspace) -> None:
    trained_toy.json("train", "--problem", "other", code=1, TOY_FAILS="ingest")
    assert "up to date" in trained_toy.dvc("status").stdout
    trained_toy.json("train", "--problem", "other", code=1, TOY_FAILS="split")
    assert "split@other" in trained_toy.dvc("status").stdout


def test_outputs_that_were_deleted_come_back_from_the_cache(trained_toy: Workspace) -> None:
    shutil.rmtree(trained_toy.root / "data")
    done = trained_toy.run(*TRAIN)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^(\w+): restored$", done.stdout, re.MULTILINE) == ORDER[:-2]
    assert "Version toy/1 is accepted" in done.stdout
    assert ran(trained_toy) == ORDER[:-2]


def test_a_kill_costs_nothing_but_the_step_that_it_hit(toy: Workspace, trained_toy: Workspace, address: str) -> None:
    toy.environment["PREFECT_API_URL"] = address
    for stage in ("ingest", "tune", "bundle"):
        toy.kill_at(f"{stage}: running", *TRAIN, TOY_HANGS=stage)
    value = toy.json(*TRAIN)
    assert ran(toy) == ORDER[:-2]
    assert (value["version"], value["champion"]) == (1, True)
    assert [version["number"] for version in toy.json("models")] == [1]
    for stage in ORDER[:-2]:
        digest = Path("data", "toy", stage, "digest.txt")
        assert (toy.root / digest).read_bytes() == (trained_toy.root / digest).read_bytes()
    assert [path.name for path in toy.root.rglob(".*.partial")] == []


def test_two_runs_of_a_problem_take_turns(trained_toy: Workspace) -> None:
    edit(trained_toy, "seed: 7", "seed: 8")
    with trained_toy.start(*TRAIN, TOY_HANGS="split") as first:
        wait_for(trained_toy.root / "data" / "toy" / ".split.partial")
        second = trained_toy.json(*TRAIN, code=1)
        assert second["error"]["code"] == "environment"
        assert f"Another run of toy is under way (process {first.pid})" in second["error"]["what"]
        first.kill()


def test_a_stage_that_fails_is_named_with_what_to_do(trained_toy: Workspace) -> None:
    edit(trained_toy, "seed: 7", "seed: 8")
    error = trained_toy.json(*TRAIN, code=1, TOY_FAILS="tune")["error"]
    assert error == {"code": "data", "what": "The toy's tune is broken.", "fix": "Unset TOY_FAILS.", "stage": "tune"}
    done = trained_toy.run(*TRAIN, TOY_CRASHES="tune")
    assert done.returncode == 1
    assert "tune: failed" in done.stdout
    assert "tune stopped: ValueError: nobody foresaw this." in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "Traceback" in trained_toy.run(*TRAIN, "--debug", TOY_CRASHES="tune").stderr
    assert ran(trained_toy) == [*ORDER[:-2], "split", "probe"]


def test_a_registry_out_of_reach_is_tried_again_and_can_be_made_good(trained_toy: Workspace) -> None:
    edit(trained_toy, "seed: 7", "seed: 8")
    error = trained_toy.json(*TRAIN, code=1, TOY_REGISTRY_DOWN="1")["error"]
    assert (error["code"], error["stage"]) == ("registry", "gate")
    value = trained_toy.json("register", "--problem", "toy")
    assert (value["version"], value["decision"], value["champion"]) == (2, "accepted", True)
    assert trained_toy.json(*TRAIN)["unchanged"] is True


def test_a_version_that_the_gate_refuses_is_a_run_that_succeeded(trained_toy: Workspace) -> None:
    edit(trained_toy, "seed: 7", "seed: 8")
    value = trained_toy.json(*TRAIN, TOY_REJECTS="1")
    assert (value["version"], value["decision"], value["champion"]) == (2, "rejected", False)
    assert value["gates"][0]["verdict"] == "fail"
    refused = trained_toy.json("approve", "2", "--why", "we must", code=1)
    assert "The gate refused toy/2: toy." in refused["error"]["what"]
    approved = trained_toy.json("approve", "toy/2", "--why", "we must", "--by", "ann", "--override")
    assert approved["champion"] is True
    assert approved["approval"] == {"state": "approved", "by": "ann", "why": "we must"}
    assert trained_toy.json("show", "toy@previous")["number"] == 1


def test_fast_keeps_its_results_apart_and_knows_what_they_were_made_from(trained_toy: Workspace) -> None:
    first = trained_toy.json(*TRAIN, "--fast")
    assert (first["profile"], first["unchanged"]) == ("fast", False)
    assert Path(first["bundle"]) == trained_toy.home / "fast" / "toy" / "bundle"
    assert [stage["state"] for stage in first["stages"][:6]] == ["unchanged"] * 5 + ["done"]
    assert trained_toy.json(*TRAIN)["unchanged"] is True

    done = len(ran(trained_toy))
    again = trained_toy.json(*TRAIN, "--fast")
    same = set(first) - {"unchanged", "seconds", "stages"}
    assert {key: again[key] for key in same} == {key: first[key] for key in same}
    assert again["unchanged"] is True
    assert {stage["state"] for stage in again["stages"]} == {"unchanged"}

    edit(trained_toy, "training: {}", "training: {calibration: none}")
    trained_toy.kill_at("evaluate: running", *TRAIN, "--fast", TOY_HANGS="evaluate")
    edit(trained_toy, "training: {calibration: none}", "training: {}")
    value = trained_toy.json(*TRAIN, "--fast")
    assert (value["unchanged"], value["version"]) == (False, first["version"])
    assert ran(trained_toy)[done:] == ["tune", "train", "tune", "train", "evaluate", "bundle"]
