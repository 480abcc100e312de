"""Leak probes: does a feature know more than it could have known at prediction time?

They need no model, so they can stop a run before hours of tuning on a leak. Of the test part they read
nothing but ids and hashes of inputs.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.job import Job
from pipelines.probe.derived import copied_leaks, target_derived
from pipelines.probe.duplicates import duplicates
from pipelines.probe.finding import Finding
from pipelines.probe.future import changed_features, known_in_time, sample_moments
from pipelines.probe.missing import missing_patterns
from pipelines.probe.sample import Sample, columns_of, sample_of, thinned, words_of
from pipelines.probe.separation import single_features
from understudy.errors import LeakError
from understudy.features.plan import make_plan
from understudy.features.recompute import recompute
from understudy.files import write_json
from understudy.problem import ProblemSpec

FIXES = {
    "duplicate_ids": "Make the ids unique, or group the split by what repeats (split.method: grouped).",
    "duplicate_rows": "Drop the copies from the source, group the split by what repeats (split.method: grouped), or"
    " raise probes.duplicate_share if the rows are alike by chance.",
    "reads_future": "Hold the view's facts against the clock (known_at <= clock.at), or drop the input.",
}
KEEP_OUT = "Give the column the role leak (or drop the input); if it is honest, add it to probes.allow."


def run(job: Job) -> None:
    """Write ``probes.json``; on a leak also below ``rejected/<problem>`` of the home folder, where it stays readable.

    Raises:
        LeakError: a feature fails a probe and is not in ``probes.allow``.
    """
    findings = [finding.excused(job.spec.probes.allow) for finding in probe(job)]
    rows = [finding.row() for finding in findings]
    write_json(job.out / "probes.json", rows)
    kept = job.settings.home / "rejected" / job.spec.name / "probes.json"
    if failed := [finding for finding in findings if finding.failed]:
        write_json(kept, rows)
        raise LeakError(_what(job.spec, failed), f"{_fix(failed)} All findings: {kept}.")
    kept.unlink(missing_ok=True)
    job.progress(1.0, f"{len(findings)} findings, no leak")


def probe(job: Job) -> list[Finding]:
    """All findings on the training part, those of one probe after the other."""
    spec = job.spec
    job.progress(0.0, "looking at each feature alone")
    train = thinned(pq.read_table(job.input("split", "train.parquet")))
    main = pq.read_table(job.input("validate", f"{spec.main}.parquet"))
    facts = main.take(pc.index_in(train[spec.id], value_set=main[spec.id].combine_chunks()))
    sample = sample_of(train, spec)
    findings = single_features(sample, spec.probes.single_feature_auc)
    findings += target_derived(sample, spec.target)
    findings += missing_patterns(sample) + missing_patterns(request_fields(spec, facts, sample))
    findings += copied_leaks(sample.columns, columns_of(facts, spec, spec.having("leak")))
    job.progress(0.4, "looking for rows on both sides of the split")
    findings += _duplicates(job)
    job.progress(0.5, "blanking the future")
    return findings + _future(job, main)


def request_fields(spec: ProblemSpec, facts: pa.Table, sample: Sample) -> Sample:
    """Fields that reach the model only through views and functions: where they are empty can give the target away."""
    names = [name for name in make_plan(spec).fields if name not in sample.columns and name != spec.event_time]
    return Sample(sample.y, numbers={}, categories={name: words_of(facts[name]) for name in names})


def _duplicates(job: Job) -> list[Finding]:
    spec = job.spec
    index = pq.read_table(job.input("split", "assignment.parquet"), columns=[spec.id, "part", "row_hash"])
    train = pq.read_table(job.input("split", "train.parquet"), columns=[spec.id, spec.target])
    # Numbers are compared faster than the words that ids often are.
    ids = index[spec.id].combine_chunks().dictionary_encode()
    hashes = index["row_hash"].to_numpy()
    train_hashes = hashes[pc.index_in(train[spec.id], value_set=index[spec.id].combine_chunks()).to_numpy()]
    y = train[spec.target].to_numpy().astype(np.int64)
    limit = spec.probes.duplicate_share
    return duplicates(ids.indices.to_numpy(), index["part"].to_numpy(), hashes, train_hashes, y, limit)


def _future(job: Job, main: pa.Table) -> list[Finding]:
    """Recompute a sample of training rows; test rows are out of sight of the views."""
    spec = job.spec
    if not spec.features.views or spec.event_time is None:
        return []
    stored = pq.read_table(job.input("split", "train.parquet"), columns=[spec.id, *(item.name for item in spec.inputs)])
    places = sample_moments(_times(job))
    stored = stored.take(places)
    index = pq.read_table(job.input("split", "assignment.parquet"), columns=[spec.id, "part"])
    unseen = index.filter(pc.equal(index["part"], "test"))[spec.id].combine_chunks()
    tables = {
        name: pq.read_table(job.input("validate", f"{name}.parquet")) for name in spec.tables if name != spec.main
    }
    tables[spec.main] = main.filter(pc.invert(pc.is_in(main[spec.id], value_set=unseen)))
    requests = main.filter(pc.is_in(main[spec.id], value_set=stored[spec.id].combine_chunks()))
    settings = job.settings
    return changed_features(
        stored, recompute(known_in_time(spec), settings.root, tables, requests, settings.threads), spec
    )


def _times(job: Job) -> "np.ndarray[tuple[int], np.dtype[np.datetime64]]":
    name = str(job.spec.event_time)
    column = pq.read_table(job.input("split", "train.parquet"), columns=[name])[name]
    return np.asarray(column.to_numpy(), dtype="datetime64[us]")


def _what(spec: ProblemSpec, failed: list[Finding]) -> str:
    names = list(dict.fromkeys(finding.feature for finding in failed))
    lines = [f"{finding.probe} {finding.figure:.3f} over {finding.limit:g}: {finding.detail}" for finding in failed]
    return f"{spec.name}: {len(names)} suspected leak(s): {', '.join(names)}.\n" + "\n".join(lines)


def _fix(failed: list[Finding]) -> str:
    return " ".join(dict.fromkeys(FIXES.get(finding.probe, KEEP_OUT) for finding in failed))
