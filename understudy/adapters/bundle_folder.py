"""Bundles by digest in a folder that servers can read."""

import os
import re
import shutil
from pathlib import Path
from uuid import uuid4

from understudy.adapters.failure import disk_is_full, reason
from understudy.bundle import FILES, MANIFEST, Bundle
from understudy.errors import BundleError, StoreError, UnderstudyError

LARGEST = 2 * 2**30
"""Bytes of all files together that are fetched; more is refused before it fills the server's disk."""
PIECE = 2**20
DIGEST = re.compile("[0-9a-f]{64}")


class FolderBundles:
    """Implements ``understudy.ports.BundleStore``: ``<root>/<digest>/``, each put in place whole."""

    def __init__(self, root: Path, largest: int = LARGEST) -> None:
        self.root, self.largest = root, largest

    def publish(self, bundle: Bundle) -> None:
        target = self.root / bundle.digest
        if target.is_dir():
            return
        aside = self.root / f".{bundle.digest}.{uuid4().hex}.partial"
        try:
            aside.mkdir(parents=True)
            for name in sorted({*FILES, MANIFEST}):
                _copy(bundle.folder / name, aside / name, self.largest)
            if Bundle.load(aside).digest != bundle.digest:
                raise BundleError(f"The bundle at {bundle.folder} changed while it was read.", "Publish it again.")
            _sync(aside)
            if not _placed(aside, target):
                return
            _sync(self.root)
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def fetch(self, digest: str, into: Path) -> Path:
        source = self.root / digest
        if not DIGEST.fullmatch(digest) or source.is_symlink() or not source.is_dir():
            raise BundleError(
                f"The bundle store at {self.root} has no bundle {digest[:64]}.",
                "Deploy the version again: that publishes its bundle.",
            )
        aside = into.with_name(f".{into.name}.{uuid4().hex}.partial")
        try:
            aside.mkdir(parents=True)
            self._copy_all(source, aside)
            aside.rename(into)
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return into

    def _copy_all(self, source: Path, aside: Path) -> None:
        left = self.largest
        with os.scandir(source) as entries:
            for entry in entries:
                if not entry.is_file(follow_symlinks=False):
                    raise BundleError(
                        f"{entry.path} is not a plain file.", "Publish the bundle again, from a clean copy."
                    )
                left -= _copy(Path(entry.path), aside / entry.name, left)

    def _unusable(self, error: OSError) -> UnderstudyError:
        if disk_is_full(error):
            return StoreError(f"No space left on the disk for a bundle of {self.root}.", "Free some space.")
        return StoreError(
            f"The bundle store at {self.root} cannot be used: {reason(error)}", "Check UNDERSTUDY_BUNDLES."
        )


def _copy(source: Path, target: Path, most: int) -> int:
    """Copy a plain file to the disk and return its size; a link in its place is not followed."""
    size = 0
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    with open(descriptor, "rb") as reading, target.open("xb") as writing:  # noqa: PTH123
        while piece := reading.read(PIECE):
            size += len(piece)
            if size > most:
                raise BundleError(
                    f"The bundle at {source.parent} is larger than allowed.", "Remove what is not its own."
                )
            writing.write(piece)
        writing.flush()
        os.fsync(writing.fileno())
    return size


def _placed(aside: Path, target: Path) -> bool:
    """Put it in place, unless another process was quicker."""
    try:
        aside.rename(target)
    except OSError:
        if target.is_dir():
            return False
        raise
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
