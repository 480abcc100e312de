"""A folder that one server has to itself, for as long as its process lives."""

import fcntl
import os
import shutil
from pathlib import Path
from tempfile import mkdtemp

PREFIX = "server-"


class PrivateFolder:
    """Made for the owner alone (0700). What servers that were killed left behind goes when the next one starts."""

    def __init__(self, parent: Path) -> None:
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep(parent)
        self.path = Path(mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
        # The kernel drops the lock with the process, however it ends; the number in the name may belong to another.
        self._lock = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def new(self, name: str) -> Path:
        """A path below it that does not exist yet."""
        return Path(mkdtemp(prefix=f"{name}-", dir=self.path)) / "bundle"

    def close(self) -> None:
        """Remove it with everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


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
