import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from pipelines.ingest.file import read_file, reading_note
from understudy.errors import DataError

pytestmark = pytest.mark.unit

ROWS = {"id": ["1", "2"], "town": ["Ulm", None], "note": ["a,b", "two\nlines"]}
TEXT = 'id,town,note\n1,Ulm,"a,b"\n2,NA,"two\nlines"\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.csv", TEXT.encode()),
        ("rows.csv", b"\xef\xbb\xbf" + TEXT.encode()),
        ("rows.csv", TEXT.replace("\n", "\r\n").replace("two\r\n", "two\n").encode()),
        ("rows.csv.gz", gzip.compress(TEXT.encode(), mtime=0)),
        ("rows.tsv", b'id\ttown\tnote\n1\tUlm\ta,b\n2\t\t"two\nlines"\n'),
        ("rows.csv", b'id;town;note\n1;Ulm;"a,b"\n2;;"two\nlines"\n'),
        ("rows.csv", TEXT.encode("utf-16")),
    ],
)
def test_delimited_text_comes_as_text(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert read_file(tmp_path / name).to_pydict() == ROWS


def test_text_of_an_old_spreadsheet_is_read(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes("größe;ort;preis\n1,5;Köln;1,20\n2;Ulm;0,5\n".encode("cp1252"))
    assert read_file(tmp_path / "rows.csv").to_pydict() == {
        "größe": ["1.5", "2"],
        "ort": ["Köln", "Ulm"],
        "preis": ["1.20", "0.5"],
    }
    assert reading_note(read_file(tmp_path / "rows.csv"), "rows.csv") == [
        "rows.csv is not in UTF-8; it was read as Windows-1252 (Latin-1). Look at its accents, or save it as UTF-8."
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_letters_that_leave_no_doubt_need_no_note(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "rows.csv").write_bytes("ort;preis\nKöln;1\n".encode(encoding))
    assert reading_note(read_file(tmp_path / "rows.csv"), "rows.csv") == []


def test_parquet_comes_as_it_is(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2], "b": [0.5, None]})
    pq.write_table(table, tmp_path / "rows.parquet")
    assert read_file(tmp_path / "rows.parquet").equals(table)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"rows\.csv does not exist") as caught:
        read_file(tmp_path / "rows.csv")
    assert "source.path" in caught.value.fix


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(DataError, match=f"{name} is empty"):
        read_file(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.parquet", b"PAR1 but not really PAR1"),
        ("rows.csv", b"a,b\n1,2\n3\n"),
        ("rows.csv", b"a,b\n1,\x81\xff\n"),
        ("rows.csv.gz", gzip.compress(b"a,b\n1,2\n" * 5000, mtime=0)[:60]),
        ("rows.csv.gz", b"this is not gzip"),
    ],
)
def test_damaged_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} cannot be read") as caught:
        read_file(tmp_path / name)
    assert "again" in caught.value.fix


def test_parquet_is_mended_as_parquet(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 but not really PAR1")
    with pytest.raises(DataError) as caught:
        read_file(tmp_path / "rows.parquet")
    assert "as Parquet again" in caught.value.fix
    assert "header" not in caught.value.fix
    assert ".." not in caught.value.what


def test_a_parquet_file_by_another_name_is_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "rows.csv")
    with pytest.raises(DataError, match=r"rows\.csv is not text: it is a Parquet file") as caught:
        read_file(tmp_path / "rows.csv")
    assert caught.value.fix == "Let its name end in .parquet."


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"PK\x03\x04\x14", "it is a workbook or another zip archive"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "it is compressed by gzip"),
        (b"SQLite format 3\x00", "it is a SQLite database"),
        (b"a,b\n\x00\x01", r"rows\.csv is not text\. "),
    ],
)
def test_binary_content_is_not_called_ragged(tmp_path: Path, start: bytes, message: str) -> None:
    (tmp_path / "rows.csv").write_bytes(start)
    with pytest.raises(DataError, match=message):
        read_file(tmp_path / "rows.csv")


def test_folder_is_named_as_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        read_file(tmp_path)


def test_truncated_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"a": list(range(1000))}), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"rows\.parquet cannot be read"):
        read_file(path)


def test_parquet_damaged_inside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"a": [f"word {i}" for i in range(5000)]}), path)
    content = bytearray(path.read_bytes())
    content[4:2000] = b"\x00" * 1996
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"rows\.parquet cannot be read"):
        read_file(path)


def test_column_named_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b,a\n1,2,3\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"names these columns twice: a"):
        read_file(tmp_path / "rows.csv")
