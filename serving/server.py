"""A server's life: bind, get ready, answer, and end without losing what it accepted."""

import asyncio
import gc
import logging
import math
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import uvicorn
from fastapi import FastAPI

from serving.app import create_admin, create_app
from serving.http.protocol import bounded, sweep
from serving.service import Service
from serving.settings import ServingSettings
from serving.sparing_log import Sparing
from understudy.errors import MachineError

SIGNALS = (signal.SIGTERM, signal.SIGINT)
BACKLOG = 2048


class Listeners:
    """The two sockets, bound before anything heavy, so that a taken port is known at once."""

    def __init__(self, settings: ServingSettings) -> None:
        self.public = _bind(settings.host, settings.port, "--port")
        try:
            self.admin = _bind(settings.admin_host, settings.admin_port, "--admin-port")
        except MachineError:
            self.public.close()
            raise

    def close(self) -> None:
        """Let go of both ports."""
        self.public.close()
        self.admin.close()

    @property
    def addresses(self) -> tuple[str, str]:
        """URLs of the public and of the admin app."""
        return _url(self.public), _url(self.admin)


def run(service: Service, listeners: Listeners, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT; returns when everything accepted was answered and stored.

    Args:
        on_ready: called once, when the sockets are open and the service's parts have started.
    """
    import uvloop

    logging.getLogger("understudy.serving").addFilter(Sparing())
    uvloop.run(_serve(service, listeners, on_ready))


async def _serve(service: Service, listeners: Listeners, on_ready: Callable[[], None]) -> None:
    settings, stop = service.settings, asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    admin, public = _server(create_admin(service), settings), _server(create_app(service), settings)
    try:
        async with _listening(admin, listeners.admin, settings), _listening(public, listeners.public, settings):
            await _unless(stop, service.start())
            if not stop.is_set():
                _spare_collections()
                on_ready()
                await stop.wait()
            service.draining = True
            await asyncio.sleep(settings.notice)
    finally:
        await service.stop()


def _spare_collections() -> None:
    """Leave what was made at the start out of garbage collections, each of which would stop every answer to walk it."""
    gc.collect()
    gc.freeze()


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, or give it up when the server is told to stop."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in (working, stopping):
        if not task.done():
            task.cancel()
    with suppress(asyncio.CancelledError):
        await working


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: they are the whole server's, and uvicorn would raise them again after its shutdown."""
        yield


def _server(app: FastAPI, settings: ServingSettings) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            app,
            loop="none",
            http=bounded(settings),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="error",  # not one line for each client that speaks no HTTP
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=math.ceil(settings.keep_alive),
            timeout_graceful_shutdown=math.ceil(settings.drain),
            backlog=BACKLOG,
        )
    )


@asynccontextmanager
async def _listening(server: uvicorn.Server, listener: socket.socket, settings: ServingSettings) -> AsyncIterator[None]:
    """Answer on a socket; on leaving, stop listening and wait until what was accepted is answered."""
    serving = asyncio.create_task(server.serve([listener]))
    watching = asyncio.create_task(sweep(server.server_state.connections, settings.receive))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        await serving
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def _bind(host: str, port: int, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise MachineError(
            f"Port {port} on {host} cannot be had: {reason}.", f"Choose another with {option}, or end what holds it."
        ) from error
    listener.setblocking(False)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
