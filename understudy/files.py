"""Writing so that a reader sees the old content or the new, never half of either."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from understudy.errors import MachineError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder beside ``target`` to fill; it takes ``target``'s place on success.

    On failure ``target`` stays as it was and the new folder is removed.

    Raises:
        MachineError: the disk is full.
    """
    fresh = target.with_name(f".{target.name}.partial")
    _restore(target)
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        with naming_a_full_disk(target):
            fresh.mkdir(parents=True)
            yield fresh
            _swap(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(fresh: Path, target: Path) -> None:
    old = _old(target)
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        _restore(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _restore(target: Path) -> None:
    """Undo a swap that failed or was killed between its two renames."""
    if not target.exists() and _old(target).exists():
        _old(target).rename(target)


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


@contextmanager
def naming_a_full_disk(target: Path) -> Iterator[None]:
    """Say which file or folder did not fit.

    Raises:
        MachineError: the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise MachineError(
                f"No space left on the disk while writing {target}.",
                f"Free some space and run the same command again; {target} is as it was.",
            ) from error
        raise


def write_text(path: Path, text: str) -> Path:
    """Write ``text`` aside, then rename it to ``path``.

    Raises:
        MachineError: the disk is full.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with naming_a_full_disk(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(text, encoding="utf-8")
            aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def write_json(path: Path, value: Any) -> Path:
    """Write ``value`` as sorted, indented JSON; NaN is refused."""
    return write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False, default=str) + "\n")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """Hex SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()
