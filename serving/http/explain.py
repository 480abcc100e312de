"""``POST /v1/explain``: what moved a score."""

import asyncio
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from serving.http.problems import NotFoundError
from serving.http.reading import Reader
from serving.http.route import COMMON, add_route, json_response
from serving.schema import LONGEST_TEXT, RowError
from serving.service import Service


class Question(BaseModel):
    """Either a request, or the id of a prediction that was answered."""

    model_config = ConfigDict(extra="forbid")

    request: dict[str, Any] | None = None
    prediction_id: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")] | None = None


QUESTION: Reader[Question] = Reader(Question)
BODY = {
    "oneOf": [
        {
            "type": "object",
            "required": ["request"],
            "additionalProperties": False,
            "properties": {"request": {"$ref": "#/components/schemas/Request"}},
        },
        {
            "type": "object",
            "required": ["prediction_id"],
            "additionalProperties": False,
            "properties": {
                "prediction_id": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": LONGEST_TEXT,
                    "pattern": "^[^\\u0000]*$",
                }
            },
        },
    ]
}


def add_explain(router: APIRouter, service: Service) -> None:
    """Add the route."""

    async def explain(request: Request) -> Response:
        """The features that moved one score, in its units: of a request now, or of a prediction that was answered."""
        asked = QUESTION.read(await request.body())
        if (asked.request is None) == (asked.prediction_id is None):
            raise RowError("The body names neither or both.", "Give either request or prediction_id.")
        if asked.request is not None:
            reasons = await service.predictor.explain(service.schema.check([asked.request])[0])
        else:
            reasons = await service.predictor.explain_prediction(await _stored(service, str(asked.prediction_id)))
        return json_response(asdict(reasons) if is_dataclass(reasons) else reasons)

    add_route(
        router,
        "POST",
        "/v1/explain",
        explain,
        body=BODY,
        answer={"type": "object"},
        errors=(404, *COMMON),
        summary="Explain",
        tags=["predictions"],
    )


async def _stored(service: Service, prediction_id: str) -> dict[str, Any]:
    stored = await asyncio.to_thread(service.ledger.prediction, prediction_id)
    if stored is None or stored["problem"] != service.spec.name:
        raise NotFoundError(
            f"There is no prediction {prediction_id!r}.", "Use the prediction_id of an answer.", "prediction_id"
        )
    return stored
