"""MLflow's scoring protocol: ``/invocations``, ``/ping`` and ``/version``."""

import csv
import io
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response

from serving.http.problems import answer
from serving.http.route import COMMON, add_route, json_response
from serving.http.status import require_ready
from serving.refusals import NotJsonError, RowError
from serving.service import Service
from serving.weight import LINES, LISTS, refuse_heavy
from understudy.bundle.manifest import RequestField

FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
WANTED = f"Send JSON with one of {', '.join(FORMS)}, or CSV with a line of names."
FLAGS = {"true": True, "false": False, "1": True, "0": False}
Rows = list[dict[str, Any]]

RECORDS = {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Request"}}
COLUMNS = {"type": "object", "additionalProperties": {"type": "array"}}
SPLIT = {
    "type": "object",
    "required": ["columns", "data"],
    "properties": {
        "columns": {"type": "array", "items": {"type": "string"}},
        "data": {"type": "array", "items": {"type": "array"}},
    },
}
SHAPES = {"dataframe_split": SPLIT, "dataframe_records": RECORDS, "instances": RECORDS, "inputs": COLUMNS}
BODY = {"oneOf": [{"type": "object", "required": [name], "properties": {name: SHAPES[name]}} for name in FORMS]}
ANSWER = {
    "type": "object",
    "required": ["predictions", "prediction_ids"],
    "properties": {
        "predictions": {"type": "array", "items": {"type": "number"}, "description": "scores, as pyfunc gives them"},
        "prediction_ids": {"type": "array", "items": {"type": "string"}},
    },
}


def add_invocations(router: APIRouter, service: Service) -> None:
    """Add the routes."""

    async def invocations(request: Request) -> Response:
        """Score a frame as MLflow's clients send it; routed and stored like any other prediction."""
        media = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
        body = await request.body()
        schema = service.schema
        refuse_heavy(body, schema.most_rows, len(schema.fields), LINES if media == "text/csv" else LISTS)
        if media == "text/csv":
            rows = _from_csv(body, schema.fields)
        elif media == "application/json":
            rows = _from_json(body)
        else:
            said = {
                "code": "media_type",
                "field": None,
                "row": None,
                "what": f"{media[:80]} is not read.",
                "fix": WANTED,
            }
            return answer(415, said)
        predictions = await service.predict(schema.check(rows))
        return json_response(
            {
                "predictions": [prediction.score for prediction in predictions],
                "prediction_ids": [prediction.id for prediction in predictions],
            }
        )

    async def ping(request: Request) -> Response:  # noqa: ARG001
        """Whether the server takes requests."""
        require_ready(service)
        return json_response({})

    async def about(request: Request) -> Response:  # noqa: ARG001
        """Version of this project."""
        return Response(version("understudy"), media_type="text/plain")

    tags: dict[str, Any] = {"tags": ["mlflow"]}
    body = {"application/json": BODY, "text/csv": {"type": "string", "minLength": 1}}
    add_route(router, "POST", "/invocations", invocations, body=body, answer=ANSWER, errors=COMMON, **tags)
    add_route(router, "GET", "/ping", ping, answer={"type": "object"}, errors=(503,), **tags)
    add_route(router, "GET", "/version", about, answer={"type": "string"}, errors=(429,), media="text/plain", **tags)


def _from_json(body: bytes) -> Rows:
    try:
        asked = from_json(body)
    except ValueError as error:
        raise NotJsonError(f"The body is not JSON: {error}.", WANTED) from None
    forms = [name for name in FORMS if name in asked] if isinstance(asked, dict) else []
    if len(forms) != 1:
        raise RowError("The body has none, or several, of the forms of a frame.", WANTED)
    form = forms[0]
    given = asked[form]
    rows = _from_split(given) if form == "dataframe_split" else given
    if isinstance(rows, dict):
        rows = _from_columns(rows, form)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RowError(f"{form} holds no rows with names.", WANTED, form)
    # MLflow's clients write a missing number as NaN.
    return [{name: None if value != value else value for name, value in row.items()} for row in rows]


def _from_split(given: Any) -> Rows:
    columns = given.get("columns") if isinstance(given, dict) else None
    data = given.get("data") if isinstance(given, dict) else None
    if (
        not isinstance(columns, list)
        or not all(isinstance(name, str) for name in columns)
        or not isinstance(data, list)
    ):
        raise RowError("dataframe_split needs columns and data.", WANTED, "dataframe_split")
    if len(set(columns)) < len(columns):
        raise RowError("dataframe_split names a column twice.", "Give each column once.", "columns")
    for number, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(columns):
            fix = f"Give it {len(columns)} values, one for each column."
            raise RowError(f"Row {number} of data does not fit the columns.", fix, "data", number)
    return [dict(zip(columns, row, strict=True)) for row in data]


def _from_columns(columns: Mapping[str, Any], form: str) -> Rows:
    lists = {name: _column(values) for name, values in columns.items()}
    if len({len(values) for values in lists.values()}) != 1:
        raise RowError(f"The columns of {form} differ in length, or there are none.", WANTED, form)
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def _column(values: Any) -> Sequence[Any]:
    if not isinstance(values, list):
        return [values]
    return [value[0] if isinstance(value, list) and len(value) == 1 else value for value in values]


def _from_csv(body: bytes, fields: Mapping[str, RequestField]) -> Rows:
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RowError(f"The body is not CSV in UTF-8: {error}.", WANTED) from None
    names = lines[0] if lines else []
    rows = [line for line in lines[1:] if line]
    split = _from_split({"columns": names, "data": rows})
    return [
        {name: _cell(text, fields.get(name), number) for name, text in row.items()} for number, row in enumerate(split)
    ]


def _cell(text: str, field: RequestField | None, row: int) -> Any:
    if text == "":
        return None
    if field is None or field.kind in ("category", "time"):
        return text
    if field.kind == "flag":
        return FLAGS.get(text.strip().lower(), text)
    try:
        return float(text)
    except ValueError:
        raise RowError(f"Row {row}: {field.name} is not a number.", "Write numbers as 12.5.", field.name, row) from None
