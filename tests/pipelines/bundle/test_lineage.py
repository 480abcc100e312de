"""Lineage: what a bundle comes from."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from stage_folders import write_stages

from pipelines.bundle import lineage
from pipelines.bundle.lineage import config_hash, environment_lock, git_state, trace
from pipelines.job import Job
from understudy.files import sha256_file
from understudy.problem import Candidate, ProblemSpec

pytestmark = pytest.mark.integration

LOGISTIC = Candidate(name="logistic", estimator="sklearn.linear_model.LogisticRegression", family="linear", impute=True)


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
    assert config_hash(toy_spec(monitoring={"window": "1d"})) == base
    assert config_hash(toy_spec(costs={"false_negative": 9.0})) != base


@pytest.mark.parametrize(
    ("present", "lock"), [((), "all.lock"), (("lightgbm",), "boosters.lock"), (lineage.BOOSTERS, "boosters.lock")]
)
def test_the_lock_is_that_of_the_environment_at_hand(
    monkeypatch: pytest.MonkeyPatch, present: tuple[str, ...], lock: str
) -> None:
    monkeypatch.setattr(lineage, "find_spec", lambda name: object() if name in present else None)
    assert environment_lock() == Path("requirements") / lock


def test_the_boosters_are_what_one_lock_has_and_the_other_lacks() -> None:
    root = Path(__file__).resolve().parents[3]
    pins = {
        name: set(re.findall(r"^([a-z0-9-]+)==", (root / "requirements" / name).read_text(), flags=re.MULTILINE))
        for name in ("all.lock", "boosters.lock")
    }
    assert set(lineage.BOOSTERS) <= pins["boosters.lock"] - pins["all.lock"]


def test_each_environment_has_a_lock_hash_of_its_own(
    toy_job: Callable[..., Job], toy_table: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = toy_job()
    write_stages(job, toy_table, LOGISTIC)
    folder = job.settings.root / "requirements"
    folder.mkdir()
    found = []
    for name, present in (("all.lock", None), ("boosters.lock", object())):
        (folder / name).write_text(f"the pins of {name}\n")
        monkeypatch.setattr(lineage, "find_spec", lambda _, present=present: present)
        found.append(trace(job).lock_hash)
    assert found == [sha256_file(folder / "all.lock"), sha256_file(folder / "boosters.lock")]


def test_lock_and_search_are_hashed(toy_job: Callable[..., Job], toy_table: pa.Table) -> None:
    job = toy_job()
    write_stages(job, toy_table, LOGISTIC)
    assert trace(job).lock_hash == ""
    lock = job.settings.root / environment_lock()
    lock.parent.mkdir()
    lock.write_text("numpy==2.4.6\n")
    before = trace(job)
    assert before.lock_hash == sha256_file(lock)
    job.input("tune", "choice.json").write_text('{"candidate": "another"}')
    assert trace(job).study != before.study
