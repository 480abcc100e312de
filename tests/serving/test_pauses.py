"""Work that stands back pauses often, whatever it is, and no longer when it is done."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from serving.pauses import EVERY, pausing

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="nothing pauses elsewhere"),
]

SECONDS = 0.5
PROGRAM = """
import hashlib, json, resource, signal, socket, sys, time
from threading import Timer

from serving.pauses import pausing

def in_one_call():
    rounds = 100_000
    while True:
        start = time.perf_counter()
        hashlib.pbkdf2_hmac("sha256", b"", b"", rounds)
        if time.perf_counter() - start >= SECONDS:
            return
        rounds *= 2

def pauses(work):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - before

def paused():
    with pausing():
        in_one_call()

def read():
    ours, theirs = socket.socketpair()
    with pausing():
        Timer(0.1, theirs.sendall, [b"late"]).start()
        return ours.recv(4).decode()

print(json.dumps({
    "before": pauses(in_one_call), "meanwhile": pauses(paused), "after": pauses(in_one_call),
    "read": read(), "timer": signal.getitimer(signal.ITIMER_REAL),
}))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    program = f"SECONDS = {SECONDS}\n{PROGRAM}"
    command = [sys.executable, "-c", program]
    root = Path(__file__).parents[2]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, cwd=root, timeout=120).stdout))


def test_a_single_call_into_a_library_pauses_all_the_time(told: dict[str, Any]) -> None:
    assert told["meanwhile"] > SECONDS / EVERY / 4
    assert told["before"] < told["meanwhile"] / 10


def test_work_no_longer_pauses_when_it_is_done(told: dict[str, Any]) -> None:
    assert told["after"] < told["meanwhile"] / 10
    assert told["timer"] == [0.0, 0.0]


def test_who_reads_meanwhile_gets_what_comes(told: dict[str, Any]) -> None:
    assert told["read"] == "late"


def test_elsewhere_nothing_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    set_timers: list[object] = []
    monkeypatch.setattr("serving.pauses.sys.platform", "darwin")
    monkeypatch.setattr("serving.pauses.signal.setitimer", lambda *timer: set_timers.append(timer))
    with pausing():
        pass
    assert set_timers == []
