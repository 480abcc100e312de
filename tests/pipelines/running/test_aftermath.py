"""What a killed run leaves in DVC's files is put right."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.running.aftermath import heal_lockfile, heal_rwlock, keeping_lockfile

pytestmark = pytest.mark.unit

OLD = "schema: '2.0'\nstages:\n  ingest@toy: {}\n"


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_rewrite_that_ends_leaves_no_copy(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text(OLD)
    with keeping_lockfile(tmp_path, tmp_path):
        assert (tmp_path / "dvc.lock.kept").read_text() == OLD
        (tmp_path / "dvc.lock").write_text("new")
    heal_lockfile(tmp_path, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["dvc.lock"]
    assert (tmp_path / "dvc.lock").read_text() == "new"


def test_a_rewrite_that_was_cut_short_is_undone(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text(OLD[:20])
    (tmp_path / "dvc.lock.kept").write_text(OLD)
    heal_lockfile(tmp_path, tmp_path)
    assert (tmp_path / "dvc.lock").read_text() == OLD
    assert not (tmp_path / "dvc.lock.kept").exists()


def test_the_first_write_has_nothing_to_keep(tmp_path: Path) -> None:
    with keeping_lockfile(tmp_path, tmp_path):
        (tmp_path / "dvc.lock").write_text(OLD)
    assert [path.name for path in tmp_path.iterdir()] == ["dvc.lock"]


def test_owners_that_live_stay_and_dead_ones_go(tmp_path: Path) -> None:
    parent, gone = {"pid": os.getppid(), "cmd": "repro"}, {"pid": dead_pid(), "cmd": "repro"}
    path = tmp_path / "rwlock"
    path.write_text(json.dumps({"write": {"a": parent, "b": gone}, "read": {"c": [gone], "d": [parent, gone]}}))
    heal_rwlock(tmp_path)
    assert json.loads(path.read_text()) == {"write": {"a": parent}, "read": {"d": [parent]}}


def test_a_process_younger_than_its_entry_only_got_its_number(tmp_path: Path) -> None:
    path = tmp_path / "rwlock"
    path.write_text(json.dumps({"write": {"a": {"pid": os.getppid(), "cmd": "repro"}}}))
    os.utime(path, (1_000_000_000, 1_000_000_000))
    heal_rwlock(tmp_path)
    assert json.loads(path.read_text()) == {}


@pytest.mark.parametrize("text", ["", '{"write": {"a"', "[]", '{"write": {"a": {}}}', '{"write": {"a": {"pid": "x"}}}'])
def test_what_cannot_be_read_goes_as_a_whole(tmp_path: Path, text: str) -> None:
    (tmp_path / "rwlock").write_text(text)
    heal_rwlock(tmp_path)
    assert not (tmp_path / "rwlock").exists()


def test_no_file_is_no_matter(tmp_path: Path) -> None:
    heal_rwlock(tmp_path)
    heal_lockfile(tmp_path, tmp_path)
    assert list(tmp_path.iterdir()) == []
