"""``POST /v1/explain``: what moved a score."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from serving.errors import Overloaded
from serving.explain import Explanation
from serving.http.problems import NotFoundError
from serving.http.reading import Reader
from serving.http.route import COMMON, add_route, json_response
from serving.refusals import LONGEST_TEXT, RowError
from serving.service import Service

AT_ONCE = 2
"""Explanations cost a thousand predictions; this many are made at once, so that threads are left for predictions."""
MOST_WAITING = 64


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

    turns = asyncio.Semaphore(AT_ONCE)
    waiting = 0

    async def explain(request: Request) -> Response:
        """The features that moved one score, in its units: of a request now, or of a prediction that was answered."""
        asked = QUESTION.read(await request.body())
        if (asked.request is None) == (asked.prediction_id is None):
            raise RowError("The body names neither or both.", "Give either request or prediction_id.")
        nonlocal waiting
        if waiting >= MOST_WAITING:
            raise Overloaded(f"{waiting} requests wait to be explained.")
        waiting += 1
        try:
            async with turns:
                return json_response(asdict(await _reasons(service, asked)))
        finally:
            waiting -= 1

    add_route(
        router,
        "POST",
        "/v1/explain",
        explain,
        body=BODY,
        answer={"type": "object"},
        errors=(404, 409, *COMMON),
        summary="Explain",
        tags=["predictions"],
    )


async def _reasons(service: Service, asked: Question) -> Explanation:
    if asked.request is not None:
        return await service.predictor.explain(service.schema.check([asked.request])[0])
    stored = await _stored(service, str(asked.prediction_id))
    return await service.predictor.explain_prediction(stored, service.watcher.recall.model)


async def _stored(service: Service, prediction_id: str) -> dict[str, Any]:
    stored = await asyncio.to_thread(service.ledger.prediction, prediction_id)
    if stored is None or stored["problem"] != service.spec.name:
        raise NotFoundError(
            f"There is no prediction {prediction_id!r}.", "Use the prediction_id of an answer.", "prediction_id"
        )
    return stored
