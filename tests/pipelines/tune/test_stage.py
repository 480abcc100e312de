import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.job import Job
from pipelines.stages import run_stage
from understudy.files import read_json
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.integration

RUN = """
import sys, time
from pathlib import Path
from pipelines.job import Job
from pipelines.stages import run_stage
from understudy.problem import ProblemSpec
from understudy.settings import Settings
root = Path(sys.argv[1])
spec = ProblemSpec.model_validate_json((root / "spec.json").read_text())
def progress(share, words):
    if float(sys.argv[2]):
        (root / "begun").write_text(words)
        time.sleep(float(sys.argv[2]))
run_stage("tune", Job(spec=spec, settings=Settings(root=root, home=root / "var", threads=2), progress=progress))
"""


def read_all(folder: Path) -> dict[str, Any]:
    return {path.name: read_json(path) for path in sorted(folder.glob("*.json"))}


def test_every_file_of_the_contract(toy_job: Callable[..., Job]) -> None:
    told: list[tuple[float, str]] = []
    job = toy_job()
    object.__setattr__(job, "progress", lambda share, words: told.append((share, words)))
    out = read_all(run_stage("tune", job))

    board = out["leaderboard.json"]
    assert {row["candidate"]: row["trials"] for row in board} == {
        "majority": 1, "rate_by_town": 1, "logistic_l2": 3, "tree": 3,
    }  # fmt: skip
    assert [row["mean"] for row in board] == sorted((row["mean"] for row in board), reverse=True)
    assert board[0]["candidate"] == out["choice.json"]["candidate"] == "logistic_l2"
    assert all(len(row["folds"]) == 3 and row["std"] > 0 for row in board)
    assert len(out["trials.json"]) == 8
    assert [row["imbalance"] for row in out["imbalance.json"]] == ["none", "weights"]
    assert [row["group"] for row in out["groups.json"]] == ["body", "place", "noise"]
    assert out["groups.json"][0]["mean"] > 0.1 > 0.02 > out["groups.json"][2]["mean"]
    [path] = out["coefficient_path.json"]
    norms = [sum(abs(c) for c in row) for row in path["coefficients"]]
    assert norms == sorted(norms)
    assert path["features"][:4] == ["size", "noise", "weight", "weight_missing"]
    assert [fold["valid"]["rows"] for fold in out["folds.json"]] == [150, 150, 150]
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_two_runs_and_two_workers_agree_to_the_last_digit(toy_job: Callable[..., Job], tmp_path: Path) -> None:
    told: list[float] = []
    job = toy_job()
    first = read_all(run_stage("tune", job))
    study = tmp_path / "var" / "studies" / "toy.db"
    study.unlink()
    assert read_all(run_stage("tune", job)) == first

    study.unlink()
    two = job.settings.model_copy(update={"threads": 2})
    job = replace(job, settings=two, progress=lambda share, _: told.append(share))

    assert read_all(run_stage("tune", job)) == first
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_killed_then_run_again_gives_the_same(
    toy_job: Callable[..., Job], toy_spec: Callable[..., ProblemSpec], tmp_path: Path
) -> None:
    (tmp_path / "spec.json").write_text(toy_spec().model_dump_json())
    job = toy_job()
    slow = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path), "0.2"], cwd=Path.cwd(), stdout=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not _reached(tmp_path / "begun", "logistic_l2: trial 2") and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(slow.pid, signal.SIGKILL)
    slow.communicate(timeout=60)  # ends when nobody holds the output any more: the workers are gone as well
    assert not (job.folder("tune")).exists()

    resumed = read_all(run_stage("tune", job))
    (tmp_path / "var" / "studies" / "toy.db").unlink()
    assert read_all(run_stage("tune", job)) == resumed


def test_candidates_that_cannot_run_here_are_reported(toy_job: Callable[..., Job], toy_spec: Any) -> None:
    candidates = [candidate.model_dump() for candidate in toy_spec().candidates]
    absent = {"name": "absent", "estimator": "absent.Model", "family": "boosting", "needs": "no_such_package"}
    out = read_all(run_stage("tune", toy_job(candidates=[*candidates[:3], absent])))

    last = out["leaderboard.json"][-1]
    assert (last["candidate"], last["status"], last["mean"]) == (
        "absent",
        "skipped: no_such_package is not installed",
        None,
    )


def test_fast_is_smaller(toy_job: Callable[..., Job]) -> None:
    job = toy_job("fast", fast={"candidates": ["tree"], "rows": 300, "trials": 1})
    out = read_all(run_stage("tune", job))

    assert {row["candidate"] for row in out["leaderboard.json"]} == {"majority", "rate_by_town", "tree"}
    assert out["choice.json"]["candidate"] == "tree"
    assert out["groups.json"] == []
    assert sum(fold["valid"]["rows"] for fold in out["folds.json"]) == 200


def _reached(path: Path, words: str) -> bool:
    return path.exists() and words in path.read_text()
