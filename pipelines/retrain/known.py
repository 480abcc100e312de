"""What was known at a moment: the tables and features of the training, without all that came later."""

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.ingest.content import data_hash
from pipelines.job import Job
from understudy.errors import DataError
from understudy.files import read_json, replacing_folder, write_json
from understudy.problem import ProblemSpec, Table


def write_known(whole: Job, job: Job) -> None:
    """Write the retraining's own ``ingest.json``, validated tables and features, from those of the training.

    Rows are looked up rather than computed again: what the first stages say of a row depends on nothing that came
    after it. From here on nothing later than ``job.as_of`` is within reach of any stage.

    Raises:
        DataError: there is no row before the moment whose outcome was known.
    """
    spec, moment = job.spec, _required(job)
    tables = {name: pq.read_table(whole.input("validate", f"{name}.parquet")) for name in spec.tables}
    tables = {name: known_rows(table, name, spec, moment) for name, table in tables.items()}
    with replacing_folder(job.folder("validate")) as folder:
        for name, table in tables.items():
            pq.write_table(table, folder / f"{name}.parquet")
    with replacing_folder(job.folder("ingest")) as folder:
        source = read_json(whole.input("ingest", "ingest.json"))["source"]
        about = {name: {"rows": table.num_rows, "columns": table.column_names} for name, table in tables.items()}
        write_json(folder / "ingest.json", {"tables": about, "data_hash": data_hash(tables), "source": source})
    features = known_features(pq.read_table(whole.input("featurize", "features.parquet")), spec, moment)
    facts = read_json(whole.input("featurize", "featurize.json"))
    with replacing_folder(job.folder("featurize")) as folder:
        pq.write_table(features, folder / "features.parquet", compression="zstd")
        kept = {name: facts[name] for name in ("inputs", "code_hash")}
        write_json(folder / "featurize.json", {**kept, "rows": features.num_rows})


def known_features(features: pa.Table, spec: ProblemSpec, moment: datetime) -> pa.Table:
    """The rows before the moment whose outcome was known by then; where outcomes carry no time, all before it."""
    kept = pc.less(features[spec.event_time], _scalar(moment))
    if spec.label_time:
        landed = pc.less_equal(features[spec.label_time], _scalar(moment))
        kept = pc.and_(kept, pc.fill_null(landed, True))
    if not pc.any(kept).as_py():
        raise DataError(
            f"{spec.name} has no row before {moment.isoformat(sep=' ')} whose outcome was known by then.",
            "Choose a later moment.",
        )
    return features.filter(kept)


def known_rows(table: pa.Table, name: str, spec: ProblemSpec, moment: datetime) -> pa.Table:
    """The rows of a table that were there at a moment, with facts that came later left empty.

    A late fact that does not say from when it was known counts as known with the outcome.
    """
    declared = spec.tables[name]
    if name == spec.main:
        table = table.filter(pc.less(table[spec.event_time], _scalar(moment)))
    elif when := declared.known_at or declared.time:
        table = table.filter(pc.less_equal(table[when], _scalar(moment)))
    columns = {column: _known_values(table, column, declared, spec, moment) for column in table.column_names}
    return pa.table(columns, schema=table.schema)


def _known_values(
    table: pa.Table, column: str, declared: Table, spec: ProblemSpec, moment: datetime
) -> pa.ChunkedArray:
    details = declared.columns[column]
    known_from = details.known_at or (spec.label_time if details.late else None)
    if known_from not in declared.columns:
        return table[column]
    known = pc.fill_null(pc.less_equal(table[known_from], _scalar(moment)), False)
    return pc.if_else(known, table[column], pa.scalar(None, table.schema.field(column).type))


def _scalar(moment: datetime) -> pa.Scalar:
    return pa.scalar(moment, pa.timestamp("us"))


def _required(job: Job) -> datetime:
    if job.as_of is None:
        raise DataError("A retraining needs a moment.", "Give the job `as_of`.")
    return job.as_of
