"""Split: part the rows into what is learned from, calibrated on, tuned on, judged on and left for later."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow import parquet as pq

from pipelines.job import Job
from understudy.errors import DataError
from understudy.files import write_json
from understudy.problem import ProblemSpec

Codes = npt.NDArray[np.int8]
"""Each row's part, as a place in the order of the parts; ``UNUSED`` when it is in none."""
Times = npt.NDArray[np.datetime64]

UNUSED = -1
BATCH = 65_536
LEARNED_FROM = ("train", "calibration", "validation")


@dataclass(frozen=True)
class Assignment:
    """The part of each row, and which rows are left out of theirs because their label lands too late."""

    codes: Codes
    late: npt.NDArray[np.bool_]

    def rows_of(self, code: int) -> npt.NDArray[np.bool_]:
        return np.asarray((self.codes == code) & ~self.late)


def run(job: Job) -> None:
    """Write ``<part>.parquet`` for each part, ``assignment.parquet`` and ``split.json``.

    Raises:
        DataError: a part is empty, or one that is learned from or judged on has one class only.
    """
    spec, path = job.spec, job.input("featurize", "features.parquet")
    needed = [name for name in (spec.target, spec.event_time, spec.label_time, spec.split.group) if name]
    if missing := sorted(set(needed) - set(pq.read_schema(path).names)):
        raise DataError(f"The features lack {', '.join(missing)}, which the split needs.", "Declare it in the table.")
    rows = pq.read_table(path, columns=list(dict.fromkeys(needed)))
    assignment = assign(rows, spec)
    parts = summarise(rows, assignment, spec)
    _refuse_unfit(parts)
    job.progress(0.2, "writing the parts")
    _write(job, path, assignment)
    write_json(job.out / "split.json", {"parts": parts, "unused": int((assignment.codes == UNUSED).sum())})


def assign(rows: pa.Table, spec: ProblemSpec) -> Assignment:
    """Return the part of each row; the same rows and seed give the same parts.

    Where parts follow each other in time, a row that is learned from but whose label lands after the next
    part has begun is left out: whoever learns at that moment does not have it (purging; Lopez de Prado,
    Advances in Financial Machine Learning, 2018, section 7.4.1).
    """
    method, shares = spec.split.method, np.array(list(spec.split.shares.values()))
    codes, on_time = np.empty(0, np.int8), np.zeros(len(rows), dtype=bool)
    if method == "stratified":
        return Assignment(_stratified(rows[spec.target].to_numpy(), shares, spec.seed), on_time)
    if method == "grouped":
        codes = _grouped(rows[str(spec.split.group)].to_pandas().to_numpy(), shares, spec.seed)
        return Assignment(codes, on_time)
    times = _times(rows, str(spec.event_time))
    if np.isnat(times).any():
        raise DataError(f"{spec.event_time} is missing in {np.isnat(times).sum()} rows.", "Declare it with nulls: 0.")
    until = _dates(spec.split.until.values()) if method == "time" else _ordered(times, shares)
    codes = np.searchsorted(until, times, side="right").astype(np.int8)
    codes[codes == len(until)] = UNUSED
    if spec.split.since is not None:
        codes[times < _dates([spec.split.since])] = UNUSED
    if spec.label_time is None:
        return Assignment(codes, on_time)
    learned_from = np.array([part in LEARNED_FROM for part in (*parts_of(spec), "unused")])
    landed = _times(rows, spec.label_time)
    return Assignment(codes, np.asarray(learned_from[codes] & (landed > until[codes])))


def parts_of(spec: ProblemSpec) -> tuple[str, ...]:
    """Names of the parts, in their order."""
    return tuple(spec.split.until if spec.split.method == "time" else spec.split.shares)


def _times(rows: pa.Table, name: str) -> Times:
    return np.asarray(rows[name].to_numpy(), dtype="datetime64[us]")


def _dates(values: Iterable[str]) -> Times:
    return np.array([datetime.fromisoformat(value) for value in values], dtype="datetime64[us]")


def _ordered(times: Times, shares: npt.NDArray[np.float64]) -> Times:
    """Times that cut the rows at the given shares; rows of the same time stay together."""
    ordered = np.sort(times)
    cuts = _cuts(len(times), shares)
    return np.append(ordered[cuts[:-1]], ordered[-1] + np.timedelta64(1, "us"))


def _cuts(count: int, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Number of rows up to the end of each part."""
    cuts = np.rint(np.cumsum(shares) * count).astype(np.int64)
    cuts[-1] = count
    return np.minimum(cuts, count)


def _stratified(target: npt.NDArray[Any], shares: npt.NDArray[np.float64], seed: int) -> Codes:
    random = np.random.default_rng(seed)
    codes = np.empty(len(target), dtype=np.int8)
    for value in np.unique(target):
        of_class = random.permutation(np.flatnonzero(target == value))
        codes[of_class] = np.searchsorted(_cuts(len(of_class), shares), np.arange(len(of_class)), side="right")
    return codes


def _grouped(groups: npt.NDArray[Any], shares: npt.NDArray[np.float64], seed: int) -> Codes:
    """Draw whole groups at random until each part has about its share of the rows."""
    _, member, sizes = np.unique(groups.astype(str), return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(sizes))
    middle = np.cumsum(sizes[order]) - sizes[order] / 2
    part = np.empty(len(sizes), dtype=np.int8)
    part[order] = np.searchsorted(_cuts(len(groups), shares), middle, side="right")
    return part[member]


def summarise(rows: pa.Table, assignment: Assignment, spec: ProblemSpec) -> dict[str, dict[str, Any]]:
    """Return rows, positives, rate, first and last time, and rows left out as late, for each part."""
    target = rows[spec.target].to_numpy()
    times = _times(rows, spec.event_time) if spec.event_time else None
    summary = {}
    for code, part in enumerate(parts_of(spec)):
        chosen = assignment.rows_of(code)
        count, positives = int(chosen.sum()), int(target[chosen].sum())
        summary[part] = {
            "rows": count,
            "positives": positives,
            "rate": positives / count if count else None,
            "from": str(times[chosen].min().astype("datetime64[s]")) if times is not None and count else None,
            "until": str(times[chosen].max().astype("datetime64[s]")) if times is not None and count else None,
            "purged": int((assignment.late & (assignment.codes == code)).sum()),
        }
    return summary


def _refuse_unfit(parts: dict[str, dict[str, Any]]) -> None:
    for part, about in parts.items():
        if not about["rows"]:
            raise DataError(
                f"The part {part} of the split is empty.",
                "Move the dates or shares under split in the problem's YAML, or bring more rows.",
            )
        if part != "production" and about["positives"] in (0, about["rows"]):
            raise DataError(
                f"The part {part} of the split has one class only ({about['positives']} positives in "
                f"{about['rows']} rows); nothing can be learned from or judged on it.",
                "Move the dates or shares under split, or use method: stratified if the rows are undated.",
            )


def _write(job: Job, path: Path, assignment: Assignment) -> None:
    """Stream the features into the parts, so that memory does not grow with the rows."""
    source, start = pq.ParquetFile(path), 0
    with ExitStack() as files:

        def open_for(name: str, schema: pa.Schema) -> pq.ParquetWriter:
            return files.enter_context(pq.ParquetWriter(job.out / f"{name}.parquet", schema))

        writers = {part: open_for(part, source.schema_arrow) for part in parts_of(job.spec)}
        index = None
        for batch in source.iter_batches(BATCH):
            table, where = pa.Table.from_batches([batch]), slice(start, start + len(batch))
            for code, writer in enumerate(writers.values()):
                writer.write_table(table.filter(pa.array(assignment.rows_of(code)[where])))
            assigned = index_of(table, assignment, where, job.spec)
            index = index or open_for("assignment", assigned.schema)
            index.write_table(assigned)
            start += len(batch)
            job.progress(0.2 + 0.8 * start / source.metadata.num_rows, "writing the parts")


def index_of(table: pa.Table, assignment: Assignment, where: slice, spec: ProblemSpec) -> pa.Table:
    """Return id, event time (if dated), part and hash of the model inputs of the rows that are in a part."""
    codes = assignment.codes[where]
    kept = (codes != UNUSED) & ~assignment.late[where]
    index = table.select([name for name in (spec.id, spec.event_time) if name])
    index = index.append_column("part", pa.array(np.array(parts_of(spec))[codes]))
    return index.append_column("row_hash", pa.array(row_hash(table, spec))).filter(pa.array(kept))


def row_hash(table: pa.Table, spec: ProblemSpec) -> npt.NDArray[np.uint64]:
    """Hash of each row's model inputs; equal rows have equal hashes on any machine."""
    inputs = table.select([item.name for item in spec.inputs]).to_pandas()
    return np.asarray(pd.util.hash_pandas_object(inputs, index=False), dtype=np.uint64)
