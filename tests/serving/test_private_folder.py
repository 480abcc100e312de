"""Nobody else looks in, and nothing stays behind for long."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from serving.private_folder import PrivateFolder

pytestmark = pytest.mark.integration

HOLD = """
import sys, time
from pathlib import Path
from serving.private_folder import PrivateFolder
folder = PrivateFolder(Path(sys.argv[1]))
print(folder.path, flush=True)
time.sleep(60)
"""


def test_it_is_its_owners_alone_and_goes_at_the_end(tmp_path: Path) -> None:
    folder = PrivateFolder(tmp_path / "serving")
    assert not (tmp_path / "serving").exists()
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert folder.new("abc") != folder.new("abc")
    assert not folder.new("abc").exists()
    folder.close()
    assert list((tmp_path / "serving").iterdir()) == []


def test_what_a_killed_server_left_goes_and_a_living_ones_stays(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        (theirs / "bundle").mkdir()
        (tmp_path / "server-link").symlink_to(theirs)
        first = PrivateFolder(tmp_path)
        assert first.path != theirs
        assert theirs.is_dir()
        os.kill(other.pid, signal.SIGKILL)
    second = PrivateFolder(tmp_path)
    assert second.path != first.path
    assert not theirs.exists()
    assert first.path.is_dir()
    first.close()
    second.close()
