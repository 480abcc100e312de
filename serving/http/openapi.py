"""The OpenAPI document: FastAPI's for the routes, the manifest's for what a request holds."""

import asyncio
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from serving.http.examples import add_examples, example_of
from serving.http.feedback import ONE
from serving.http.route import json_response
from serving.refusals import LONGEST_TEXT
from serving.schema import bounds
from serving.service import Service
from understudy.bundle.manifest import Manifest, RequestField

PATH = "/openapi.json"
JsonSchema = dict[str, Any]
TEXT_OR_NULL = {"type": ["string", "null"]}
PROBLEM = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "field", "row", "what", "fix"],
            "properties": {
                "code": {"type": "string"},
                "field": {**TEXT_OR_NULL, "description": "field that is at fault"},
                "row": {"type": ["integer", "null"], "description": "row that is at fault, from 0"},
                "what": {"type": "string", "description": "what is wrong"},
                "fix": {"type": "string", "description": "what to do about it"},
            },
        }
    },
}


def describe(app: FastAPI, service: Service) -> None:
    """Have the app's document, at ``/openapi.json``, follow the bundle that serves.

    It is made in a thread: an example of reasons costs as much as a thousand predictions.
    """
    made: dict[str, Any] = {}

    def document() -> dict[str, Any]:
        lineup = service.predictor.lineup
        manifest = lineup.manifest if lineup else None
        if "document" not in made or made["lineup"] is not lineup:
            plain = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            schemas = plain.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(_schemas(manifest, service.settings.rows))
            if lineup is not None:
                add_examples(plain, lineup)
            made.update(document=plain, lineup=lineup)
        whole: dict[str, Any] = made["document"]
        return whole

    async def answer(_: Request) -> Response:
        return json_response(await asyncio.to_thread(document))

    app.openapi = document  # type: ignore[method-assign]
    app.add_route(PATH, answer, include_in_schema=False)


def _schemas(manifest: Manifest | None, most_rows: int) -> JsonSchema:
    row = request_schema(manifest) if manifest else {"type": "object"}
    return {
        "Request": row,
        "Requests": {
            "type": "array",
            "minItems": 1,
            "maxItems": most_rows,
            "items": {"$ref": "#/components/schemas/Request"},
        },
        "Prediction": prediction_schema(manifest.output if manifest else "probability"),
        "Feedback": ONE.schema,
        "Problem": PROBLEM,
    }


def request_schema(manifest: Manifest) -> JsonSchema:
    """One request as JSON Schema: names, units, ranges, and a real example."""
    return {
        "type": "object",
        "title": manifest.title,
        "additionalProperties": False,
        "minProperties": 1,
        "required": [field.name for field in manifest.request if field.role == "event_time"],
        "properties": {field.name: field_schema(field) for field in manifest.request},
        "examples": [example_of(manifest)],
    }


def field_schema(field: RequestField) -> JsonSchema:
    """One field; every one but the prediction time may be null."""
    kind: JsonSchema
    if field.kind == "number":
        low, high = bounds(field)
        kind = {"type": "number", "minimum": low, "maximum": high}
    elif field.kind == "flag":
        kind = {"type": "boolean"}
    elif field.kind == "time":
        kind = {"type": "string", "format": "date-time"}
    else:
        kind = {"type": "string", "maxLength": LONGEST_TEXT, "pattern": "^[^\\u0000]*$"}
    if field.role != "event_time":
        kind["type"] = [kind["type"], "null"]
    if field.categories:
        kind["examples"] = [name for name in field.categories if name != "..."]
    return {**kind, **_words(field)}


def _words(field: RequestField) -> JsonSchema:
    known = f"known: {', '.join(field.categories)}" if field.categories else ""
    said = "; ".join(filter(None, (field.about, field.unit and f"in {field.unit}", known)))
    unit = {"x-unit": field.unit} if field.unit else {}
    return {"title": field.name, **({"description": said} if said else {}), "x-role": field.role, **unit}


def prediction_schema(output: str) -> JsonSchema:
    """What a client is told of one prediction."""
    properties: JsonSchema = {
        "prediction_id": {"type": "string", "format": "uuid", "description": "names it in feedback and explanations"},
        "score": {"type": "number", "minimum": 0, "maximum": 1, "description": output},
        "decision": {"type": "boolean", "description": "whether the score reaches the threshold"},
        "threshold": {"type": "number"},
        "model_version": {"type": "integer", "minimum": 1},
        "arm": {"type": "string", "description": "of the deployment: champion, or what the deployment calls it"},
        "experiment": {**TEXT_OR_NULL, "description": "experiment that the arm belongs to"},
        "fallback": {**TEXT_OR_NULL, "description": "why the champion answered for another arm"},
        "flags": {"type": "array", "items": {"type": "string"}, "description": "what was odd and accepted"},
        "latency_ms": {"type": "number", "minimum": 0, "description": "time in the predictor"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}
