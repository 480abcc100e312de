"""Starting, reaching and ending the shadows' process."""

import asyncio
import os
import socket
import subprocess
import sys
from dataclasses import dataclass

SOCKET_BYTES = 2**20


@dataclass(frozen=True)
class Process:
    """The process and the socket to it."""

    child: "subprocess.Popen[bytes]"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def start(cls, nice: int) -> "Process":
        """Start it; it has read nothing yet."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
            child = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "serving.shadow.worker", str(theirs.fileno()), str(nice)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                # Ctrl-C in a terminal is the server's to deal with.
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        ours.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        return cls(child, reader, writer)

    @property
    def pid(self) -> int:
        return self.child.pid

    def send(self, frame: bytes) -> None:
        """Hand a frame over without waiting; the caller bounds how much may be on its way."""
        if not self.writer.is_closing():
            self.writer.write(frame)

    def kill(self) -> None:
        self.child.kill()

    async def end(self) -> None:
        """Kill it, and wait until it is gone."""
        self.writer.transport.abort()
        self.kill()
        await asyncio.to_thread(self.child.wait)
