"""The loop: everything comes round in its time, failures are said, and it ends when it is told."""

import time
from threading import Timer

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from monitoring.watching import Chore, ChoreCollector, Watching
from understudy.errors import StoreError

pytestmark = pytest.mark.unit


def test_each_chore_comes_round_in_its_time() -> None:
    often, seldom = Chore("often", 0.02, lambda: None), Chore("seldom", 10.0, lambda: None)
    Watching([often, seldom], print).run(0.3)
    assert 5 <= often.done <= 16
    assert seldom.done == 1


def test_what_fails_is_said_and_comes_round_again() -> None:
    said: list[str] = []

    def away() -> None:
        raise StoreError("The database is away.", "Wait.")

    def broken() -> None:
        raise KeyError("x")

    chores = [Chore("guard", 0.01, away), Chore("other", 0.01, broken), Chore("sound", 0.01, lambda: None)]
    Watching(chores, said.append).run(0.1)
    assert said[0] == "guard: The database is away. Wait."
    assert said[1] == "other: KeyError: 'x'"
    assert chores[0].failed == chores[0].done > 1
    assert chores[0].at == 0
    assert chores[2].failed == 0
    assert chores[2].at == pytest.approx(time.time(), abs=5)


def test_it_ends_when_it_is_told() -> None:
    watching = Watching([Chore("idle", 60.0, lambda: None)], print)
    Timer(0.05, watching.over.set).start()
    began = time.monotonic()
    watching.run()
    assert time.monotonic() - began < 2


def test_what_takes_long_comes_round_more_seldom() -> None:
    slow = Chore("slow", 0.0, lambda: time.sleep(0.05))
    Watching([slow], print).run(0.6)
    assert slow.done <= 4


def test_gauges_tell_of_each_chore() -> None:
    watching = Watching([Chore("guard", 1.0, lambda: None)], print)
    watching.run(0)
    registry = CollectorRegistry()
    registry.register(ChoreCollector(watching))
    text = generate_latest(registry).decode()
    assert 'understudy_watch_failures_total{chore="guard"} 0.0' in text
    assert float(text.split('understudy_watch_last_timestamp_seconds{chore="guard"} ')[1].split()[0]) > 1e9
