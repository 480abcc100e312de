"""Alerts as events of a real Prefect server, which starts the action in a process of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from acting_child import against
from some_versions import NOON, digest_of

from understudy.records import Arm, Deployment

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300),
    # Prefect's client leaves these to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PROJECT = Path(__file__).resolve().parents[3]
PATIENCE = 120.0

IS_SERVED = "from monitoring.actions.served import is_served; raise SystemExit(not is_served())"
MONITOR = """
import sys
from pathlib import Path
from cli.acting import means
from cli.environment import prepare
from monitoring.actions.served import is_served
from monitoring.alerts import resume
from prefect.events.worker import EventsWorker
from understudy.problem import load_problem

settings = prepare()
acting = means(load_problem(settings.problems, "toy"), settings)
print("served" if is_served() else "not served", *[alert.state for alert in resume(acting)], flush=True)
EventsWorker.drain_all(timeout=10)
"""


@pytest.fixture
def environment(tmp_path: Path, prefect_home: Path) -> dict[str, str]:
    """A project of one's own, and the address of a Prefect server that is not there yet."""
    shutil.copytree(prefect_home, tmp_path / "prefect")
    shutil.copytree(PROJECT / "tests" / "fakes" / "toy" / "configs", tmp_path / "configs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "UNDERSTUDY_ROOT": str(tmp_path),
        "UNDERSTUDY_HOME": str(tmp_path / "var"),
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        "DO_NOT_TRACK": "1",
    }


def test_an_event_starts_the_action_and_the_monitor_leaves_it_to_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    from understudy.adapters import open_deployment_log, open_watch_log
    from understudy.settings import Settings

    settings = Settings(root=tmp_path, home=tmp_path / "var")
    log, deployments = open_watch_log(settings), open_deployment_log(settings)
    arms = (Arm(name="champion", version=1, digest=digest_of(1), weight=0.5),
            Arm(name="challenger-1", version=2, digest=digest_of(2), weight=0.5))  # fmt: skip
    first = Deployment(
        problem="toy", revision=1, mode="ab", arms=arms, change="deploy", who="ann", why="to compare", at=NOON
    )
    deployments.append(first)
    log.raise_alert(against(1))
    port = environment["PREFECT_API_URL"].split(":")[2].removesuffix("/api")
    with running(environment, "-m", "prefect", "server", "start", "--port", port):
        until(lambda: answers(environment["PREFECT_API_URL"]))
        with running(environment, "-m", "cli.main", "alerts", "serve"):
            until(lambda: python(environment, IS_SERVED).returncode == 0)
            said = python(environment, MONITOR).stdout.split()
            until(lambda: (found := log.alert("a0001")) is not None and found.state == "done")
    assert said == ["served", "decided"], "the monitor decides, and leaves the action to who serves it"
    done = log.alert("a0001")
    assert done is not None
    assert (done.state, done.outcome["revision"], done.outcome["attempts"]) == ("done", 2, 1)
    assert done.outcome["told"]["decided"]["prefect events"] == "sent"
    assert [one.who for one in deployments.history("toy")] == ["alert a0001", "ann"]
    log.close()
    deployments.close()


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.5)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", timeout=2).is_success
    except httpx.HTTPError:
        return False


def python(environment: dict[str, str], code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


@contextmanager
def running(environment: dict[str, str], *arguments: str) -> Iterator[None]:
    """A process in a group of its own, ended with all that it started."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        cwd=environment["UNDERSTUDY_ROOT"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
