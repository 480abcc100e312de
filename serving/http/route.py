"""Routes that take the request as it came and give a finished response."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from serving.http.problems import PROBLEM

Endpoint = Callable[[Request], Awaitable[Response]]

PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
MEANINGS = {
    400: "The body is not JSON",
    401: "The token is missing or wrong",
    404: "There is nothing of that name",
    408: "The body did not arrive in time",
    409: "Another change came first",
    413: "More bytes or rows than the server takes",
    415: "A compressed body, or a media type that this path does not read",
    422: "The error names the field and what to do",
    429: "Too many requests at once: Retry-After",
    503: "Not ready, or the store cannot be reached: Retry-After",
}
LINE = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
"""How the Open Inference Protocol tells of an error."""
COMMON = (400, 408, 413, 415, 422, 429, 503)


class RawRoute(APIRoute):
    """The endpoint is called with the request alone: no dependency injection, no model for each request or answer."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint


def add_route(
    router: APIRouter,
    method: str,
    path: str,
    endpoint: Endpoint,
    *,
    answer: Mapping[str, Any],
    body: Mapping[str, Any] | None = None,
    errors: tuple[int, ...] = (),
    media: str = "application/json",
    error_media: str = PROBLEM,
    model: str = "",
    **documented: Any,
) -> None:
    """Add a raw route, with schemas for its description: ``body`` by media type or as JSON, ``answer`` as ``media``;
    ``model`` is the name in the path."""
    error = PROBLEM_SCHEMA if error_media == PROBLEM else LINE
    described: dict[int | str, dict[str, Any]] = {
        status: _response(MEANINGS[status], error, error_media) for status in errors
    }
    extra: dict[str, Any] = {"parameters": _parameters(model, path)} if model else {}
    if body is not None:
        by_media = any("/" in key for key in body)
        content = {
            kind: {"schema": schema} for kind, schema in (body if by_media else {"application/json": body}).items()
        }
        extra["requestBody"] = {"required": True, "content": content}
    router.add_api_route(
        path,
        endpoint,
        methods=[method],
        response_model=None,
        response_class=Response,
        responses={200: _response("Answered", answer, media), **described},
        openapi_extra=extra,
        route_class_override=RawRoute,
        **documented,
    )


def _parameters(model: str, path: str) -> list[dict[str, Any]]:
    said = {"name": ({"type": "string", "enum": [model]}, "the problem")}
    if "{version}" in path:
        said["version"] = ({"type": "string", "pattern": "^[1-9][0-9]{0,8}$"}, "a version that its metadata lists")
    return [
        {"name": name, "in": "path", "required": True, "schema": schema, "description": words}
        for name, (schema, words) in said.items()
    ]


def _response(description: str, schema: Mapping[str, Any], media: str) -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": schema}}}


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response from what orjson can write."""
    return Response(orjson.dumps(value, option=orjson.OPT_NAIVE_UTC), status, headers, "application/json")
