"""What passes between a server and its shadows' process: a JSON head and raw bytes, each with its length before it."""

import asyncio
import socket
import struct
from typing import Any

import orjson

LENGTHS = struct.Struct("!II")
Frame = tuple[dict[str, Any], bytes]


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    text = orjson.dumps(head)
    return LENGTHS.pack(len(text), len(body)) + text + body


async def read(stream: asyncio.StreamReader) -> Frame:
    """
    Raises:
        asyncio.IncompleteReadError: the other side is gone.
    """
    head, body = LENGTHS.unpack(await stream.readexactly(LENGTHS.size))
    text = await stream.readexactly(head)
    return orjson.loads(text), await stream.readexactly(body)


def receive(connection: socket.socket) -> Frame | None:
    """The next frame, waiting for it; none when the other side is gone."""
    lengths = _exactly(connection, LENGTHS.size)
    if lengths is None:
        return None
    head, body = LENGTHS.unpack(lengths)
    text, rest = _exactly(connection, head), _exactly(connection, body)
    return None if text is None or rest is None else (orjson.loads(text), rest)


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)
