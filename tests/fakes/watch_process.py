"""``understudy watch`` in a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from served import Project
from served_process import PATIENCE, REPOSITORY


@dataclass
class WatchProcess:
    """A running watch."""

    process: "subprocess.Popen[str]"
    url: str = ""
    said: list[str] = field(default_factory=list)

    def end(self) -> dict[str, Any]:
        """Send SIGTERM, and give what it says of itself in JSON."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=PATIENCE)
        self.said.append(err)
        assert self.process.returncode == 0, err
        found: dict[str, Any] = json.loads(out)
        return found


@contextmanager
def a_watch(project: Project, *arguments: str) -> Iterator[WatchProcess]:
    """Run it on a free port until the block ends."""
    root = str(project.settings.root)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UNDERSTUDY_")}
    paths = os.pathsep.join((str(REPOSITORY), kept.get("PYTHONPATH", "")))
    stores = {"UNDERSTUDY_DATABASE": project.settings.database} if project.settings.database else {}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "watch", "--problem", "toy", "--port", "0", "--json", *arguments],
        cwd=root, env={**kept, **stores, "UNDERSTUDY_ROOT": root, "PYTHONPATH": paths}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    running = WatchProcess(process)
    try:
        _await_address(running)
        yield running
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _await_address(running: WatchProcess) -> None:
    assert running.process.stderr is not None
    for line in running.process.stderr:
        running.said.append(line)
        if found := re.search(r"gauges at (http\S+)/metrics", line):
            running.url = found[1]
            return
    raise AssertionError("".join(running.said))
