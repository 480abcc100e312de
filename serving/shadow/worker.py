"""The shadows' process: scores what comes over a socket and stores what it made of it, until the socket ends."""

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np

from serving.model import Array, FloatArray, LoadedModel
from serving.pauses import pausing
from serving.shadow.frames import Frame, pack, receive
from serving.shadow.records import Judge, records
from serving.shadow.rows import unpack
from understudy.errors import UnderstudyError
from understudy.ports import Ledger
from understudy.records import Prediction

PR_SET_PDEATHSIG = 1
PIECE, ALIVE = 32, 0.2
"""Rows that are scored at once, and seconds between two signs of life while they are."""
SAMPLE = (0.0, 0.618, 0.236, 0.854)
"""Where in a piece the rows lie that are tried by themselves: if all fail, the model is taken to fail at the piece.
Multiples of the golden ratio, so that what recurs every few rows is not all that they meet."""


class Worker:
    """Holds the models of the shadows and answers one frame after the other.

    ``at_work`` surrounds every step that may take a while.
    """

    def __init__(
        self,
        connection: socket.socket,
        ledger: Ledger,
        at_work: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.connection, self.ledger, self.at_work = connection, ledger, at_work
        self.models: dict[str, LoadedModel] = {}

    def run(self) -> None:
        """Answer until the server is gone."""
        while (frame := receive(self.connection)) is not None:
            give_way()
            self._load(**frame[0]) if "load" in frame[0] else self._score(frame)

    def _load(self, load: list[dict[str, Any]], number: int) -> None:
        self.models = {item["digest"]: self.models[item["digest"]] for item in load if item["digest"] in self.models}
        for item in load:
            self._say({"loading": item["digest"], "number": number})
            self._say({"loaded": item["digest"], "number": number, "error": self._hold(**item)})

    def _hold(self, folder: str, version: int, digest: str, code_hash: str) -> str:
        """Why the model cannot be loaded; empty when it is."""
        try:
            if digest not in self.models:
                with self.at_work():
                    self.models[digest] = LoadedModel.load(Path(folder), version, digest, code_hash)
        except Exception as failed:  # also whatever a damaged or vanished file makes a library raise
            return str(failed) or repr(failed)
        return ""

    def _score(self, frame: Frame) -> None:
        with self.at_work():
            rows, numbers, categories = unpack(*frame)
        for number, described in frame[0]["score"]:
            judge = Judge(**described)
            give_way()
            start = time.perf_counter()
            with self.at_work():
                scores, error = self._scores(self.models[judge.digest], numbers, categories)
            spent = (time.perf_counter() - start) * 1000 / len(scores)
            failed = int(np.isnan(scores).sum())
            self._say({"scored": number, "failed": failed})
            give_way()
            with self.at_work():
                made = records(judge, rows, scores, error, spent)
            self._say({"stored": number, "unstored": self._store(made)})

    def _scores(self, model: LoadedModel, numbers: Array | None, categories: Array | None) -> tuple[FloatArray, str]:
        """As ``sound_scores``; a model that is slow, and no more than that, is said to be alive meanwhile."""
        rows, said = len(numbers if numbers is not None else categories), time.monotonic()  # type: ignore[arg-type]
        scores, error = np.empty(rows, np.float32), ""
        for first in range(0, rows, PIECE):
            piece = slice(first, first + PIECE)
            scores[piece], failed = sound_scores(model, *_rows(piece, numbers, categories))
            error = failed or error
            if time.monotonic() - said > ALIVE:
                said = time.monotonic()
                self._say({"alive": True})
        return scores, error

    def _say(self, head: dict[str, Any]) -> None:
        self.connection.sendall(pack(head))

    def _store(self, made: Sequence[Prediction]) -> str:
        """Why they could not be stored; empty when they are."""
        try:
            try:
                with self.at_work():
                    self.ledger.append(made)
            except UnderstudyError:  # a lock may have been waited for, and pauses cut such a wait short
                self.ledger.append(made)
        except UnderstudyError as failed:
            return str(failed)
        with suppress(UnderstudyError), self.at_work():
            self.ledger.settle()
        return ""


def give_way() -> None:
    """Let the server go first, if it has work.

    Whoever wakes is owed some time, however little, and Linux (since 6.6, EEVDF) lets it go on in one piece until the
    next tick, milliseconds later, although by then the server waits. Who yields is asked whether it is owed any more.
    """
    os.sched_yield()


def sound_scores(model: LoadedModel, numbers: Array | None, categories: Array | None) -> tuple[FloatArray, str]:
    """Scores of the rows, NaN where the model fails; and with what error, of one of these rows.

    Rows gather from many requests: those that the model does not fail at are found by halves. A failure costs some
    hundred times what a row's score does, so where each of a few rows fails by itself, the others are given up, and
    the error says so.
    """
    try:
        return model.score(numbers, categories), ""
    except UnderstudyError as failed:
        error = str(failed)
    rows = len(numbers if numbers is not None else categories)  # type: ignore[arg-type]
    if rows > len(SAMPLE) and all(_fails(model, int(place * rows), numbers, categories) for place in SAMPLE):
        given_up = f"{error} So did each of {len(SAMPLE)} rows tried by themselves; others beside them were not tried."
        return np.full(rows, np.nan, np.float32), given_up
    return by_halves(model, numbers, categories, error)


def by_halves(
    model: LoadedModel, numbers: Array | None, categories: Array | None, error: str
) -> tuple[FloatArray, str]:
    """As ``sound_scores``, of rows that failed together with ``error``; each that fails is found."""
    rows = len(numbers if numbers is not None else categories)  # type: ignore[arg-type]
    if rows == 1:
        return np.full(1, np.nan, np.float32), error
    scores, errors = np.empty(rows, np.float32), ""
    for part in (slice(rows // 2), slice(rows // 2, None)):
        half = _rows(part, numbers, categories)
        try:
            scores[part] = model.score(*half)
        except UnderstudyError as failed:
            scores[part], found = by_halves(model, *half, str(failed))
            errors = found or errors
    return scores, errors


def _fails(model: LoadedModel, row: int, numbers: Array | None, categories: Array | None) -> bool:
    try:
        model.score(*_rows(slice(row, row + 1), numbers, categories))
    except UnderstudyError:
        return True
    return False


def _rows(part: slice, numbers: Array | None, categories: Array | None) -> tuple[Array | None, Array | None]:
    return None if numbers is None else numbers[part], None if categories is None else categories[part]


def serve(descriptor: int, ledger: Ledger) -> None:
    """Serve the socket that was inherited as ``descriptor``; ``ledger`` takes what shadows say."""
    if sys.platform == "linux":
        # A model that hangs never sees the socket close: the kernel ends this process with the server's.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    with socket.socket(fileno=descriptor) as connection:
        try:
            Worker(connection, ledger, pausing).run()
        except (BrokenPipeError, ConnectionResetError):
            return
