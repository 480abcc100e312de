"""Calling an app in this process, without a socket."""

import asyncio
from types import TracebackType
from typing import Any

import httpx


class AsgiClient:
    """One client on an event loop of its own, or on another's."""

    def __init__(self, app: Any, runner: asyncio.Runner | None = None) -> None:
        self.app = app
        self.runner = runner or asyncio.Runner()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://server")

    def __enter__(self) -> "AsgiClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.runner.run(self.client.aclose())
        self.runner.close()

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Send one request and wait."""
        return self.runner.run(self.client.request(method, path, **given))

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.request("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.request("POST", path, **given)
