import operator
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.models.candidates import make_estimator
from pipelines.tune.workers import Task, Work, Workers, in_turn
from understudy.errors import MachineError, SpecError, StageError
from understudy.problem import Candidate

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = Candidate(name="nowhere", estimator="no.such.Model", family="linear")


def adding(*numbers: int) -> Work[list[int]]:
    """Adds each number to the arena, which is a number here."""
    return (yield from in_turn(Task(f"add {number}", operator.add, (number,)) for number in numbers))


@pytest.fixture(scope="module", params=[1, 2])
def count(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def tens(count: int) -> Iterator[Workers]:
    """Workers that hold the number 10, and are given the works of several tests."""
    with Workers(10, count) as workers:
        yield workers


def test_each_work_gets_its_own_answers_and_results_keep_the_order_of_works(tens: Workers) -> None:
    assert tens.run([adding(1, 2, 3), adding(), adding(4), adding(5, 6)]) == [[11, 12, 13], [], [14], [15, 16]]
    assert tens.run(adding(number) for number in range(20)) == [[10 + number] for number in range(20)]


def test_no_more_works_are_begun_than_there_are_workers(tens: Workers, count: int) -> None:
    begun = 0

    def works() -> Iterator[Work[int]]:
        for number in range(5):
            yield work(number)

    def work(number: int) -> Work[int]:
        nonlocal begun
        begun += 1
        assert begun <= count
        yield Task("two steps", operator.add, (number,))
        yield Task("two steps", operator.add, (number,))
        begun -= 1
        return number

    assert tens.run(works()) == [0, 1, 2, 3, 4]


def test_a_failed_fit_names_its_candidate(tens: Workers) -> None:
    with pytest.raises(StageError, match="forest could not be fitted: ZeroDivisionError") as told:
        tens.run([adding(1), in_turn([Task("forest", operator.truediv, (0,))]), adding(2)])

    assert isinstance(told.value.__cause__, ZeroDivisionError)


def test_one_worker_is_this_process_and_two_are_others() -> None:
    who = Task("who", operator.call)
    with Workers(os.getpid, 1) as workers:
        assert workers.run([in_turn([who])]) == [[os.getpid()]]
    with Workers(os.getpid, 2) as workers:
        assert os.getpid() not in workers.run([in_turn([who, who])])[0]


def test_a_mistake_in_the_yaml_stays_what_it_is(count: int) -> None:
    with Workers(NOWHERE, count) as workers, pytest.raises(SpecError, match=r"there is no no\.such\.Model") as told:
        workers.run([in_turn([Task("nowhere", make_estimator, ({}, 1, 1))])])

    assert told.value.fix.startswith("Write the estimator's full dotted name")


def test_a_killed_process_is_an_error_that_names_the_candidate_and_memory() -> None:
    with Workers(9, 2) as workers, pytest.raises(MachineError, match=r"fitted svm ended abruptly.*memory"):
        workers.run([in_turn([Task("svm", os._exit)])])


class OfHere:
    """Its pickle is made whole here, and taken for nothing in any other process."""

    def __init__(self) -> None:
        self.large = bytes(2**20)

    def __reduce__(self) -> tuple[Any, ...]:
        return _only_here, (os.getpid(), self.large)


def _only_here(maker: int, _large: bytes) -> OfHere:
    if os.getpid() != maker:
        raise AttributeError("another version of the code")
    return OfHere()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_processes_that_cannot_hold_the_arena_are_an_error_and_not_a_wait() -> None:
    with Workers(OfHere(), 2) as workers, pytest.raises(MachineError, match="fitted who ended abruptly"):
        workers.run([in_turn([Task("who", operator.call)])])


def test_a_kill_of_the_whole_leaves_no_warning_behind(tmp_path: Path) -> None:
    script = """
import os, signal
from pipelines.tune.workers import Task, Workers

def nothing(arena):
    return arena

def work():
    return (yield Task("a", nothing))

if __name__ == "__main__":
    with Workers(None, 2) as workers:
        workers.run([work(), work()])
        os.kill(os.getpid(), signal.SIGKILL)
"""
    (tmp_path / "killed.py").write_text(script)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "killed.py")], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, "", "")
