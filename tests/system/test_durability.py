"""A server that is killed under load has stored every prediction that it answered, exactly once."""

import asyncio
import logging
import random
import sqlite3

import pytest
from pressure import Pressure, size
from served import Project
from served_process import Server, a_server, deploy
from small_bundle import expected_score

from understudy.adapters import open_ledger

pytestmark = pytest.mark.e2e

log = logging.getLogger(__name__)
CONNECTIONS = 12
KILLS = size(3, 20)


async def kill_after(server: Server, seconds: float) -> None:
    await asyncio.sleep(seconds)
    server.process.kill()
    await asyncio.sleep(0.2)  # every connection notices


def test_kill_dash_nine_loses_no_answered_prediction(project: Project) -> None:
    deploy(project)
    moments, pressure = random.Random(3), Pressure()  # noqa: S311
    for _ in range(KILLS):
        with a_server(project) as server:
            asyncio.run(pressure.on(server.url, CONNECTIONS, kill_after(server, moments.uniform(0.2, 1.2))))
    answered = {answer.said["prediction_id"]: answer for answer in pressure.answers if answer.status == 200}
    ledger = open_ledger(project.settings)
    stored = [row for rows in ledger.read("toy") for row in rows]
    ledger.close()
    by_id = {row["id"]: row for row in stored}
    log.info("%s kills: %s answered, %s stored", KILLS, len(answered), len(stored))
    assert len(answered) == len(pressure.answers) > 100 * KILLS
    assert pressure.broken == CONNECTIONS * KILLS
    assert not answered.keys() - by_id.keys()
    assert len(by_id) == len(stored) <= pressure.rows
    assert len({row["key"] for row in stored}) == len(stored)
    for name, answer in answered.items():
        row, request = by_id[name], answer.request
        assert (row["key"], row["score"]) == (request["id"], answer.said["score"])
        assert row["score"] == pytest.approx(
            expected_score(request["size"], request["weight"], request["town"]), abs=1e-6
        )
    if not project.settings.database:
        path = project.settings.database_url.removeprefix("sqlite:///")
        assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchall() == [("ok",)]
