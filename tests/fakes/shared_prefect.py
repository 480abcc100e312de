"""Prefect for many tests: a database that is built once, and a server that many runs use."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# In a process of its own: Prefect's types make SQLAlchemy warn in whoever uses it later.
PROGRAM = """
import sys
from cli.environment import prepare

settings = prepare()

from prefect.settings import PREFECT_API_URL
from understudy.adapters.prefect_server import prefect_api

with prefect_api(settings.home):
    sys.stdout.write(PREFECT_API_URL.value() + "\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


@contextmanager
def prefect_server(home: Path) -> Iterator[str]:
    """Yield the address of a server with its database in ``home/prefect``; it ends with this process at the latest."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UNDERSTUDY_", "PREFECT_"))}
    own = {"UNDERSTUDY_ROOT": str(ROOT), "UNDERSTUDY_HOME": str(home), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=kept | own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address, "Prefect's server did not start"
        yield address
