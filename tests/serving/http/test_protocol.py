"""Connections that are given only so long; ``tests/serving/test_server.py`` has real sockets."""

from typing import Any

import pytest

from serving.http.protocol import DeadlineProtocol, bounded
from serving.settings import ServingSettings

pytestmark = pytest.mark.unit


class Transport:
    """A transport with a buffer of a given size."""

    def __init__(self, buffered: int = 0) -> None:
        self.buffered, self.written, self.ended = buffered, b"", ""

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
