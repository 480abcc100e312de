"""The validated event tables of a problem: what views are computed over."""

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.job import Job
from understudy.errors import DataError


def validated_tables(job: Job) -> dict[str, pa.Table]:
    """Read every table by name.

    Raises:
        DataError: a table is not there, or is no Parquet file.
    """
    fix = f"`understudy train --problem {job.spec.name}` makes them."
    try:
        return {name: pq.read_table(job.input("validate", f"{name}.parquet")) for name in job.spec.tables}
    except FileNotFoundError as error:
        raise DataError(f"The validated tables of {job.spec.name} are not there ({error.filename}).", fix) from error
    except pa.ArrowInvalid as error:
        raise DataError(f"A validated table of {job.spec.name} cannot be read: {error}.", fix) from error
