"""Examples of what each path takes and gives, made from the manifest's example and the bundle's own score."""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import orjson

from serving.explain import explain
from serving.http.inference_v2 import NUMBERED, ONE, OUTPUTS, metadata_of
from serving.http.status import model_of, routing_of, serving_of
from serving.http.tensors import DATATYPES
from understudy.bundle.columns import tensors
from understudy.bundle.manifest import Manifest
from understudy.records.deployment import CHAMPION

if TYPE_CHECKING:
    from serving.lineup import Lineup

JSON = "application/json"
ID = "01a2054a-7aab-7174-b0f4-b83eb56fbe6c"
"""Of a prediction; a server makes its own."""


@dataclass(frozen=True)
class Shown:
    """Examples of one path."""

    answer: Any
    asked: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By media type and name."""
    media: str = JSON
    """Of the answer."""


def add_examples(document: dict[str, Any], lineup: "Lineup") -> None:
    """Put the examples of what serves into an OpenAPI document, at those of its paths that have any."""
    for path, operations in document["paths"].items():
        if path not in SHOWN:
            continue
        shown = SHOWN[path](lineup)
        for operation in operations.values():
            for media, named in shown.asked.items():
                operation["requestBody"]["content"][media]["examples"] = _named(named)
            operation["responses"]["200"]["content"][shown.media]["examples"] = _named({"answer": shown.answer})
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "version":
                    parameter["example"] = str(lineup.champion.version)


def example_of(manifest: Manifest) -> dict[str, Any]:
    """The manifest's example as a client would send it."""
    times = {field.name for field in manifest.request if field.kind == "time"}
    given = manifest.example.request
    return {name: f"{value}Z" if name in times and value is not None else value for name, value in given.items()}


def _named(examples: Mapping[str, Any]) -> dict[str, Any]:
    # The document is JSON as well: times and the like are written as in an answer.
    return {name: {"value": orjson.loads(orjson.dumps(value))} for name, value in examples.items()}


def _predict(lineup: "Lineup") -> Shown:
    row, threshold = example_of(lineup.manifest), lineup.threshold(lineup.deployment.champion)
    score = lineup.manifest.example.score
    answer = {
        "prediction_id": ID,
        "score": score,
        "decision": score >= threshold,
        "threshold": threshold,
        "model_version": lineup.champion.version,
        "arm": lineup.deployment.champion.name,
        "experiment": lineup.deployment.experiment or None,
        "fallback": None,
        "flags": [],
        "latency_ms": 1.9,
    }
    return Shown(answer, {JSON: {"one": row, "several": [row, row]}})


def _feedback(lineup: "Lineup") -> Shown:
    row = example_of(lineup.manifest)
    ids = (row.get(field.name) for field in lineup.manifest.request if field.role == "id")
    by_id = {"prediction_id": ID, "value": True}
    asked: dict[str, Any] = {"by prediction": by_id, "several": [by_id]}
    if (key := next((key for key in ids if key is not None), None)) is not None:
        asked["by key"] = {"key": key, "value": True}
    outcomes = {"outcomes": ["stored"], "stored": 1, "repeated": 0, "contradicts": 0}
    return Shown(outcomes, {JSON: asked})


def _explain(lineup: "Lineup") -> Shown:
    manifest, row = lineup.manifest, example_of(lineup.manifest)
    names = manifest.inputs.number_names + manifest.inputs.category_names
    values = manifest.example.numbers + manifest.example.categories
    columns = {name: [value] for name, value in zip(names, values, strict=True)}
    threshold = lineup.threshold(lineup.deployment.champion)
    reasons = explain(lineup.champion, *tensors(manifest.inputs, columns), threshold)
    return Shown(asdict(reasons), {JSON: {"of a request": {"request": row}, "of a prediction": {"prediction_id": ID}}})


def _infer(lineup: "Lineup") -> Shown:
    row, said = example_of(lineup.manifest), _predict(lineup).answer
    inputs = [
        _tensor(field.name, DATATYPES[field.kind], row[field.name])
        for field in lineup.manifest.request
        if row.get(field.name) is not None
    ]
    answer = {
        "id": "r-1",
        "model_name": lineup.manifest.problem,
        "model_version": str(lineup.champion.version),
        "outputs": [_tensor(name, kind, said[name]) for name, kind in OUTPUTS.items()],
    }
    return Shown(answer, {JSON: {"one": {"id": "r-1", "inputs": inputs}}})


def _invocations(lineup: "Lineup") -> Shown:
    row = example_of(lineup.manifest)
    asked = {
        "dataframe_split": {"columns": list(row), "data": [list(row.values())]},
        "dataframe_records": [row],
        "instances": [row],
        "inputs": {name: [value] for name, value in row.items()},
    }
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([row.keys(), row.values()])
    answer = {"predictions": [lineup.manifest.example.score], "prediction_ids": [ID]}
    return Shown(
        answer, {JSON: {form: {form: given} for form, given in asked.items()}, "text/csv": {"table": table.getvalue()}}
    )


def _metadata(lineup: "Lineup") -> Shown:
    return Shown(metadata_of(lineup, [str(lineup.champion.version)]))


def _model_ready(lineup: "Lineup") -> Shown:
    return Shown({"name": lineup.manifest.problem, "ready": True})


def _routing(lineup: "Lineup") -> Shown:
    return Shown({**serving_of(lineup, lineup.deployment.weights(lineup.deployment.at)), "refused": None, "delays": {}})


def _ready(lineup: "Lineup") -> Shown:
    return Shown({"status": "ready", "revision": lineup.deployment.revision, "unreachable": {}})


def _tensor(name: str, kind: str, value: Any) -> dict[str, Any]:
    return {"name": name, "datatype": kind, "shape": [1], "data": [value]}


def _change(**asked: Any) -> Callable[["Lineup"], Shown]:
    signed = {"who": "ada", "why": "labels of March", **asked}

    def shown(lineup: "Lineup") -> Shown:
        return Shown({**routing_of(lineup.deployment), "unmirrored": None}, {JSON: {"one": signed}})

    return shown


def _deploy(lineup: "Lineup") -> Shown:
    return _change(version=lineup.champion.version)(lineup)


def _always(answer: Any, media: str = JSON) -> Callable[["Lineup"], Shown]:
    return lambda _: Shown(answer, media=media)


SHOWN: Mapping[str, Callable[["Lineup"], Shown]] = {
    "/v1/predict": _predict,
    "/v1/feedback": _feedback,
    "/v1/explain": _explain,
    "/v1/model": lambda lineup: Shown(model_of(lineup)),
    "/v1/routing": _routing,
    "/healthz/live": _always({"status": "live"}),
    "/healthz/ready": _ready,
    "/metrics": _always("understudy_ready 1.0\n", "text/plain"),
    "/v2": _always({"name": "understudy", "version": "2", "extensions": ["binary_tensor_data"]}),
    "/v2/health/live": _always({"live": True}),
    "/v2/health/ready": _always({"ready": True}),
    ONE: _metadata,
    f"{ONE}/ready": _model_ready,
    f"{ONE}/infer": _infer,
    NUMBERED: _metadata,
    f"{NUMBERED}/ready": _model_ready,
    f"{NUMBERED}/infer": _infer,
    "/invocations": _invocations,
    "/ping": _always({}),
    "/version": _always(version("understudy"), "text/plain"),
    "/admin/deploy": _deploy,
    "/admin/promote": _change(),
    "/admin/rollback": _change(),
    "/admin/route": _change(weights={CHAMPION: 100.0}),
    "/admin/kill": _change(on=True),
    "/admin/refresh": lambda lineup: Shown({"revision": lineup.deployment.revision}),
    "/admin/deployments": lambda lineup: Shown({"deployments": [routing_of(lineup.deployment)]}),
    "/admin/drill": lambda _: Shown(
        {"delays": {CHAMPION: 0.2}}, {JSON: {"one": {"arm": CHAMPION, "delay": 0.2, "seconds": 10.0}}}
    ),
}
