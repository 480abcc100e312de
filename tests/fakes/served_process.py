"""A server in a process of its own, over real stores."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from served import Project

from understudy.adapters import open_deployment_log
from understudy.records import Deployment

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
FREE_PORTS = ("--port", "0", "--admin-port", "0")
MAIN = """
import sys
from cli.main import app
from cli.answer import answering
from cli.serve import serve
if "serve" not in [command.name for command in app.registered_commands]:
    app.command("serve")(answering(serve))
try:
    app()
finally:
    if len(sys.argv) > 1 and (target := __import__("os").environ.get("MODULES_AT_EXIT")):
        open(target, "w").write("\\n".join(sorted(sys.modules)))
"""


@dataclass
class Server:
    """A running server: its addresses, and what it has said."""

    process: "subprocess.Popen[str]"
    url: str = ""
    admin: str = ""
    said: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def terminate(self) -> int:
        """Send SIGTERM and wait for the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def deploy(project: Project, *deployments: Deployment) -> None:
    """Append to the project's real deployment log."""
    log = open_deployment_log(project.settings)
    for deployment in deployments or (project.deployment(),):
        log.append(deployment)
    log.close()


@contextmanager
def a_server(project: Project, *arguments: str, **variables: str) -> Iterator[Server]:
    """Run ``understudy serve`` on free ports until the block ends."""
    root = str(project.settings.root)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UNDERSTUDY_")}
    paths = os.pathsep.join((str(REPOSITORY), kept.get("PYTHONPATH", "")))
    stores = {"UNDERSTUDY_DATABASE": project.settings.database} if project.settings.database else {}
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "serve", "--problem", project.spec.name, *FREE_PORTS, *arguments],
        cwd=root, env={**kept, **stores, "UNDERSTUDY_ROOT": root, "PYTHONPATH": paths, **variables}, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    server = Server(process)
    try:
        _await_addresses(server)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
        if process.stderr is not None:
            process.stderr.close()


def _await_addresses(server: Server) -> None:
    stream = server.process.stderr
    assert stream is not None
    for line in stream:
        server.said.append(line)
        if found := re.search(r"at (http\S+) \(docs.*admin at (http[^)]+)\)", line):
            server.url, server.admin = found.groups()
            threading.Thread(target=lambda: server.said.extend(stream), daemon=True).start()
            return
    raise AssertionError("".join(server.said))
