"""Clients that mean harm, by what they do. ``python abusers.py NAME URL SECONDS`` says what they were told, as JSON."""

import asyncio
import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle
from urllib.parse import urlsplit

MEGABYTE = 2**20
BODY = 5 * MEGABYTE - 64
"""Just what a server takes."""
AT = b'"asked_at":"2026-03-01T08:15:00"'
PATHS = ("/v1/predict", "/v1/feedback", "/v1/explain", "/invocations", "/v2/models/toy/infer")
BROKEN = 0
"""What stands for a status where the server closed the connection without a word."""
PACE = 0.2
"""Seconds that each of two rests between its requests: many more a second are a flood, for a firewall to stop."""
TRICKLERS = 200

Told = Counter[int]


def many(before: bytes, item: bytes, after: bytes) -> bytes:
    """A body of as many items as a server takes bytes."""
    return (before + item * ((BODY - len(before) - len(after)) // len(item))).removesuffix(b",") + after


def bombs() -> Iterator[bytes]:
    """JSON that takes a hundred times its bytes once it is parsed, or a long time."""
    chain = b"[" * 100 + b"]" * 100 + b","
    yield from (b"[" * BODY, many(b"", b'{"a":', b""), many(b"[", chain, b"]"))
    yield from (many(b"[", item, b"]") for item in (b"[],", b"{},", b"0,", b'"",'))
    yield from (many(b"{" + AT + b",", b'"a":0,', b"}"), many(b"[{" + AT + b",", b'"a":0,', b"}]"))
    yield many(b"[", b'{"asked_at":7,"size":"a","b":0},', b"]")
    keys = b",".join(b'"%06d":0' % number for number in range(100_000))
    yield b"[{" + AT + b"," + keys + b"}" + b",{}" * 9_999 + b"]"
    yield from (many(b'{"instances":[', b"{},", b"]}"), many(b'{"inputs":{"a":[', b"[],", b"]}}"))
    yield many(b'{"dataframe_split":{"columns":["a"],"data":[', b"[],", b"]}}")
    yield b'{"town":"' + b"\\u0041" * (BODY // 6 - 2) + b'"}'


def tensors() -> Iterator[bytes]:
    """Five million flags as a binary tensor, and a shape of more rows than there are."""
    for rows in (BODY - 200, 10**12):
        said = {"name": "insured", "shape": [rows], "datatype": "BOOL"}
        head = json.dumps({"inputs": [{**said, "parameters": {"binary_data_size": BODY - 200}}]}).encode()
        extra = f"Inference-Header-Content-Length: {len(head)}\r\n"
        yield post(PATHS[-1], head + bytes(BODY - 200), extra)


def oddities() -> Iterator[bytes]:
    """Small bodies that parsers disagree about."""
    for odd in (b"NaN", b"-Infinity", b"1e999", b"-1e999", b"9" * 5_000, b"1e-999", b"0x10", b"[1]", b"{}"):
        yield b"{" + AT + b',"size":' + odd + b"}"
        yield b'{"key":"a","value":' + odd + b"}"
        yield b'{"instances":[{' + AT + b',"size":' + odd + b"}]}"
        yield b'{"inputs":[{"name":"size","datatype":"FP64","shape":[1],"data":[' + odd + b"]}]}"
    yield from (
        b'{"key":"a","key":"b","value":1}',
        b"{" + AT + b',"size":1,"si\\u007ae":2}',
        b"\xff\xfe",
        b'{"a":"\\ud800"}',
    )


def post(path: str, body: bytes, extra: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{extra}\r\n".encode() + body


def everywhere(bodies: Iterator[bytes], extra: str = "") -> list[Callable[[], bytes]]:
    """Each body to each path; made when it is sent, so that they are not all held."""
    return [lambda path=path, body=body: post(path, body, extra) for body in bodies for path in PATHS]


def chunked(chunk: bytes, size: int) -> Iterator[bytes]:
    """A request in chunks, of altogether so many bytes on the wire."""
    yield b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = b"%x\r\n%b\r\n" % (len(chunk), chunk)
    block = whole * max(1, 65_536 // len(whole))
    yield from (block for _ in range(size // len(block)))
    yield b"0\r\n\r\n"


def heads() -> Iterator[Iterator[bytes]]:
    """One endless header, endlessly many, and an endless path."""
    start = b"GET /v1/model HTTP/1.1\r\nHost: x\r\n"
    yield from (iter([start, b"x: ", *[b"y" * 65_536] * 600]), iter([start, *[b"a: b\r\n" * 10_000] * 100]))
    yield iter([b"GET /", *[b"z" * 65_536] * 600])


async def asked(url: str, pieces: Iterator[bytes], told: Told) -> None:
    """Send a request on a connection of its own, as fast as the server reads, and note the first answer."""
    parts = urlsplit(url)
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except OSError:
        told[BROKEN] += 1
        return
    try:
        answer = asyncio.create_task(reader.readuntil(b"\r\n"))
        for piece in pieces:
            if answer.done():
                break
            writer.write(piece)
            await writer.drain()
        told[int((await asyncio.wait_for(answer, 30))[9:12])] += 1
    except (OSError, asyncio.IncompleteReadError):
        told[BROKEN] += 1
    finally:
        answer.cancel()
        writer.close()


async def over_and_over(url: str, requests: list[Callable[[], Iterator[bytes]]], told: Told) -> None:
    """Two clients that send one after another."""
    turn = cycle(requests)

    async def client() -> None:
        while True:
            await asked(url, next(turn)(), told)
            await asyncio.sleep(PACE)

    await asyncio.gather(client(), client())


async def trickle(url: str, told: Told) -> None:
    """Clients that send a request byte by byte, each anew when it is cut off."""
    body = post("/v1/predict", b"{" + AT + b"}")

    async def client(number: int) -> None:
        parts = urlsplit(url)
        while True:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            answer = asyncio.create_task(reader.readuntil(b"\r\n"))
            for place in range(len(body)):
                writer.write(body[place : place + 1])
                await asyncio.wait({answer}, timeout=0.25 + number / TRICKLERS)
                if answer.done():
                    break
            told[int(answer.result()[9:12]) if answer.done() and not answer.exception() else BROKEN] += 1
            writer.close()

    await asyncio.gather(*(client(number) for number in range(TRICKLERS)))


async def never_read(url: str, told: Told) -> None:
    """Clients that ask for much, again and again, and read nothing."""
    parts = urlsplit(url)
    rows = post("/v1/predict", b"[" + b",".join([b"{" + AT + b"}"] * 500) + b"]")

    async def client() -> None:
        while True:
            _, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            try:
                for _ in range(20):
                    writer.write(rows)
                    await asyncio.wait_for(writer.drain(), 10)
                    told[BROKEN] += 1
                    await asyncio.sleep(PACE)
            except (OSError, TimeoutError):
                told[BROKEN] += 1
            finally:
                writer.close()

    await asyncio.gather(client(), client())


def whole(requests: list[Callable[[], bytes]]) -> list[Callable[[], Iterator[bytes]]]:
    return [lambda make=make: iter([make()]) for make in requests]


def crowd(url: str, told: Told, connections: int = 700) -> Awaitable[None]:
    """More requests at once than a server takes, each sent anew as soon as it is answered; BROKEN lacks Retry-After."""

    async def client() -> None:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while True:
            writer.write(post("/v1/predict", b"{" + AT + b"}"))
            head = await reader.readuntil(b"\r\n\r\n")
            told[int(head[9:12]) if head[9:12] not in (b"429", b"503") or b"retry-after: " in head else BROKEN] += 1
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))

    return asyncio.gather(*(client() for _ in range(connections)))


def sender(*requests: Callable[[], Iterator[bytes]]) -> Callable[[str, Told], Awaitable[None]]:
    return lambda url, told: over_and_over(url, list(requests), told)


GZIP = "Content-Encoding: gzip\r\n"
ABUSES: dict[str, Callable[[str, Told], Awaitable[None]]] = {
    "JSON bombs": lambda url, told: over_and_over(url, whole(everywhere(bombs())), told),
    "tensor bombs": lambda url, told: over_and_over(url, whole([lambda t=t: t for t in tensors()]), told),
    "CSV bombs": lambda url, told: over_and_over(
        url,
        whole(
            [
                lambda body=body: post("/invocations", body).replace(b"application/json", b"text/csv")
                for body in (b"\n" * BODY, b"a,b\n" * (BODY // 4), b"," * BODY, b'"' * BODY)
            ]
        ),
        told,
    ),
    "gzip bombs": lambda url, told: over_and_over(
        url, whole(everywhere(iter([gzip.compress(bytes(100 * MEGABYTE), 1)]), GZIP)), told
    ),
    "odd numbers and keys": lambda url, told: over_and_over(url, whole(everywhere(oddities())), told),
    "50 MB in chunks": sender(lambda: chunked(b" " * 65_536, 50 * MEGABYTE)),
    "chunks of a byte": sender(lambda: chunked(b" ", 50 * MEGABYTE)),
    "endless heads": sender(*[lambda n=n: list(heads())[n] for n in range(3)]),
    "pipelined requests": sender(lambda: iter([b"GET /v1/model HTTP/1.1\r\nHost: x\r\n\r\n" * 20_000])),
    "200 tricklers": trickle,
    "answers nobody reads": never_read,
}
OVERLOADS = {"a crowd": crowd}


async def abuse(name: str, url: str, seconds: float) -> Told:
    told: Told = Counter()
    task = asyncio.ensure_future((ABUSES | OVERLOADS)[name](url, told))
    await asyncio.wait({task}, timeout=seconds)
    task.cancel()
    await asyncio.wait({task}, timeout=5)
    return told


async def main(name: str, url: str, seconds: float) -> None:
    """Say what came of it, and leave at once: a connection that does not close would be waited for."""
    sys.stdout.write(json.dumps(await abuse(name, url, seconds)))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    os.nice(10)  # they are not to take the processor from the client that they are to disturb through the server
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
