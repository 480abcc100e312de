"""Writing so that a reader sees the old content or the new, never half of either."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from understudy.errors import MachineError

NO_SPACE = 28


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder beside ``target`` to fill; it takes ``target``'s place on success.

    On failure ``target`` stays as it was and the new folder is removed.

    Raises:
        MachineError: the disk is full.
    """
    fresh = target.with_name(f".{target.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        yield fresh
        _swap(fresh, target)
    except OSError as error:
        if error.errno == NO_SPACE:
            raise MachineError(
                f"No space left on the disk while writing {target}.",
                "Free some space and run the same command again; nothing was changed.",
            ) from error
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(fresh: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> Path:
    """Write ``text`` aside, then rename it to ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
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
