"""Errors as HTTP: one shape, one place.

``{"error": {"code", "field", "row", "what", "fix"}}`` with media type ``application/problem+json``; under ``/v2`` the
one line of text that the Open Inference Protocol asks for.
"""

import logging
import math
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from serving.errors import ModelFailed, NotReady, Overloaded
from serving.refusals import NotJsonError, TooManyRowsError
from understudy.errors import (
    BundleError,
    ConflictError,
    DataError,
    DeploymentError,
    MachineError,
    RegistryError,
    RequestError,
    StoreError,
    UnderstudyError,
)

PROBLEM = "application/problem+json"
WORDS = {
    404: ("not_found", "There is nothing at this path.", "GET /docs lists what there is."),
    405: ("method", "This path does not take that method.", "The header Allow names those it takes."),
}

log = logging.getLogger("understudy.serving")


class TooLargeError(RequestError):
    """The body is longer than the server takes."""

    code = "too_large"


class NotFoundError(RequestError):
    """What the request names is not there."""

    code = "not_found"


class MediaTypeError(RequestError):
    """The body is not said to be what the path takes."""

    code = "media_type"


STATUSES: tuple[tuple[type[UnderstudyError], int], ...] = (
    (NotJsonError, 400),
    (NotFoundError, 404),
    (MediaTypeError, 415),
    (TooManyRowsError, 413),
    (TooLargeError, 413),
    (RequestError, 422),
    (DataError, 422),
    (ConflictError, 409),
    (DeploymentError, 409),
    (ModelFailed, 500),
    (BundleError, 409),
    (Overloaded, 429),
    (NotReady, 503),
    (StoreError, 503),
    (RegistryError, 503),
    (MachineError, 503),
)
"""The first class that fits counts."""
HIDDEN = (StoreError, RegistryError, MachineError)
"""What says where things are; clients are told that they cannot be had, and the log says where."""
AWAY = ("A store of this server cannot be used at present.", "Send it again later; the server's log says why.")


def status_of(error: UnderstudyError) -> int:
    """Status code of an error; 500 for what nobody foresaw."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def problem(error: UnderstudyError, path: str = "", **more: Any) -> Response:
    """The response that tells of an error."""
    status = status_of(error)
    if status >= 500:
        log.error("%s %s", error.code, error)
    what, fix = AWAY if isinstance(error, HIDDEN) else (error.what, error.fix)
    said = {
        "code": error.code,
        "field": getattr(error, "field", "") or None,
        "row": getattr(error, "row", None),
        "what": what,
        "fix": fix,
        **more,
    }
    again = {"retry-after": str(math.ceil(getattr(error, "retry_after", 1.0)))} if status in (429, 503) else None
    return answer(status, said, path, again)


def answer(status: int, said: Mapping[str, Any], path: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """A problem in the form that the callers of a path expect."""
    if path == "/v2" or path.startswith("/v2/"):
        text = f"{said['what']} {said.get('fix', '')}".strip()
        return Response(orjson.dumps({"error": text}), status, headers, "application/json")
    return Response(orjson.dumps({"error": said}), status, headers, PROBLEM)


def handle_problems(app: FastAPI) -> None:
    """Have the app answer every error in this form."""
    app.add_exception_handler(UnderstudyError, _understudy)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


async def _understudy(request: Request, error: Exception) -> Response:
    assert isinstance(error, UnderstudyError)  # noqa: S101
    newest = getattr(error, "newest", None)
    more = {"revision": newest} if newest is not None else {}
    return problem(error, request.scope["path"], **more)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    not_json = first["type"] == "json_invalid"
    place = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
    row = next((int(part) for part in place if part.isdigit()), None)
    names = [part for part in place if not part.isdigit()]
    said = {
        "code": "not_json" if not_json else "request",
        "field": None if not_json else ".".join(names) or None,
        "row": None if not_json else row,
        "what": f"{'The body is not JSON' if not_json else '.'.join(place) or 'The body'}: {first['msg']}.",
        "fix": "GET /docs shows what this path takes.",
    }
    return answer(400 if not_json else 422, said, request.scope["path"])


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    code, what, fix = WORDS.get(error.status_code, ("http", str(error.detail), ""))
    said = {"code": code, "field": None, "row": None, "what": what, "fix": fix}
    return answer(error.status_code, said, request.scope["path"], error.headers)


async def _gone(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Nobody is there to read it; 499 is what proxies log for this."""
    return Response(status_code=499)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    said = {"code": "unexpected", "field": None, "row": None, "what": "The server failed.", "fix": "Its log says more."}
    return answer(500, said, request.scope["path"])
