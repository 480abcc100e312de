"""The featurize stage: one row of model inputs for each prediction, point in time."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.job import Job
from understudy.errors import DataError, SpecError
from understudy.features.code import code_hash
from understudy.features.offline import compute_all, sorted_requests, ticks_of
from understudy.features.plan import Array, make_plan
from understudy.features.views import Views, open_views
from understudy.files import sha256_file, write_json
from understudy.problem import ProblemSpec


def run(job: Job) -> None:
    """Write ``features.parquet``, ``views/<view>.parquet`` and ``featurize.json``."""
    spec, root = job.spec, job.settings.root
    plan = make_plan(spec)
    files = {name: job.input("validate", f"{name}.parquet") for name in spec.tables}
    tables = {name: pq.read_table(path) for name, path in files.items()}
    labels = sorted_labels(spec, tables[spec.main])
    with open_views(spec, root, tables, job.settings.threads) as views:
        requests = sorted_requests(spec, plan, tables.pop(spec.main))
        _compute_views(job, views, requests)
        job.progress(0.8, "computing features")
        _write(job, _joined(labels, compute_all(spec, plan, views, requests)))
    facts = {"inputs": [item.name for item in spec.inputs], "rows": len(labels), "code_hash": code_hash(spec, root)}
    facts["tables"] = {name: sha256_file(path) for name, path in files.items()}
    write_json(job.out / "featurize.json", facts)
    job.progress(1.0, f"{len(labels):,} rows of {len(spec.inputs)} features")


def sorted_labels(spec: ProblemSpec, main: pa.Table) -> pa.Table:
    """Everything but the model inputs: id, times, target as 0/1, protected, segment and split group columns."""
    times = [name for name in (spec.event_time, spec.label_time) if name]
    inputs = {item.name for item in spec.inputs}
    held = (spec.split.group,) if spec.split.group else ()
    groups = [n for n in dict.fromkeys((*spec.protected, *spec.evaluation.segments, *held)) if n not in inputs]
    if unknown := set(groups) - set(main.column_names):
        what = f"evaluation.segments or split.group names {sorted(unknown)}."
        raise SpecError(what, "Use columns of the main table or model inputs.")
    order = [name for name in (spec.event_time, spec.id) if name]
    main = main.sort_by([(name, "ascending") for name in order])
    columns = {name: main.column(name) for name in (spec.id, *times)}
    columns[spec.target] = _target(spec, main.column(spec.target))
    return pa.table(columns | {name: _group(main.column(name)) for name in groups})


def _target(spec: ProblemSpec, values: pa.ChunkedArray) -> pa.ChunkedArray:
    if values.null_count:
        raise DataError(
            f"{spec.target} is missing in {values.null_count} rows.", "Leave rows without an outcome out of the data."
        )
    if spec.positive is not None:
        values = pc.equal(values, _positive(spec, values.type))
    return values.cast(pa.int8())


def _positive(spec: ProblemSpec, kind: pa.DataType) -> pa.Scalar:
    try:
        return pa.scalar(spec.positive).cast(kind)
    except pa.ArrowInvalid as error:
        raise SpecError(f"positive: {spec.positive!r} is no value of {spec.target} ({kind}).", "Name one.") from error


def _group(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.fill_null("") if pa.types.is_string(values.type) else values


def _compute_views(job: Job, views: Views, requests: pa.Table) -> None:
    (job.out / "views").mkdir()
    for number, view in enumerate(job.spec.features.views):
        job.progress(0.8 * number / len(job.spec.features.views), f"view {view.name}")
        views.compute(view, ticks_of(view, requests))
        views.save(view, job.out / "views" / f"{view.name}.parquet")


def _joined(labels: pa.Table, chunks: Iterator[dict[str, Array]]) -> Iterator[pa.Table]:
    start = 0
    for inputs in chunks:
        rows = len(next(iter(inputs.values())))
        columns = {name: labels.column(name).slice(start, rows) for name in labels.column_names}
        yield pa.table(columns | {name: _column(values) for name, values in inputs.items()})
        start += rows


def _column(values: Array) -> pa.Array:
    return pa.array(values, pa.float32() if values.dtype == np.float32 else pa.string())


def _write(job: Job, chunks: Iterator[pa.Table]) -> None:
    first = next(chunks)
    with pq.ParquetWriter(job.out / "features.parquet", first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for chunk in chunks:
            writer.write_table(chunk)
