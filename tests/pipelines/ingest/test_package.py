"""Data packages are made here as folders on the path with their metadata; none is imported."""

import sys
from pathlib import Path

import pytest

from pipelines.ingest.package import locate
from understudy.errors import DataError
from understudy.files import sha256_file
from understudy.problem.source import DataFile, DataPackage

pytestmark = pytest.mark.unit


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataPackage:
    folder = tmp_path / "carried_rows"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('this package must not be imported')\n", encoding="utf-8")
    (folder / "data" / "rows.csv").write_text("a\n1\n", encoding="utf-8")
    info = tmp_path / "carried_rows-1.2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: carried-rows\nVersion: 1.2.0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    digest = sha256_file(folder / "data" / "rows.csv")
    return DataPackage(
        name="carried-rows", version="1.2.0", files={"rows": DataFile(path="data/rows.csv", sha256=digest)}
    )


def test_files_are_found_without_importing(package: DataPackage, tmp_path: Path) -> None:
    assert locate(package) == {"rows": tmp_path / "carried_rows" / "data" / "rows.csv"}
    assert "carried_rows" not in sys.modules


def test_missing_package_names_the_install(package: DataPackage) -> None:
    absent = package.model_copy(update={"name": "nobody-has-this"})
    with pytest.raises(DataError, match="nobody-has-this is not installed") as caught:
        locate(absent)
    assert "make data" in caught.value.fix
    assert "pip install --force-reinstall --no-deps nobody-has-this==1.2.0" in caught.value.fix


def test_a_folder_of_that_name_without_metadata_is_not_installed(package: DataPackage, tmp_path: Path) -> None:
    (tmp_path / "carried_rows-1.2.0.dist-info" / "METADATA").unlink()
    (tmp_path / "carried_rows-1.2.0.dist-info").rmdir()
    with pytest.raises(DataError, match="carried-rows is not installed"):
        locate(package)


def test_wrong_version_names_both(package: DataPackage) -> None:
    with pytest.raises(DataError, match=r"carried-rows is version 1\.2\.0; the problem pins 2\.0\.0"):
        locate(package.model_copy(update={"version": "2.0.0"}))


def test_altered_file_shows_both_hashes(package: DataPackage, tmp_path: Path) -> None:
    path = tmp_path / "carried_rows" / "data" / "rows.csv"
    path.write_text("a\n2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"carried-rows/data/rows\.csv is not the file") as caught:
        locate(package)
    assert sha256_file(path)[:12] in caught.value.what
    assert package.files["rows"].sha256[:12] in caught.value.what


def test_missing_file_is_named(package: DataPackage, tmp_path: Path) -> None:
    (tmp_path / "carried_rows" / "data" / "rows.csv").unlink()
    with pytest.raises(DataError, match=r"lacks the file carried-rows/data/rows\.csv"):
        locate(package)
