"""Starting, reaching and ending the shadows' process."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from serving.settings import ServingSettings

SOCKET_BYTES = 2**20
PARTING = 1.0
"""Seconds that it is given to end by itself."""
TRIES, APART = 5, 0.11
"""Wishes for a session's priority, and seconds between them: Linux hears one in a tenth of a second, of all users."""


@dataclass(frozen=True)
class Program:
    """What the process is to run: a module that calls ``worker.serve`` with the descriptor that is its argument."""

    module: str
    environment: Mapping[str, str]
    """More variables, beside those of the server."""


@dataclass(frozen=True)
class Process:
    """The process and the socket to it."""

    child: "subprocess.Popen[bytes]"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def start(cls, program: Program, settings: ServingSettings) -> "Process":
        """Start it; it has read nothing yet.

        Raises:
            OSError: the machine has no process or descriptor left, or not the cores that the settings name.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ExitStack() as undo, theirs:
            undo.callback(ours.close)
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
            child = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", program.module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                # Ctrl-C in a terminal is the server's to deal with; and a session stands back as a whole, below.
                start_new_session=True,
                env={**os.environ, **program.environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
            undo.callback(_kill, child)
            await stand_back(child.pid, settings)
            ours.setblocking(False)
            reader, writer = await asyncio.open_unix_connection(sock=ours)
            undo.pop_all()
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
        """Let it end what it is at and close its files, but not for long, and wait until it is gone."""
        self.writer.transport.abort()
        try:
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self.child.wait, PARTING)
            self.kill()
            await asyncio.to_thread(self.child.wait)
        except asyncio.CancelledError:
            _kill(self.child)
            raise


def _kill(child: "subprocess.Popen[bytes]") -> None:
    child.kill()
    child.wait()


async def stand_back(pid: int, settings: ServingSettings) -> None:
    """Let the server go first from the start: importing what the process needs is work too.

    Raises:
        OSError: the machine does not have the cores that the settings name.
    """
    # A server may be told to be nice itself, and may not make its process less so.
    os.setpriority(os.PRIO_PROCESS, pid, max(settings.shadow_nice, os.getpriority(os.PRIO_PROCESS, pid)))
    if sys.platform == "linux":
        # Batch, so that it does not run the moment that the server hands it something, in the server's time.
        with suppress(OSError):
            os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))
        if settings.shadow_cores:
            _tie(pid, settings.shadow_cores)
        await _lower_session(pid, settings.shadow_nice)


def _tie(pid: int, cores: Collection[int]) -> None:
    try:
        os.sched_setaffinity(pid, cores)
    except (OSError, ValueError, OverflowError) as error:
        named = f"UNDERSTUDY_SERVING_SHADOW_CORES names {', '.join(map(str, cores))}"
        raise OSError(f"{named}, and this machine has no such core for it: {error}.") from error


async def _lower_session(pid: int, nice: int) -> None:
    """Linux may share a core evenly between sessions, whatever the priorities of the processes in them.

    Then the session has a priority of its own. Within the server's session the process would be last there, and yet
    take its session's turn from the kernel's threads, such as those that bring the ledger to the disk.
    """
    for _ in range(TRIES):
        try:
            Path(f"/proc/{pid}/autogroup").write_text(str(nice))
        except BlockingIOError:
            await asyncio.sleep(APART)
        except OSError:  # there are no such priorities here, or they are not ours to set
            return
        else:
            return
