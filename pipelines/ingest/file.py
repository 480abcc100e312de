"""Reading one CSV or Parquet file that someone brings."""

import codecs
import csv as header_csv
from pathlib import Path

import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import csv
from pyarrow import parquet as pq

from understudy.errors import DataError

MISSING = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "None", "NaT", "?"]
DELIMITERS = (",", ";", "\t", "|")
LATIN = "cp1252"
ENCODING = b"encoding"
"""Under this name a table's metadata keeps how its text was read, where that was a guess."""
BINARY = {
    b"PAR1": ("a Parquet file", "Let its name end in .parquet."),
    b"PK\x03\x04": ("a workbook or another zip archive", "Save its sheet as CSV in UTF-8."),
    b"\xd0\xcf\x11\xe0": ("a workbook of an old Excel", "Save its sheet as CSV in UTF-8."),
    b"\x1f\x8b": ("compressed by gzip", "Let its name end in .csv.gz."),
    b"SQLite": ("a SQLite database", "Export the table as CSV in UTF-8."),
    b"%PDF": ("a PDF", "Export the table as CSV in UTF-8."),
}
"""What a file is whose first bytes are these, and what to do with it."""
DECIMAL_COMMA = r"^\s*-?\d+(,\d+)?\s*$"


def read_file(path: Path) -> pa.Table:
    """Read ``path`` by its ending: ``.parquet``, else delimited text (``.csv``, ``.tsv``, also ``.gz``).

    Delimited values all come as text: what they mean is for the declared kinds to say, not for a guess.

    Raises:
        DataError: the file is missing, empty or damaged.
    """
    if path.is_dir():
        raise DataError(
            f"The data file {path} is a folder.", "Let source.path in the problem's YAML name a file in it."
        )
    if not path.is_file():
        raise DataError(f"The data file {path} does not exist.", "Correct source.path in the problem's YAML.")
    if path.stat().st_size == 0:
        raise DataError(f"The data file {path.name} is empty.", "Export it again, with a header and rows.")
    is_parquet = path.suffix in (".parquet", ".pq")
    try:
        return pq.read_table(path) if is_parquet else _read_text(path)
    except (pa.ArrowInvalid, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        why = str(error).strip().rstrip(".")
        raise DataError(f"The data file {path.name} cannot be read: {why}.", _fix(error, is_parquet)) from error


def reading_note(table: pa.Table, file: str) -> list[str]:
    """What to know of how a table was read: a sentence where its letters were guessed, else nothing."""
    if (table.schema.metadata or {}).get(ENCODING) != LATIN.encode():
        return []
    return [f"{file} is not in UTF-8; it was read as Windows-1252 (Latin-1). Look at its accents, or save it as UTF-8."]


def _fix(error: Exception, is_parquet: bool) -> str:
    if is_parquet:
        return "It is no whole Parquet file: export it as Parquet again, or copy it again."
    if isinstance(error, UnicodeDecodeError):
        return "Export it again as text in UTF-8."
    if isinstance(error, OSError):
        return "Export or copy it again."
    return "Export it again, each row as long as the header."


def _read_text(path: Path) -> pa.Table:
    encoding = _encoding(path)
    delimiter, names = _header(path, encoding)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"{path.name} names these columns twice: {', '.join(twice)}.", "Rename one of each pair.")
    table = csv.read_csv(
        path,
        read_options=csv.ReadOptions(column_names=names, skip_rows=1, encoding=encoding),
        parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=MISSING, strings_can_be_null=True
        ),
    )
    if delimiter != ",":
        table = pa.table([_with_points(column) for column in table.columns], names=table.column_names)
    return table.replace_schema_metadata({ENCODING: LATIN} if encoding == LATIN else None)


def _header(path: Path, encoding: str) -> tuple[str, list[str]]:
    with pa.input_stream(str(path), compression="detect") as stream:
        start = codecs.getincrementaldecoder(encoding)("replace").decode(stream.read(1 << 18)).removeprefix("\ufeff")
    first = start.split("\n", 1)[0].rstrip("\r")
    delimiter = max(DELIMITERS, key=lambda mark: len(next(header_csv.reader([first], delimiter=mark), [])))
    return delimiter, [name.strip() for name in next(header_csv.reader([first], delimiter=delimiter), [])]


def _encoding(path: Path) -> str:
    """UTF-16 where the file's first bytes say so, UTF-8 where all of it decodes, else Windows' Latin letters."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with pa.input_stream(str(path), compression="detect") as stream:
        block = stream.read(1 << 20)
        if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        _refuse_binary(path, block)
        try:
            while block:
                decoder.decode(block)
                block = stream.read(1 << 20)
        except UnicodeDecodeError:
            return LATIN
    return "utf-8"


def _refuse_binary(path: Path, start: bytes) -> None:
    if known := next((about for mark, about in BINARY.items() if start.startswith(mark)), None):
        raise DataError(f"The data file {path.name} is not text: it is {known[0]}.", known[1])
    if b"\x00" in start:
        raise DataError(
            f"The data file {path.name} is not text.",
            "Export it again as CSV in UTF-8; a Parquet file's name ends in .parquet.",
        )


def _with_points(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Turn decimal commas into points where every value of the column is a number written so."""
    if not pc.all(pc.match_substring_regex(values, DECIMAL_COMMA)).as_py():
        return values
    return pc.replace_substring(values, ",", ".")
