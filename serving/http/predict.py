"""``POST /v1/predict``: the fast path."""

from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.problems import problem
from serving.http.route import COMMON, add_route
from serving.schema import is_list
from serving.service import Service
from understudy.errors import UnderstudyError
from understudy.records import Prediction

PATH = "/v1/predict"
JSON = (b"content-type", b"application/json")


def add_predict(router: APIRouter, service: Service) -> None:
    """Add the route: its description, other methods, and what ``Shortcut`` does for one that comes by here."""

    async def predict(request: Request) -> Response:
        """Score one request, or a list of them. The answer leaves when it is stored."""
        return Response(await answer(service, await request.body()), media_type="application/json")

    one, many = {"$ref": "#/components/schemas/Request"}, {"$ref": "#/components/schemas/Requests"}
    prediction = {"$ref": "#/components/schemas/Prediction"}
    add_route(
        router,
        "POST",
        PATH,
        predict,
        body={"anyOf": [one, many]},
        answer={"anyOf": [prediction, {"type": "array", "items": prediction}]},
        errors=COMMON,
        summary="Predict",
        tags=["predictions"],
    )


class Shortcut:
    """Takes predictions past the router and the layers around it, which cost as much as the rest of HTTP together."""

    def __init__(self, app: ASGIApp, service: Service, router: APIRouter) -> None:
        self.app, self.service = app, service
        self.route = next(route for route in router.routes if isinstance(route, APIRoute) and route.path == PATH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        scope["route"] = self.route
        try:
            said = await answer(self.service, await _body(receive))
        except UnderstudyError as error:
            await problem(error, PATH)(scope, receive, send)
        except ClientDisconnect:
            return
        else:
            headers = [JSON, (b"content-length", b"%d" % len(said))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": said})


async def answer(service: Service, body: bytes) -> bytes:
    """From the bytes of a request to those of its answer.

    Raises:
        UnderstudyError: see ``RequestSchema.parse`` and ``Predictor.predict``.
    """
    predictions = await service.predict(service.schema.parse(body))
    answers = [answer_of(prediction) for prediction in predictions]
    return orjson.dumps(answers if is_list(body) else answers[0])


def answer_of(prediction: Prediction) -> dict[str, Any]:
    """What a client is told of a prediction."""
    return {
        "prediction_id": prediction.id,
        "score": prediction.score,
        "decision": prediction.decision,
        "threshold": prediction.threshold,
        "model_version": prediction.version,
        "arm": prediction.arm,
        "experiment": prediction.experiment or None,
        "fallback": prediction.fallback or None,
        "flags": prediction.flags,
        "latency_ms": prediction.latency_ms,
    }


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts = [body]
        while message.get("more_body"):
            message = await receive()
            parts.append(message.get("body", b""))
        body = b"".join(parts)
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return body
