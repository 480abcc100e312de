"""The Open Inference Protocol, version 2, over HTTP with the binary tensor extension: what KServe and Triton speak."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response

from serving.http.problems import NotFoundError
from serving.http.route import add_route, json_response
from serving.http.status import require_ready
from serving.http.tensors import DATATYPES, NUMERIC, packed, rows_of
from serving.refusals import NotJsonError, RowError
from serving.schema import RequestSchema
from serving.service import Service
from serving.weight import refuse_heavy
from understudy.records import Prediction

if TYPE_CHECKING:
    from serving.lineup import Lineup

LENGTH = "inference-header-content-length"
OUTPUTS = {"score": "FP32", "decision": "BOOL", "prediction_id": "BYTES"}
SHAPE = "Send what the protocol says: an object with inputs."
Tensor = dict[str, Any]

TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 2},
        "datatype": {"enum": ["BYTES", *NUMERIC]},
        "data": {"type": "array"},
        "parameters": {"type": "object"},
    },
}
ASKED = {
    "type": "object",
    "required": ["inputs"],
    "properties": {"id": {"type": "string"}, "inputs": {"type": "array", "items": TENSOR, "minItems": 1}},
}
ANSWERED = {
    "type": "object",
    "required": ["model_name", "outputs"],
    "properties": {
        "id": {"type": "string"},
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "outputs": {"type": "array", "items": TENSOR},
    },
}
V2_ERRORS = (400, 404, 408, 413, 415, 422, 429, 503)


ONE = "/v2/models/{name}"
NUMBERED = f"{ONE}/versions/{{version}}"
DESCRIBED: dict[str, Any] = {"tags": ["open inference protocol"], "error_media": "application/json"}


def add_inference_v2(router: APIRouter, service: Service) -> None:
    """Add the routes."""
    _add_infer(router, service)

    async def metadata(request: Request) -> Response:
        """What the model takes and gives."""
        _require_model(service, request)
        return json_response(metadata_of(service.lineup, _versions(service)))

    async def model_ready(request: Request) -> Response:
        """Whether the model takes requests."""
        _require_model(service, request)
        require_ready(service)
        return json_response({"name": service.spec.name, "ready": True})

    async def server(request: Request) -> Response:  # noqa: ARG001
        """The server's name and the protocol's extensions that it speaks."""
        return json_response({"name": "understudy", "version": "2", "extensions": ["binary_tensor_data"]})

    async def live(request: Request) -> Response:  # noqa: ARG001
        """Whether the process answers."""
        return json_response({"live": True})

    async def ready(request: Request) -> Response:  # noqa: ARG001
        """Whether the server takes requests."""
        require_ready(service)
        return json_response({"ready": True})

    for path, endpoint, errors in (
        (ONE, metadata, (404, 429, 503)),
        (f"{ONE}/ready", model_ready, (404, 429, 503)),
        (NUMBERED, metadata, (404, 429, 503)),
        (f"{NUMBERED}/ready", model_ready, (404, 429, 503)),
        ("/v2", server, (429,)),
        ("/v2/health/live", live, ()),
        ("/v2/health/ready", ready, (503,)),
    ):
        model = service.spec.name if "{name}" in path else ""
        add_route(router, "GET", path, endpoint, answer={"type": "object"}, errors=errors, model=model, **DESCRIBED)


def _add_infer(router: APIRouter, service: Service) -> None:
    async def infer(request: Request) -> Response:
        """Score one tensor for each request field; routed and stored like any other prediction."""
        _require_model(service, request)
        schema = service.schema
        asked, tail = _parts(await request.body(), request.headers.get(LENGTH), schema)
        rows = schema.check(rows_of(asked["inputs"], schema.fields, tail, schema.most_rows))
        return _answer(service, asked, await service.predict(rows))

    for path in (ONE, NUMBERED):
        add_route(
            router,
            "POST",
            f"{path}/infer",
            infer,
            body=ASKED,
            answer=ANSWERED,
            errors=V2_ERRORS,
            model=service.spec.name,
            **DESCRIBED,
        )


def _require_model(service: Service, request: Request) -> None:
    name = request.path_params["name"]
    if name != service.spec.name:
        raise NotFoundError(f"There is no model {name!r} here.", f"This server serves {service.spec.name}.", "name")
    version = request.path_params.get("version")
    if version is None or version in (served := _versions(service)):
        return
    if served:
        fix = f"Ask for version {served[0]}, or for none."
        raise NotFoundError(f"Version {version[:20]!r} of {name} does not serve here.", fix, "version")
    raise NotFoundError(
        "No version can be asked for by its number while several share the traffic.",
        "Leave the version out: the deployment says who answers, and model_version who did.",
        "version",
    )


def _versions(service: Service) -> list[str]:
    """Versions that can be asked for by number: the champion's while it has all traffic. Where arms share it, who
    answers is drawn, and a client's own choice would spoil what is learned from the draw."""
    champion = service.lineup.deployment.champion
    return [str(champion.version)] if service.predictor.shares()[0] == 1 else []


def _parts(body: bytes, length: str | None, schema: RequestSchema) -> tuple[dict[str, Any], bytes]:
    """The JSON part and the bytes behind it."""
    if length is not None and not (re.fullmatch("[0-9]{1,12}", length) and int(length) <= len(body)):
        raise RowError(f"The header {LENGTH} is {length[:20]!r}.", "Give the length of the JSON part.", LENGTH)
    size = len(body) if length is None else int(length)
    head = body[:size]
    refuse_heavy(head, schema.most_rows, len(schema.fields))
    try:
        asked = from_json(head)
    except ValueError as error:
        raise NotJsonError(f"The body is not JSON: {error}.", SHAPE) from None
    if not isinstance(asked, dict) or not isinstance(asked.get("inputs"), list):
        raise RowError("The body has no list of inputs.", SHAPE, "inputs")
    if not isinstance(asked.get("id", ""), str):
        raise RowError("The id is not text.", SHAPE, "id")
    for name in ("outputs", "parameters"):
        if not isinstance(asked.get(name) or [], list | dict):
            raise RowError(f"{name} is not of the right kind.", SHAPE, name)
    return asked, body[size:]


def _answer(service: Service, asked: dict[str, Any], predictions: Sequence[Prediction]) -> Response:
    values: dict[str, list[Any]] = {
        "score": [prediction.score for prediction in predictions],
        "decision": [prediction.decision for prediction in predictions],
        "prediction_id": [prediction.id for prediction in predictions],
    }
    versions = {prediction.version for prediction in predictions}
    outputs, tail = _outputs(asked, values)
    head = {
        **({"id": asked["id"]} if "id" in asked else {}),
        "model_name": service.spec.name,
        "model_version": ",".join(str(version) for version in sorted(versions)),
        "outputs": outputs,
    }
    text = orjson.dumps(head)
    if not tail:
        return Response(text, media_type="application/json")
    return Response(text + tail, headers={LENGTH: str(len(text))}, media_type="application/octet-stream")


def _outputs(asked: dict[str, Any], values: dict[str, list[Any]]) -> tuple[list[Tensor], bytes]:
    """The tensors that were asked for, and the bytes of those that were asked for as bytes."""
    everywhere = _wants_bytes(asked, "binary_data_output")
    outputs, tail = [], b""
    for wanted in asked.get("outputs") or [{"name": name} for name in OUTPUTS]:
        name = wanted.get("name") if isinstance(wanted, dict) else None
        if not isinstance(name, str) or name not in OUTPUTS:
            raise RowError("An output is asked for that there is not.", f"Outputs: {', '.join(OUTPUTS)}.", "outputs")
        tensor: Tensor = {"name": name, "datatype": OUTPUTS[name], "shape": [len(values[name])]}
        if _wants_bytes(wanted, "binary_data", everywhere):
            raw = packed(OUTPUTS[name], values[name])
            tensor["parameters"] = {"binary_data_size": len(raw)}
            tail += raw
        else:
            tensor["data"] = values[name]
        outputs.append(tensor)
    return outputs, tail


def _wants_bytes(asked: dict[str, Any], name: str, default: bool = False) -> bool:
    parameters = asked.get("parameters")
    return bool(parameters.get(name, default)) if isinstance(parameters, dict) else default


def metadata_of(lineup: "Lineup", versions: list[str]) -> dict[str, Any]:
    """What the champion takes and gives, and the versions that can be asked for by number."""
    return {
        "name": lineup.manifest.problem,
        "versions": versions,
        "platform": "onnxruntime",
        "inputs": [_tensor(field.name, DATATYPES[field.kind]) for field in lineup.manifest.request],
        "outputs": [_tensor(name, kind) for name, kind in OUTPUTS.items()],
    }


def _tensor(name: str, kind: str) -> Tensor:
    return {"name": name, "datatype": kind, "shape": [-1]}
