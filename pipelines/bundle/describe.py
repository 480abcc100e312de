"""Gathering what the manifest says from the problem and from what the stages found."""

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.bundle.lineage import trace
from pipelines.bundle.parity import score_frame
from pipelines.job import Job
from pipelines.models.frame import model_frame
from understudy.bundle import Manifest, Scorer
from understudy.bundle.manifest import (
    Example,
    FeatureCode,
    Figure,
    Inputs,
    Metrics,
    Parity,
    Reference,
    RequestField,
    Scalar,
    ViewEntry,
)
from understudy.files import read_json, sha256_file
from understudy.problem import ProblemSpec, View

SENT = ("id", "unit", "event_time", "feature", "context")
"""Roles of the columns that come with a request."""


def describe(job: Job, inputs: Inputs, scorer: Scorer, parity: Parity, reference: Reference) -> Manifest:
    """The manifest, as yet without files."""
    spec, train = job.spec, read_json(job.input("train", "train.json"))
    return Manifest(
        problem=spec.name,
        title=spec.title,
        task=spec.task,
        profile=job.profile,
        request=request_fields(spec),
        example=_example(job, scorer),
        features=_features(job),
        inputs=inputs,
        reference=reference,
        output=f"probability that {spec.target} is {spec.positive if spec.positive is not None else 'true'}",
        threshold=train["threshold"],
        costs=spec.costs,
        block=spec.evaluation.block,
        segments=spec.evaluation.segments,
        unit=next(iter(spec.having("unit")), None),
        candidate=train["candidate"],
        family=train["family"],
        imbalance=train["imbalance"],
        calibration=train["calibration"]["method"],
        parameters=train["params"],
        metrics=_metrics(read_json(job.input("evaluate", "metrics.json"))),
        parity=parity,
        lineage=trace(job),
        files={},
    )


def request_fields(spec: ProblemSpec) -> tuple[RequestField, ...]:
    """The columns of the main table that a client sends, in order."""
    shared = set(RequestField.model_fields) - {"name"}
    sent = {name: column for name, column in spec.columns.items() if column.role in SENT}
    return tuple(RequestField(name=name, **column.model_dump(include=shared)) for name, column in sent.items())


def _features(job: Job) -> FeatureCode:
    root, features = job.settings.root, job.spec.features
    return FeatureCode(
        functions=features.functions,
        views=tuple(_view(root, view) for view in features.views),
        code_hash=read_json(job.input("featurize", "featurize.json"))["code_hash"],
    )


def _view(root: Path, view: View) -> ViewEntry:
    return ViewEntry(sha256=sha256_file(root / view.sql), **view.model_dump())


def _metrics(found: dict[str, Any]) -> Metrics:
    return Metrics(
        rows=found["rows"],
        test={name: Figure.model_validate(figure) for name, figure in found["test"].items()},
        validation=found["validation"],
        train=found["train"],
    )


def _example(job: Job, scorer: Scorer) -> Example:
    """The first training row, from request to score."""
    spec = job.spec
    first = pq.ParquetFile(job.input("split", "train.parquet")).read_row_group(0).slice(0, 1)
    frame = model_frame(first, spec)
    return Example(
        request=_request(job, first[spec.id][0]),
        numbers=tuple(None if math.isnan(value) else float(value) for value in frame[list(spec.numbers)].iloc[0]),
        categories=tuple(frame[list(spec.categories)].iloc[0]),
        score=float(score_frame(scorer, frame, spec)[0]),
    )


def _request(job: Job, row: pa.Scalar) -> dict[str, Scalar]:
    names = [field.name for field in request_fields(job.spec)]
    table = pq.read_table(job.input("validate", f"{job.spec.main}.parquet"), columns=names)
    ids = pc.cast(table[job.spec.id], pa.string())
    found = table.filter(pc.equal(ids, pc.cast(row, pa.string()))).slice(0, 1).to_pylist()
    return {name: _plain(value) for name, value in found[0].items()}


def _plain(value: Any) -> Scalar:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    return str(value.isoformat())
