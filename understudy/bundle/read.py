"""Opening a bundle: every byte is accounted for before anything of it is used."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from understudy.bundle.columns import tensors
from understudy.bundle.manifest import FILES, FORMAT, MANIFEST, MODEL, Manifest
from understudy.bundle.scorer import FloatArray, Scorer
from understudy.errors import BundleError
from understudy.files import sha256_file

LARGEST_MANIFEST = 16 * 2**20
FETCH = "Fetch it again from the registry, or build it anew with `understudy train`."


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. The model's bytes are those that were hashed, whatever happens to the file later."""

    folder: Path
    manifest: Manifest
    model: bytes = field(repr=False)

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        """Verify and open the bundle in ``folder``.

        Raises:
            BundleError: a file is missing, extra, a link, of the wrong size or content, or the manifest is not one.
        """
        present = _files(folder)
        manifest = _manifest(folder)
        if set(manifest.files) != FILES:
            names = sorted(set(manifest.files) ^ FILES)
            raise _refused(folder, f"its manifest must list exactly the files of a bundle, and differs in {names}")
        if missing := sorted(FILES - present):
            raise _refused(folder, f"{', '.join(missing)} is missing")
        for name in sorted(FILES - {MODEL}):
            _check(folder, name, manifest, (folder / name).stat().st_size, sha256_file(folder / name))
        model = (folder / MODEL).read_bytes()
        _check(folder, MODEL, manifest, len(model), hashlib.sha256(model).hexdigest())
        return cls(folder, manifest, model)

    @property
    def digest(self) -> str:
        """What names this bundle everywhere; see ``Manifest.digest``."""
        return self.manifest.digest

    @property
    def size(self) -> int:
        """Bytes of all files but the manifest."""
        return sum(entry.size for entry in self.manifest.files.values())

    @cached_property
    def scorer(self) -> Scorer:
        """The compiled model, made ready on first use.

        Raises:
            BundleError: the model cannot be run, or does not take and give what the manifest says.
        """
        return Scorer(self.model, self.manifest.inputs, name=self.manifest.problem)

    def score(self, numbers: FloatArray | None, categories: Any | None) -> FloatArray:
        """See ``Scorer.score``."""
        return self.scorer.score(numbers, categories)

    def score_columns(self, columns: Mapping[str, Sequence[Any]]) -> FloatArray:
        """Score rows given as columns of equal length, in any order; None, NaN and "" mean missing.

        Raises:
            BundleError: a column is missing, or holds what is not a number where one is due.
        """
        return self.scorer.score(*tensors(self.manifest.inputs, columns))


def _files(folder: Path) -> set[str]:
    if not folder.is_dir():
        raise BundleError(f"There is no bundle at {folder}.", "`understudy train` makes one.")
    with os.scandir(folder) as entries:
        plain = {entry.name: entry.is_file(follow_symlinks=False) for entry in entries}
    if odd := sorted(name for name in plain if not plain[name]):
        raise _refused(folder, f"{odd[0]} is not a plain file")
    names = set(plain)
    if extra := sorted(names - FILES - {MANIFEST}):
        raise _refused(folder, f"it holds files that do not belong to it: {', '.join(extra)}")
    if MANIFEST not in names:
        raise _refused(folder, f"{MANIFEST} is missing")
    return names


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if path.stat().st_size > LARGEST_MANIFEST:
        raise _refused(folder, f"{MANIFEST} is larger than {LARGEST_MANIFEST:,} bytes")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _refused(folder, f"{MANIFEST} is not JSON ({error})") from error
    if isinstance(values, dict) and values.get("format") != FORMAT:
        raise _refused(folder, f"its format is {values.get('format')!r}, and this version reads {FORMAT}")
    try:
        return Manifest.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise _refused(folder, f"{MANIFEST} does not describe a bundle: {where}: {first['msg']}") from error


def _check(folder: Path, name: str, manifest: Manifest, size: int, sha256: str) -> None:
    expected = manifest.files[name]
    if size != expected.size:
        raise _refused(folder, f"{name} has {size:,} bytes, and the manifest says {expected.size:,}")
    if sha256 != expected.sha256:
        raise _refused(folder, f"the content of {name} is not what the manifest says (SHA-256 differs)")


def _refused(folder: Path, reason: str) -> BundleError:
    return BundleError(f"The bundle at {folder} is refused: {reason}.", FETCH)
