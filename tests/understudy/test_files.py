"""Writes are whole or not at all: when the code fails, when the disk is full, when the process is killed."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.errors import MachineError
from understudy.files import read_json, replacing_folder, sha256_file, sha256_json, write_json, write_text

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
FULL = Path("/dev/full")
needs_full_disk = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def fill_until_full(folder: Path) -> None:
    write_text(folder / "part.txt", "written before the disk was full")
    (folder / "model.txt").symlink_to(FULL)
    (folder / "model.txt").write_bytes(b"x" * 100_000)


@contextmanager
def killed_child(code: str, folder: Path) -> Iterator[None]:
    """Run ``code`` until it prints a line, then ``kill -9`` it."""
    program = f"from pathlib import Path\nimport os, sys, time\nfolder = Path({str(folder)!r})\n{code}"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    yield


@settings(max_examples=25, deadline=None)
@given(VALUES)
def test_json_comes_back_as_it_went(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.mktemp("json") / "deep" / "value.json"
    assert read_json(write_json(path, value)) == value
    assert [file.name for file in path.parent.iterdir()] == ["value.json"]


def test_json_refuses_nan_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = write_json(tmp_path / "value.json", {"auc": 0.7})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"auc": float("nan")})
    assert read_json(path) == {"auc": 0.7}


def test_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "stage"
    for content in ("old", "new"):
        with replacing_folder(target) as fresh:
            assert list(fresh.iterdir()) == []
            (fresh / f"{content}.txt").write_text(content, encoding="utf-8")
    assert [path.name for path in tmp_path.rglob("*")] == ["stage", "new.txt"]


def test_failure_leaves_the_old_folder_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "stage"
    with replacing_folder(target) as fresh:
        write_text(fresh / "model.txt", "old")
    with pytest.raises(IsADirectoryError), replacing_folder(target) as fresh:
        write_text(fresh, "half")
    assert (target / "model.txt").read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["stage"]


@needs_full_disk
def test_full_disk_while_filling_a_folder(tmp_path: Path) -> None:
    target = tmp_path / "stage"
    with replacing_folder(target) as fresh:
        write_text(fresh / "model.txt", "old")
    with (
        pytest.raises(MachineError, match=r"No space left .* writing .*stage") as caught,
        replacing_folder(target) as fresh,
    ):
        fill_until_full(fresh)
    assert caught.value.fix == f"Free some space and run the same command again; {target} is as it was."
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["stage", "stage/model.txt"]
    assert (target / "model.txt").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_while_writing_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    path = write_text(tmp_path / "log.txt", "old")

    def half_then_full(self: Path, text: str, encoding: str) -> int:
        self.write_bytes(text.encode()[:3])
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", half_then_full)
        with pytest.raises(MachineError, match=r"log\.txt"):
            write_text(path, "a new content")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_other_failures_of_the_machine_are_not_called_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), replacing_folder(tmp_path / "stage"):
        raise PermissionError(errno.EACCES, "not yours")


def test_kill_while_filling_a_folder_keeps_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "stage"
    with replacing_folder(target) as fresh:
        write_text(fresh / "model.txt", "old")
    code = """
from understudy.files import replacing_folder
with replacing_folder(folder / "stage") as fresh:
    (fresh / "model.txt").write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""
    with killed_child(code, tmp_path):
        assert (target / "model.txt").read_text(encoding="utf-8") == "old"
    with replacing_folder(target) as fresh:
        assert list(fresh.iterdir()) == []
        write_text(fresh / "model.txt", "new")
    assert [path.name for path in tmp_path.rglob("*")] == ["stage", "model.txt"]


def test_kill_between_the_two_renames_is_undone_by_the_next_write(tmp_path: Path) -> None:
    code = """
from understudy import files
with files.replacing_folder(folder / "stage") as fresh:
    (fresh / "model.txt").write_text("old")
rename, calls = Path.rename, []
def rename_once(self, target):
    if calls:
        print("writing", flush=True)
        time.sleep(60)
    calls.append(rename(self, target))
Path.rename = rename_once
with files.replacing_folder(folder / "stage") as fresh:
    (fresh / "model.txt").write_text("new")
"""
    with killed_child(code, tmp_path):
        assert not (tmp_path / "stage").exists()
    with pytest.raises(KeyError), replacing_folder(tmp_path / "stage"):
        raise KeyError("even a failing write brings the old folder back")
    assert (tmp_path / "stage" / "model.txt").read_text(encoding="utf-8") == "old"


def test_kill_at_any_moment_leaves_whole_json(tmp_path: Path) -> None:
    write_json(tmp_path / "value.json", ["0"] * 20_000)
    code = """
from understudy.files import write_json
for number in range(10_000):
    write_json(folder / "value.json", [str(number)] * 20_000)
    if number == 3:
        print("writing", flush=True)
"""
    with killed_child(code, tmp_path):
        found = read_json(tmp_path / "value.json")
    assert len(found) == 20_000
    assert len(set(found)) == 1


def test_hashes_name_content(tmp_path: Path) -> None:
    path = write_text(tmp_path / "abc.txt", "abc")
    # FIPS 180-2, appendix B.1
    assert sha256_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_json({"b": 1, "a": [2.5, None]}) == sha256_json({"a": [2.5, None], "b": 1})
    assert sha256_json({"a": 1}) != sha256_json({"a": 2})
