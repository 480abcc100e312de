"""One run of a problem at a time, whatever became of the one before."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from understudy.errors import MachineError
from understudy.turn import turn

pytestmark = pytest.mark.unit

HOLDER = """
import sys, time, pathlib
from understudy.turn import turn
with turn(pathlib.Path(sys.argv[1]), "toy"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    busy = pytest.raises(MachineError, match=f"run of toy is under way .process {os.getpid()}")
    with turn(tmp_path, "toy"), busy, turn(tmp_path, "toy"):
        pass


def test_other_problems_and_later_runs_are_free(tmp_path: Path) -> None:
    with turn(tmp_path, "toy"), turn(tmp_path, "other"):
        assert (tmp_path / "locks" / "toy.lock").read_text() == str(os.getpid())
    with turn(tmp_path, "toy"):
        assert (tmp_path / "locks" / "toy.lock").read_text() == str(os.getpid())


def test_a_killed_holder_blocks_nobody(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(MachineError, match=str(holder.pid)), turn(tmp_path, "toy"):
            pass
        holder.send_signal(signal.SIGKILL)
    with turn(tmp_path, "toy"):
        assert (tmp_path / "locks" / "toy.lock").read_text() == str(os.getpid())
