"""Ingest: read the raw source as it is, prove that it is the one that was meant and fit to learn from, keep it."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet as pq

from pipelines.ingest.conform import conform, undeclared
from pipelines.ingest.content import data_hash
from pipelines.ingest.file import read_file, reading_note
from pipelines.ingest.package import locate
from pipelines.job import Job
from pipelines.validate import admit
from understudy.errors import DataError, SpecError
from understudy.files import sha256_file, write_json
from understudy.problem import ProblemSpec
from understudy.problem.source import DataPackage

ROW_NUMBER = "row_number"


def run(job: Job) -> None:
    """Write ``<table>.parquet`` for each declared table, and ``ingest.json``.

    Raises:
        DataError: the source is missing, altered, damaged, not what the problem declares, or validation refuses it.
        SpecError: ``source.function`` names nothing that can be called.
    """
    spec = job.spec
    job.progress(0.0, "locating the source")
    raw, origin = read_source(spec, job.settings.root)
    tables, notes = {}, []
    for place, (name, declared) in enumerate(spec.tables.items()):
        job.progress((place + 1) / (len(spec.tables) + 1) / 2, f"reading {name}")
        tables[name] = conform(raw[name], declared, name)
        notes += reading_note(raw[name], origin.get("path", name))
        if extra := undeclared(raw[name], declared):
            notes.append(f"{name}: left out columns that the problem does not declare: {', '.join(extra)}")
    admit(replace(job, progress=lambda share, words: job.progress((1 + share) / 2, words)), tables)
    for name, table in tables.items():
        pq.write_table(table, job.out / f"{name}.parquet")
    write_json(
        job.out / "ingest.json",
        {
            "tables": {name: {"rows": t.num_rows, "columns": t.column_names} for name, t in tables.items()},
            "data_hash": data_hash(tables),
            "source": {"cite": spec.source.cite, "licence": spec.source.licence, **origin},
            "notes": notes,
        },
    )


def read_source(spec: ProblemSpec, root: Path) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """Return the raw tables by name, and where they came from."""
    if spec.source.path is not None:
        path = root / spec.source.path
        tables = {spec.main: _numbered(read_file(path), spec)}
        origin: dict[str, Any] = {"path": path.name, "sha256": sha256_file(path)}
    else:
        package = spec.source.package
        tables = _reader(str(spec.source.function))(locate(package) if package else {})
        origin = {"package": _described(package)} if package else {}
    if missing := sorted(set(spec.tables) - set(tables)):
        raise DataError(
            f"The source gives no table {', '.join(missing)}; it gives {', '.join(sorted(tables))}.",
            "Have the source function return it, or take it out of the problem's tables.",
        )
    return tables, origin


def _reader(dotted: str) -> Any:
    module, _, name = dotted.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SpecError(
            f"source.function {dotted} cannot be found: {error}.", "Write it as module:function."
        ) from error


def _numbered(table: pa.Table, spec: ProblemSpec) -> pa.Table:
    """A file without an id may declare one called ``row_number``: the place of the row, from 1."""
    if spec.id != ROW_NUMBER or ROW_NUMBER in table.column_names:
        return table
    return table.append_column(ROW_NUMBER, pa.array(range(1, table.num_rows + 1), pa.int64()))


def _described(package: DataPackage) -> dict[str, Any]:
    files = {name: {"path": file.path, "sha256": file.sha256} for name, file in package.files.items()}
    return {"name": package.name, "version": package.version, "files": files}
