"""The folder beside the output in which parts gather: what a killed run leaves, and the next one goes on with."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.score.facts import Facts
from pipelines.score.part import Part
from understudy.bundle import Bundle
from understudy.files import naming_a_full_disk, read_json, replacing_folder, write_json

RECORD = "record.json"


class Partial:
    """``<output>.partial``: a record of what is scored by what, the bundle, the views, and the finished parts."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.folder = output.with_name(f"{output.name}.partial")

    def begin(self, record: dict[str, Any], bundle: Bundle) -> None:
        """Keep what a run with the same record left; start anew after any other.

        Raises:
            MachineError: the disk is full.
        """
        path = self.folder / RECORD
        if not path.is_file() or read_json(path) != record:
            shutil.rmtree(self.folder, ignore_errors=True)
            write_json(path, record)
        if not (self.folder / "bundle").is_dir():
            with replacing_folder(self.folder / "bundle") as copy:
                shutil.copytree(bundle.folder, copy, dirs_exist_ok=True)

    def has(self, part: Part) -> bool:
        """Whether the part's file is there, and whole."""
        try:
            return bool(pq.read_metadata(self.folder / part.file).num_rows == part.rows)
        except (OSError, pa.ArrowException):
            return False

    def assemble(self, parts: Sequence[Part], about: dict[str, str], progress: Callable[[float, str], None]) -> Facts:
        """Write all parts as one file, one part in memory at a time, and put it in the output's place.

        Raises:
            MachineError: the disk is full.
        """
        whole, facts = self.folder / "whole.parquet", Facts()
        schema = pq.read_schema(self.folder / parts[0].file).with_metadata(about)
        with naming_a_full_disk(self.output):
            with pq.ParquetWriter(whole, schema, compression="zstd", compression_level=1) as writer:
                for done, part in enumerate(parts, start=1):
                    table = pq.read_table(self.folder / part.file, use_threads=False)
                    writer.write_table(table.replace_schema_metadata(about))
                    facts += Facts.read(self.folder / part.file)
                    progress(done / len(parts), f"part {done:,} of {len(parts):,}")
            with whole.open("rb") as stream:
                os.fsync(stream.fileno())
            whole.replace(self.output)
        shutil.rmtree(self.folder)
        return facts
