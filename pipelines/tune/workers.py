"""Where fits run: each on one thread, several at a time in processes of their own.

The threads of one fit wait for each other at every split of a tree. On a machine that is busy with something else a fit
takes twenty times as long so; processes wait for nobody. One thread also makes a fit's figures the same everywhere.
"""

import os
import pickle
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process, resource_tracker
from typing import Any, Self, TypeVar

from pipelines.models.threads import limited
from understudy.errors import MachineError, StageError, UnderstudyError

Result = TypeVar("Result")

CLEARED_UP = "ignore:resource_tracker:UserWarning"


@dataclass(frozen=True)
class Task:
    """One piece of work: ``function(arena, *given)``, for the candidate of this name. It may cross to a process."""

    candidate: str
    function: Callable[..., Any]
    given: tuple[Any, ...] = ()


Work = Generator[Task, Any, Result]
"""Work in steps: yields a task, is sent what came of it, and so on until it returns its result."""


class Workers:
    """At most ``count`` works at a time, each with one task under way.

    Works themselves run here, in one thread: what they write, report and decide needs no lock, and depends on the
    results of their own tasks alone, not on which of them comes first.
    """

    def __init__(self, arena: Any, count: int) -> None:
        self._count = count
        self._executor: Executor = _processes(arena, count) if count > 1 else _Here()
        self._perform = _perform_on_held if count > 1 else partial(_perform, arena)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    def run(self, works: Iterable[Work[Result]]) -> list[Result]:
        """Begin the works in the order given and return what each returns, in that order.

        Raises:
            StageError: a task failed; names its candidate.
            MachineError: a process was killed in the middle of a task.
        """
        waiting = deque(enumerate(works))
        results: dict[int, Result] = {}
        running: dict[Future[Any], tuple[int, Work[Result], Task]] = {}

        def go_on(number: int, work: Work[Result], answer: Any = None) -> None:
            try:
                task = work.send(answer)
            except StopIteration as end:
                results[number] = end.value
            else:
                running[self._executor.submit(self._perform, task)] = (number, work, task)

        while waiting or running:
            while waiting and len(running) < self._count:
                go_on(*waiting.popleft())
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number, work, task = running.pop(future)
                go_on(number, work, _answer(future, task))
        return [results[number] for number in sorted(results)]


def in_turn(tasks: Iterable[Task]) -> Work[list[Any]]:
    """Work that does these tasks one after the other and returns what came of each."""
    answers = []
    for task in tasks:
        answers.append((yield task))  # noqa: PERF401 - a comprehension cannot yield
    return answers


class _Here(Executor):
    """Calls in this process, while submitting."""

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*given, **named))
        except Exception as error:
            future.set_exception(error)
        return future


def _processes(arena: Any, count: int) -> ProcessPoolExecutor:
    """Processes that hold the arena; spawned, because a fork of a process with threads may wait for ever."""
    # As bytes: a process that cannot make an arena of them says so. One that fails while it is still being sent what it
    # is to hold would have the sender wait for ever.
    given = (pickle.dumps(arena), list(warnings.filters))
    _start_tracker()
    return ProcessPoolExecutor(count, get_context("spawn"), initializer=_begin, initargs=given)


def _start_tracker() -> None:
    """Start the process that clears up after a kill so that it does not warn of what it has just cleared up."""
    sys.warnoptions.append(CLEARED_UP)
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.remove(CLEARED_UP)


_held: list[Any] = []
"""The arena of this process, if it is a worker."""


def _begin(arena: bytes, filters: list[Any]) -> None:
    """Hold the arena, warn as the parent does, leave interrupts to it, and end when it ends, however it ends."""
    _held.append(pickle.loads(arena))  # noqa: S301 - the parent made it
    warnings.filters[:] = filters  # type: ignore[index]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _perform(arena: Any, task: Task) -> Any:
    with limited(1):
        return task.function(arena, *task.given)


def _perform_on_held(task: Task) -> Any:
    return _perform(_held[0], task)


def _answer(future: Future[Any], task: Task) -> Any:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise MachineError(
            f"A process that fitted {task.candidate} ended abruptly.",
            "Most likely memory ran out: set UNDERSTUDY_THREADS=1, or lower tuning.rows.",
        ) from error
    except UnderstudyError:
        raise
    except Exception as error:
        raise StageError(
            f"{task.candidate} could not be fitted: {type(error).__name__}: {error}.",
            "Correct the candidate in the problem's YAML or take it out. `--debug` shows where.",
        ) from error
