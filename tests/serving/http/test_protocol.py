"""Connections that are given only so long; ``tests/serving/test_server.py`` has real sockets."""

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from serving.http.protocol import DeadlineProtocol, bounded
from serving.settings import ServingSettings

pytestmark = pytest.mark.unit


class Transport:
    """A transport with a buffer of a given size."""

    def __init__(self, buffered: int = 0) -> None:
        self.buffered, self.written, self.ended = buffered, b"", ""

    def get_extra_info(self, name: str) -> None:
        return None

    def is_closing(self) -> bool:
        return self.ended != ""

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"


def _connection(transport: Transport, begun: float = 0.0) -> Any:
    connection: Any = DeadlineProtocol.__new__(DeadlineProtocol)
    connection.transport, connection.begun, connection.stalled, connection.cycle = transport, begun, 0.0, None
    return connection


def test_a_request_that_takes_too_long_is_told_and_cut_off() -> None:
    transport = Transport()
    connection = _connection(transport, begun=10.0)
    connection.check(12.0, patience=3.0)
    assert transport.ended == ""
    connection.check(13.5, patience=3.0)
    assert transport.ended == "closed"
    assert transport.written.startswith(b"HTTP/1.1 408 ")


def test_an_idle_connection_is_left_to_keep_alive() -> None:
    transport = Transport()
    _connection(transport).check(1e6, patience=3.0)
    assert transport.ended == ""


def test_who_never_reads_the_answer_is_cut_off() -> None:
    transport = Transport(buffered=100)
    connection = _connection(transport)
    for now, ended in ((10.0, ""), (12.0, ""), (13.5, "aborted")):
        connection.check(now, patience=3.0)
        assert transport.ended == ended


def test_who_reads_slowly_but_reads_is_not() -> None:
    transport = Transport(buffered=100)
    connection = _connection(transport)
    connection.check(10.0, patience=3.0)
    transport.buffered = 0
    connection.check(12.0, patience=3.0)
    transport.buffered = 100
    connection.check(14.0, patience=3.0)
    assert transport.ended == ""


def test_the_number_of_connections_comes_from_the_settings() -> None:
    assert bounded(ServingSettings(connections=7)).limit == 7


@pytest.mark.parametrize(("length", "told"), [(65_000, b""), (66_000, b"HTTP/1.1 431 "), (100_000, b"HTTP/1.1 431 ")])
@pytest.mark.parametrize("where", ["header", "address"])
def test_a_head_that_comes_in_a_single_read_is_measured_too(length: int, told: bytes, where: str) -> None:
    transport = Transport()
    filler = b"y" * length
    address, value = (filler, b"") if where == "address" else (b"", filler)

    async def read() -> None:
        connection = _live(transport)
        connection.data_received(
            b"POST /%s HTTP/1.1\r\nHost: x\r\nx: %s\r\nContent-Length: 5\r\n\r\n" % (address, value)
        )

        assert transport.written.startswith(told)
        assert transport.ended == ("closed" if told else "")

    asyncio.run(read())


def _live(transport: Transport) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)

    protocol = bounded(ServingSettings())
    config = uvicorn.Config(app, http=protocol, ws="none", lifespan="off", log_config=None)
    config.load()
    connection = protocol(config, ServerState(), {}, asyncio.get_running_loop())
    connection.connection_made(transport)  # type: ignore[arg-type]
    return connection
