"""The shadows' process: ``python -m serving.shadow.worker FD NICE`` scores what comes over a socket, until it ends."""

import ctypes
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from serving.model import LoadedModel
from serving.shadow.frames import Frame, pack, receive, unpack_tensors
from understudy.errors import UnderstudyError

PR_SET_PDEATHSIG = 1


class Worker:
    """Holds the models of the shadows and answers one frame after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.models: dict[str, LoadedModel] = {}

    def run(self) -> None:
        """Answer until the server is gone."""
        while (frame := receive(self.connection)) is not None:
            self._load(frame[0]["load"]) if "load" in frame[0] else self._score(frame)

    def _load(self, wanted: list[dict[str, Any]]) -> None:
        self.models = {item["digest"]: self.models[item["digest"]] for item in wanted if item["digest"] in self.models}
        for item in wanted:
            digest, error = item["digest"], ""
            try:
                if digest not in self.models:
                    folder = Path(item["folder"])
                    self.models[digest] = LoadedModel.load(folder, item["version"], digest, item["code_hash"])
            except UnderstudyError as failed:
                error = str(failed)
            self.connection.sendall(pack({"loaded": digest, "error": error}))

    def _score(self, frame: Frame) -> None:
        numbers, categories = unpack_tensors(*frame)
        for digest, number in frame[0]["score"]:
            error, scores, start = "", b"", time.perf_counter()
            try:
                scores = self.models[digest].score(numbers, categories).tobytes()
            except UnderstudyError as failed:
                error = str(failed)
            spent = (time.perf_counter() - start) * 1000
            self.connection.sendall(pack({"scored": number, "error": error, "ms": spent}, scores))


def main(descriptor: int, nice: int) -> None:
    """Serve the socket that was inherited as ``descriptor``."""
    os.nice(nice)
    if sys.platform == "linux":
        # Else the kernel would run this process the moment that the server hands it something, in the server's time.
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        # A model that hangs never sees the socket close: the kernel ends this process with the server's.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    with socket.socket(fileno=descriptor) as connection:
        try:
            Worker(connection).run()
        except (BrokenPipeError, ConnectionResetError):
            return


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
