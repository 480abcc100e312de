"""Lineage: what a bundle comes from."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from stage_folders import write_stages

from pipelines.bundle.lineage import config_hash, git_state, trace
from pipelines.job import Job
from understudy.files import sha256_file
from understudy.problem import Candidate, ProblemSpec

pytestmark = pytest.mark.integration


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def test_commit_and_dirt(tmp_path: Path) -> None:
    assert git_state(tmp_path / "nowhere") == ("", False)
    git(tmp_path, "init")
    (tmp_path / "kept.txt").write_text("a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    commit, dirty = git_state(tmp_path)
    assert (len(commit), dirty) == (40, False)
    (tmp_path / "loose.txt").write_text("not tracked")
    assert git_state(tmp_path) == (commit, False)
    (tmp_path / "kept.txt").write_text("b")
    assert git_state(tmp_path) == (commit, True)


def test_only_settings_that_matter_change_the_hash(toy_spec: Callable[..., ProblemSpec]) -> None:
    base = config_hash(toy_spec())
    assert config_hash(toy_spec(fast={"trials": 9})) == base
    assert config_hash(toy_spec(costs={"false_negative": 9.0})) != base


def test_lock_and_search_are_hashed(toy_job: Callable[..., Job], toy_table: pa.Table) -> None:
    job = toy_job()
    logistic = Candidate(
        name="logistic", estimator="sklearn.linear_model.LogisticRegression", family="linear", impute=True
    )
    write_stages(job, toy_table, logistic)
    assert trace(job).lock_hash == ""
    lock = job.settings.root / "requirements" / "all.lock"
    lock.parent.mkdir()
    lock.write_text("numpy==2.4.6\n")
    before = trace(job)
    assert before.lock_hash == sha256_file(lock)
    job.input("tune", "choice.json").write_text('{"candidate": "another"}')
    assert trace(job).study != before.study
