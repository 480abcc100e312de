"""A bundle store with a sound bundle, and ways in which somebody could have got at it."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from small_serving import a_model

from understudy.adapters.bundle_folder import FolderBundles
from understudy.bundle.manifest import MANIFEST, MODEL, Manifest
from understudy.files import sha256_file
from understudy.records import Arm, Deployment, Shadow

MARKER = "somebody-was-here"


class Boobytrap:
    """Writes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return (Path.touch, (self.marker,))


class Corpus:
    """Publishes bundles of the toy problem, whole or altered."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.marker = folder, folder / MARKER
        self.store = FolderBundles(folder / "store")

    def sound(self, version: int, **changes: Any) -> str:
        """Publish a bundle and return its digest."""
        model = a_model(self.folder / "made", version, **changes)
        self.store.publish(model.bundle)
        return model.digest

    def altered(self, version: int, alter: Callable[[Path], None]) -> str:
        """Publish a bundle, then alter its files in the store."""
        digest = self.sound(version)
        alter(self.store.root / digest)
        return digest

    def retold(self, version: int, alter: Callable[[Path], None] = lambda _: None, **changes: Any) -> str:
        """Publish an altered bundle whose manifest says something else, and whose hashes are right all the same."""
        folder = self.store.root / self.altered(version, alter)
        values = json.loads((folder / MANIFEST).read_text()) | changes
        values["files"][MODEL] = {"sha256": sha256_file(folder / MODEL), "size": (folder / MODEL).stat().st_size}
        (folder / MANIFEST).write_text(json.dumps(values))
        renamed: str = Manifest.model_validate(values).digest
        shutil.move(folder, self.store.root / renamed)
        return renamed

    def pickled(self, path: Path) -> None:
        path.write_bytes(pickle.dumps(Boobytrap(self.marker)))


def revision(number: int, *arms: tuple[int, str], mode: Any = "", shadows: Any = (), **changes: Any) -> Deployment:
    """Revision of (version, digest) arms with equal shares, the champion first."""
    names = ("champion", "challenger", "challenger-2")
    return Deployment(
        problem="toy",
        revision=number,
        mode=mode or ("single" if len(arms) == 1 else "ab"),
        arms=tuple(
            Arm(name=name, version=version, digest=digest, weight=1 / len(arms))
            for name, (version, digest) in zip(names, arms, strict=False)
        ),
        shadows=tuple(Shadow(name=f"shadow-{v}", version=v, digest=digest) for v, digest in shadows),
        **{"change": "deploy", "who": "ann", "why": "a test", "at": "2026-11-22T12:00:00"} | changes,
    )
