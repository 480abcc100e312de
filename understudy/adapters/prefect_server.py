"""Prefect's API for the length of one run, with no server to set up."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, temporary_settings

from understudy.errors import MachineError
from understudy.files import NO_SPACE
from understudy.turn import turn

PATIENCE = 90.0
"""Seconds that the first start may take: it builds Prefect's database."""

ROOM = 5_000_000
"""Bytes without which Prefect's database cannot grow."""

PARTING = 5.0
"""Seconds that the last logs and events may take to arrive."""


@contextmanager
def prefect_api(home: Path) -> Iterator[None]:
    """Use the server that ``PREFECT_API_URL`` names; else run one in a thread of this process.

    Prefect's own temporary server is a child process, which a ``kill -9`` would leave running.

    Raises:
        MachineError: the server did not start; it says so where the disk is full.
    """
    if PREFECT_API_URL.value():
        yield
        return
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server, thread = _start(home, listener)
        try:
            with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{listener.getsockname()[1]}/api"}):
                yield
        finally:
            # Prefect sends logs and events from queues that would else wait for the server at exit, and retry.
            for queue in (APILogWorker, EventsWorker):
                queue.drain_all(timeout=PARTING)
            server.should_exit = True
            thread.join(timeout=PARTING)


def create_app(ephemeral: bool, final: bool) -> Any:
    """Return Prefect's own application. Its import takes seconds, which a run with a server elsewhere need not pay."""
    from prefect.server.api.server import create_app as create

    return create(ephemeral=ephemeral, final=final)


def _start(home: Path, listener: socket.socket) -> tuple[uvicorn.Server, threading.Thread]:
    try:
        server = uvicorn.Server(uvicorn.Config(create_app(ephemeral=True, final=True), log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True, name="prefect-api")
        with turn(home, "prefect-start", wait=True):
            thread.start()
            _await_start(server, thread, home)
    except OSError as error:
        if error.errno in NO_SPACE:
            raise _full(home) from error
        raise
    return server, thread


def _await_start(server: uvicorn.Server, thread: threading.Thread, home: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            if shutil.disk_usage(home).free < ROOM:
                raise _full(home)
            raise MachineError(
                "Prefect's server did not start.",
                "Delete the folder `prefect` below UNDERSTUDY_HOME (default: var) and run the same command again.",
            )
        time.sleep(0.02)


def _full(home: Path) -> MachineError:
    return MachineError(
        f"Prefect's server did not start: no space left on the disk of {home}.",
        "Free some space and run the same command again.",
    )
