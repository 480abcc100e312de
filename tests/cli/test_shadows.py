"""The shadows' process stores what its models say where the ledger's readers find it."""

import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from postgres_server import postgres_server
from small_bundle import expected_score
from small_predictions import a_prediction
from small_serving import a_model

from serving.features import Features
from serving.model import LoadedModel
from serving.shadow.frames import pack, receive
from serving.shadow.records import Judge
from serving.shadow.rows import Rows
from understudy.adapters import open_ledger
from understudy.settings import Settings

pytestmark = pytest.mark.integration

SIZES = [0.25, 1.0, 2.0]
FEWEST_PAUSES = 200
WRITING = 1.0
"""Seconds that another process writes for: longer than a wait for its lock that is cut short again and again."""
LIVE = [a_prediction(number) for number in range(len(SIZES))]


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    if request.param == "sqlite":
        yield Settings(database=f"sqlite:///{tmp_path / 'understudy.db'}")
        return
    with postgres_server() as fresh:
        yield Settings(database=fresh())


@contextmanager
def a_process(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[socket.socket, int]]:
    """The server's end of its socket, and its number."""
    monkeypatch.setenv("UNDERSTUDY_DATABASE", settings.database)
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-W", "error", "-m", "cli.shadows", str(theirs.fileno())]
    with subprocess.Popen(command, pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        with ours:
            ours.settimeout(60)
            yield ours, process.pid
        assert process.wait(20) == 0


def to_load(model: LoadedModel) -> bytes:
    about = {"digest": model.digest, "folder": str(model.bundle.folder), "version": model.version}
    return pack({"load": [{**about, "code_hash": model.manifest.features.code_hash}], "number": 1})


def to_score(number: int, judge: Judge) -> bytes:
    numbers = np.array([[size, 0.5] for size in SIZES], np.float32)
    towns = np.full((len(SIZES), 1), "north", dtype=object)
    rows = Rows()
    rows.add(LIVE, Features(numbers, towns, None, [""] * len(SIZES)))
    return rows.frame([(number, judge)])


def ask(connection: socket.socket, frame: bytes) -> dict[str, Any]:
    connection.sendall(frame)
    return told_next(connection)


def told_next(connection: socket.socket) -> dict[str, Any]:
    answer = receive(connection)
    assert answer is not None
    return answer[0]


def test_what_a_shadow_says_is_in_the_ledger(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = open_ledger(settings)
    ledger.append(LIVE)
    model = a_model(tmp_path, 2)
    judge = Judge("rehearsal", 2, model.digest, 0.5)
    with a_process(settings, monkeypatch) as (connection, _):
        assert ask(connection, to_load(model)) == {"loading": model.digest, "number": 1}
        assert told_next(connection) == {"loaded": model.digest, "number": 1, "error": ""}
        said = ask(connection, to_score(7, judge))
        assert said == {"scored": 7, "failed": 0}
        assert told_next(connection) == {"stored": 7, "unstored": ""}
    rows = [row for page in ledger.read("toy") for row in page]
    ledger.close()
    shadows = {row["live"]: row for row in rows if row["standing"] == "shadow"}
    assert len(rows) == 2 * len(SIZES)
    for prediction, size in zip(LIVE, SIZES, strict=True):
        row = shadows[prediction.id]
        assert row["score"] == pytest.approx(expected_score(size, 0.5, "north"), abs=1e-6)
        assert (row["arm"], row["version"], row["decision"]) == ("rehearsal", 2, row["score"] >= 0.5)
        assert (row["event_time"], row["key"], row["unit"]) == (
            prediction.event_time,
            prediction.key,
            prediction.unit,
        )


def test_a_database_out_of_reach_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "understudy-shadows.db").mkdir()
    settings = Settings(database=f"sqlite:///{tmp_path / 'understudy.db'}")
    model = a_model(tmp_path, 2)
    judge = Judge("rehearsal", 2, model.digest, 0.5)
    with a_process(settings, monkeypatch) as (connection, _):
        ask(connection, to_load(model))
        told_next(connection)
        assert ask(connection, to_score(1, judge)) == {"scored": 1, "failed": 0}
        said = told_next(connection)
        assert "understudy-shadows.db cannot be used" in said["unstored"]


def test_it_waits_for_who_writes_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path / 'understudy.db'}")
    model = a_model(tmp_path, 2)
    judge = Judge("rehearsal", 2, model.digest, 0.5)
    with a_process(settings, monkeypatch) as (connection, _):
        ask(connection, to_load(model))
        told_next(connection)
        ask(connection, to_score(1, judge))
        assert told_next(connection) == {"stored": 1, "unstored": ""}
        with closing(sqlite3.connect(tmp_path / "understudy-shadows.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            ask(connection, to_score(2, judge))
            connection.settimeout(WRITING)
            with pytest.raises(TimeoutError):
                receive(connection)
            connection.settimeout(60)
            other.execute("COMMIT")
            assert told_next(connection) == {"stored": 2, "unstored": ""}
            assert other.execute("SELECT count(*) FROM predictions").fetchone() == (2 * len(SIZES),)


@pytest.mark.skipif(sys.platform != "linux", reason="nothing pauses elsewhere")
def test_it_pauses_while_it_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path / 'understudy.db'}")
    with a_process(settings, monkeypatch) as (connection, pid):
        assert "loading" in ask(connection, to_load(a_model(tmp_path, 2)))
        assert psutil.Process(pid).num_ctx_switches().voluntary > FEWEST_PAUSES
