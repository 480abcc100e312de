"""A folder that one server has to itself, for as long as its process lives."""

import fcntl
import os
import shutil
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp

PREFIX = "server-"


class PrivateFolder:
    """Made on first use, for the owner alone (0700). What servers that were killed left behind goes at that time."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._lock: int | None = None

    @cached_property
    def path(self) -> Path:
        """The folder, which is there from now on."""
        self._parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        starting = os.open(self._parent, os.O_RDONLY)
        try:
            # One server at a time, so that nobody sweeps a folder between its making and its locking.
            fcntl.flock(starting, fcntl.LOCK_EX)
            _sweep(self._parent)
            path = Path(mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=self._parent))
            # The kernel drops the lock with the process, however it ends; the number in the name may be another's soon.
            self._lock = os.open(path, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        finally:
            os.close(starting)
        return path

    def new(self, name: str) -> Path:
        """A path below it that does not exist yet."""
        return Path(mkdtemp(prefix=f"{name}-", dir=self.path)) / "bundle"

    def close(self) -> None:
        """Remove it with everything in it, if it was ever made."""
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = None


def _sweep(parent: Path) -> None:
    for left in parent.glob(f"{PREFIX}*"):
        try:
            lock = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)
