"""Validate: hold the raw tables to what the problem expects of them; set bad rows aside with their reasons."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet as pq

from pipelines.job import Job
from pipelines.validate.expectations import kind_findings, positives, target_finding, whole_findings
from pipelines.validate.finding import Finding, set_aside, with_most_rows
from pipelines.validate.notes import open_categories, telling_gaps
from pipelines.validate.schema import value_findings
from pipelines.validate.swapped import swapped_findings
from understudy.errors import DataError
from understudy.files import replacing_folder, write_json
from understudy.problem import ProblemSpec, Table

Report = dict[str, list[Any]]

SHOWN = 5


def run(job: Job) -> None:
    """Write each table's good rows, ``quarantine_<table>.parquet`` for the others, and ``validation.json``.

    Raises:
        DataError: see ``admit``.
    """
    raw = {name: pq.read_table(job.input("ingest", f"{name}.parquet")) for name in job.spec.tables}
    tables, report = admit(job, raw)
    _write(job.out, tables, report)


def admit(job: Job, raw: Mapping[str, pa.Table]) -> tuple[dict[str, pa.Table], Report]:
    """Hold raw tables to all that the problem expects.

    Ingest asks, too, before it lets new tables take the place of the last ones: what is refused leaves no trace there.

    Returns:
        The good rows of each table with, where there are any, the bad ones as ``quarantine_<table>``; the report.

    Raises:
        DataError: an expectation of a column or table is missed, or too many rows are bad. The report and
            the bad rows are then kept in ``<home>/rejected/<problem>``.
    """
    tables: dict[str, pa.Table] = {}
    report: Report = {"checks": [], "notes": []}
    for place, (name, declared) in enumerate(job.spec.tables.items()):
        job.progress(place / len(raw), f"checking {name}")
        good, bad, findings, notes = examine(raw[name], name, declared, job.spec)
        report["checks"] += [finding.record(name, raw[name].num_rows) for finding in findings]
        report["notes"] += notes
        tables |= {name: good} | ({f"quarantine_{name}": bad} if bad.num_rows else {})
    rejected = job.settings.home / "rejected" / job.spec.name
    if failures := [check for check in report["checks"] if check["verdict"] == "fail"]:
        with replacing_folder(rejected) as folder:
            _write(folder, {name: t for name, t in tables.items() if name.startswith("quarantine_")}, report)
        raise _refusal(job, failures, rejected)
    shutil.rmtree(rejected, ignore_errors=True)
    return tables, report


def examine(
    table: pa.Table, name: str, declared: Table, spec: ProblemSpec
) -> tuple[pa.Table, pa.Table, list[Finding], list[str]]:
    """Check one table.

    Returns:
        Its good rows, its bad rows with a ``reason`` column, every check's finding, and notes.
    """
    findings = kind_findings(table, declared)
    if any(finding.stops for finding in findings):
        return table, table.slice(0, 0), findings, []
    frame = table.to_pandas()
    findings += swapped_findings(table, declared)
    findings += [*value_findings(frame, declared), *whole_findings(frame, declared)]
    notes = list(open_categories(frame, name, declared))
    if name == spec.main:
        findings.append(target_finding(frame, spec))
        notes += telling_gaps(frame, positives(frame, spec), spec)
    good, bad = set_aside(table, frame, findings)
    findings.append(_quarantine(bad, frame, findings, declared.quarantine))
    return good, bad, findings, notes


def _quarantine(bad: pa.Table, frame: pd.DataFrame, findings: list[Finding], limit: float) -> Finding:
    """Names the commonest reason, so that whoever reads the refusal knows where to look."""
    count, words = bad.num_rows, f"{bad.num_rows} rows set aside"
    if count:
        worst = with_most_rows(findings)
        words += f", {len(worst.rows)} of them because: {worst.reason(frame, worst.rows[0])}"
    return Finding("", "quarantine", count, words, limit, stops=count > limit * len(frame))


def _write(folder: Path, tables: dict[str, pa.Table], report: Report) -> None:
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    write_json(folder / "validation.json", report)


def _refusal(job: Job, failures: list[dict[str, Any]], rejected: Path) -> DataError:
    words = [_words(failure) for failure in failures[:SHOWN]]
    more = f" and {len(failures) - SHOWN} more" if len(failures) > SHOWN else ""
    return DataError(
        f"The data of {job.spec.name} is not fit to learn from: {'; '.join(words)}{more}.",
        f"Mend the source, or change what the problem expects. The report and the bad rows are in {rejected};"
        f" {job.folder('ingest').parent} is as it was.",
    )


def _words(failure: dict[str, Any]) -> str:
    where = ".".join(part for part in (failure["table"], failure["column"]) if part)
    limit = "" if failure["limit"] is None else f", limit {100 * failure['limit']:g} %"
    count = f"{failure['failed']} of {failure['rows']} rows, {100 * failure['share']:.3g} %{limit}"
    return f"{where}: {failure['check']}: {failure['detail']} ({count})"
