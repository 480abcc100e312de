"""What a request may cost before anything reads it: bytes, encodings, and how many there are at once.

Time is watched by the connection itself: see ``protocol``. Depth is bounded by both JSON parsers, at 200 and 1,024.
"""

import time
from collections.abc import Callable, Sequence

from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import Overloaded
from serving.http.problems import TooLargeError, answer, problem
from serving.metrics import Metrics
from serving.settings import ServingSettings

ALWAYS = frozenset({"/healthz/live", "/healthz/ready", "/metrics", "/ping", "/v2/health/live", "/v2/health/ready"})
"""Paths that answer however many requests there are."""
CROWDED = "understudy.crowded"
"""Set in the scope of requests that came over a connection beyond the limit."""
SHED = "understudy.shed"
"""Set in the scope of requests that were told to come back later."""
GONE = 499
"""What proxies log where the client left, or the connection told it so already: nobody was there to be answered."""


class Limits:
    """Outermost layer: refuses, counts and times. Streams: it never holds a body."""

    def __init__(
        self,
        app: ASGIApp,
        settings: ServingSettings,
        metrics: Metrics,
        ending: Callable[[], bool] = lambda: False,
        routes: Sequence[BaseRoute] = (),
    ) -> None:
        """
        Args:
            ending: whether the server is about to end; then every answer asks its client to connect anew elsewhere.
            routes: of the app; a request that is refused here is counted under the one it was meant for.
        """
        self.app, self.settings, self.metrics, self.ending, self.routes = app, settings, metrics, ending, routes
        self.active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), GONE

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status == 429:
                    scope[SHED] = True
                if self.ending():
                    message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        counted = scope["path"] not in ALWAYS
        self.active += counted
        try:
            await self._pass(scope, receive, watched, counted)
        except BaseException:
            status = 500 if status == GONE else status
            raise
        finally:
            self.active -= counted
            self.metrics.answered(scope, status, time.perf_counter() - start)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, counted: bool) -> None:
        length, encoding = _said(scope)
        crowded = counted and (self.active > self.settings.concurrency or CROWDED in scope)
        refusal = self._refusal(scope["path"], crowded, length, encoding)
        if refusal is None:
            await self.app(scope, self._capped(receive) if length is None else receive, send)
            return
        if (route := self._route(scope)) is not None:
            scope["route"] = route
        await refusal(scope, receive, send)

    def _refusal(self, path: str, crowded: bool, length: int | None, encoding: bytes) -> Response | None:
        if crowded:
            return problem(Overloaded("Too many requests at once."), path)
        if encoding not in (b"", b"identity"):
            said = {
                "code": "encoding",
                "field": None,
                "row": None,
                "what": "The body is compressed.",
                "fix": "Send it without Content-Encoding.",
            }
            return answer(415, said, path, {"accept-encoding": "identity"})
        if length is not None and length > self.settings.body:
            return problem(self._too_large(), path)
        return None

    def _route(self, scope: Scope) -> BaseRoute | None:
        return next((route for route in self.routes if route.matches(scope)[0] is not Match.NONE), None)

    def _capped(self, receive: Receive) -> Receive:
        """Count the bytes of a body of unknown length (chunked), and refuse the one that is too many."""
        taken = 0

        async def capped() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.settings.body:
                raise self._too_large()
            return message

        return capped

    def _too_large(self) -> TooLargeError:
        return TooLargeError(
            f"The body has more than {self.settings.body:,} bytes.", "Send the rows in several requests."
        )


def _said(scope: Scope) -> tuple[int | None, bytes]:
    """What the headers say of the body: its length, and how it is encoded."""
    length: int | None = None
    encoding = b""
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = int(value)
        elif name == b"content-encoding":
            encoding = value.strip().lower()
    return length, encoding
