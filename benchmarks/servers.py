"""Servers to measure: each a process tied to one core, with stores of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

READY = 120.0
"""Seconds that a server may take to answer."""


@dataclass(frozen=True)
class Server:
    """One running server."""

    url: str
    pid: int
    ready_seconds: float

    @property
    def memory_mib(self) -> float:
        """Resident memory of the process and its children."""
        process = psutil.Process(self.pid)
        return float(sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])) / 2**20


@contextmanager
def serving(
    command: list[str], port: int, health: str, core: int | None, cwd: Path, environment: Mapping[str, str]
) -> Iterator[Server]:
    """Start a server on a core of its own, give it once it answers, and end it by its own id."""

    def tie() -> None:
        if core is not None:
            os.sched_setaffinity(0, {core})

    log = cwd / f"server-{port}.log"
    began = time.monotonic()
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603
            command, cwd=cwd, env=_with_scripts(environment), stdout=output, stderr=output, preexec_fn=tie
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(process, url + health, log)
            yield Server(url, process.pid, time.monotonic() - began)
        finally:
            for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else ():
                child.terminate()
            process.terminate()
            process.wait(60)


def free_port() -> int:
    """A port of loopback that nobody holds now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def script(name: str) -> str:
    """A console script of this environment."""
    return str(Path(sys.executable).with_name(name))


def _with_scripts(environment: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with more in it, and its console scripts on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, **environment}


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urlopen(url, timeout=1) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.02)
    raise SystemExit(f"No answer from {url}:\n{log.read_text(errors='replace')[-3000:]}")
