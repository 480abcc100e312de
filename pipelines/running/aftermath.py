"""What a killed run leaves behind in DVC's files, and how it is put right.

DVC's own lock is released by the kernel, but its list of readers and writers and ``dvc.lock`` are
rewritten in place: a kill can leave half of either, or an entry whose process id was since reused.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from understudy.files import write_text


def heal_lockfile(root: Path, tmp: Path) -> None:
    """Put back ``dvc.lock`` as it was before a rewrite that did not end.

    It costs at most the entry of the stage that was being recorded, which runs again.
    """
    kept = tmp / "dvc.lock.kept"
    if kept.exists():
        write_text(root / "dvc.lock", kept.read_text(encoding="utf-8"))
        kept.unlink()


@contextmanager
def keeping_lockfile(root: Path, tmp: Path) -> Iterator[None]:
    """Keep a copy of ``dvc.lock`` in ``tmp`` while DVC rewrites it in place."""
    lockfile, kept = root / "dvc.lock", tmp / "dvc.lock.kept"
    if lockfile.exists():
        write_text(kept, lockfile.read_text(encoding="utf-8"))
    yield
    kept.unlink(missing_ok=True)


def heal_rwlock(tmp: Path) -> None:
    """Drop the entries of ``tmp/rwlock`` whose processes are gone; an unreadable file goes as a whole."""
    path = tmp / "rwlock"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        written = path.stat().st_mtime
        kept = {
            "read": {
                key: alive
                for key, owners in entries.get("read", {}).items()
                if (alive := [o for o in owners if _owns(o, written)])
            },
            "write": {key: owner for key, owner in entries.get("write", {}).items() if _owns(owner, written)},
        }
    except FileNotFoundError:
        return
    except (ValueError, AttributeError, TypeError, KeyError):
        path.unlink(missing_ok=True)
        return
    if kept != entries:
        write_text(path, json.dumps({mode: owners for mode, owners in kept.items() if owners}))


def _owns(owner: Any, written: float) -> bool:
    """Whether the entry's process is alive and older than the entry: a younger one only got its number."""
    pid = int(owner["pid"])
    if pid == os.getpid():
        return False
    try:
        return bool(psutil.Process(pid).create_time() <= written)
    except psutil.Error:
        return False
