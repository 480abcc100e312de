"""A bundle that is one digest."""

from dataclasses import dataclass
from pathlib import Path

from understudy.errors import BundleError


@dataclass(frozen=True)
class Bundle:
    folder: Path
    digest: str

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        if not (folder / "digest.txt").exists():
            raise BundleError(f"{folder} holds no bundle.", "Run `understudy train`.")
        return cls(folder, (folder / "digest.txt").read_text())
