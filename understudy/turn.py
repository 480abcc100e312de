"""One run of a problem at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from understudy.errors import MachineError


@contextmanager
def turn(home: Path, name: str, wait: bool = False) -> Iterator[None]:
    """Hold the place called ``name`` in ``home/locks``; the kernel frees it when the process ends, however it ends.

    Raises:
        MachineError: another process holds it, and ``wait`` is false.
    """
    path = home / "locks" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            stream.seek(0)
            raise MachineError(
                f"Another run of {name} is under way (process {stream.read().strip() or 'unknown'}).",
                "Wait until it ends, or stop it; then run the same command again.",
            ) from error
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield
