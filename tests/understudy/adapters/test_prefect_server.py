"""Prefect's server that does not start says why."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

# In a process of its own: Prefect's types make SQLAlchemy warn in whoever uses it later.
PROGRAM = """
import errno, json, shutil, sys
from pathlib import Path
from types import SimpleNamespace
from understudy.adapters import prefect_server as server
from understudy.errors import MachineError

class Stillborn:
    started = False
    def run(self, sockets): ...

def full(**given):
    raise OSError(errno.ENOSPC, "No space left on device")

server.PREFECT_API_URL = SimpleNamespace(value=lambda: None)
server.uvicorn = SimpleNamespace(Server=lambda config: Stillborn(), Config=lambda app, log_level: None)
said = []
for free, create in ((1000, lambda **given: None), (10**9, lambda **given: None), (10**9, full)):
    shutil.disk_usage = lambda path, free=free: SimpleNamespace(free=free)
    server.create_app = create
    try:
        with server.prefect_api(Path(sys.argv[1])):
            pass
    except MachineError as error:
        said.append([error.what, error.fix])
print(json.dumps(said))
"""


def test_a_full_disk_is_not_blamed_on_prefects_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    no_room, with_room, failed_write = json.loads(done.stdout.splitlines()[-1])
    assert no_room == failed_write
    assert no_room[0] == f"Prefect's server did not start: no space left on the disk of {tmp_path}."
    assert no_room[1].startswith("Free some space")
    assert with_room[1].startswith("Delete the folder `prefect`")
