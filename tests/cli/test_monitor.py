"""What `understudy monitor` says."""

import io
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_ledger import FakeLedger
from rich.console import Console
from small_predictions import a_prediction
from watched_problem import watched as a_watched_problem

import understudy.problem
from cli import monitor as commands
from cli.monitor import _shown, _value
from monitoring.look import Look
from monitoring.snapshot import Watched
from understudy.records import Alert, Reading, Snapshot

pytestmark = pytest.mark.unit

SINCE, UNTIL = datetime(2013, 10, 1), datetime(2013, 10, 8)


def watched() -> Watched:
    readings = (
        Reading(name="quality.cost", value=330.0, low=226.0, high=431.0, rows=6224),
        Reading(name="drift.input.humidity", value=0.4, limit=0.03, rows=6530),
        Reading(name="data.failed", value=0.0, limit=0.001, rows=6530),
    )
    snapshot = Snapshot(
        problem="flights", since=SINCE, until=UNTIL, as_of=UNTIL, made_at=UNTIL, version=1, digest="d" * 64, rows=6530,
        labelled=6224, readings=readings, details={"drift": {"columns": []}},
    )  # fmt: skip
    alert = Alert(
        id="a1", problem="flights", rule="inputs-moved", subject="drift.input.humidity", action="investigate",
        since=SINCE, until=UNTIL, raised_at=UNTIL, state="done", why="It passed.",
    )  # fmt: skip
    return Watched(snapshot, (alert,), Path("var/reports/flights/windows/x.html"), {"read": 1.5})


def test_programs_get_the_snapshot_its_alerts_and_where_the_page_is() -> None:
    value = _value(watched())
    assert value["until"] == "2013-10-08T00:00:00"
    assert value["readings"][0]["name"] == "quality.cost"
    assert value["alerts"][0]["state"] == "done"
    assert value["page"].endswith("windows/x.html")
    assert value["seconds"] == {"read": 1.5}
    assert "details" not in value


@pytest.mark.parametrize("dry", [False, True])
def test_only_a_look_by_dry_run_is_a_dry_one(dry: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, looks = FakeLedger(), []
    ledger.append([a_prediction(1)])

    def examined(look: Look, *_: Any) -> Watched:
        looks.append(look)
        return watched()

    monkeypatch.setattr(commands, "prepare", lambda: SimpleNamespace(problems=Path()))
    monkeypatch.setattr(commands, "open_stores", lambda _: SimpleNamespace(ledger=ledger))
    monkeypatch.setattr(commands, "watch_window", examined)
    monkeypatch.setattr(understudy.problem, "load_problem", lambda *_: a_watched_problem())
    commands.monitor("toy", dry_run=dry)
    assert [(look.dry, look.spec.monitoring.dry_run) for look in looks] == [(dry, dry)]


def test_people_get_the_headline_what_is_past_its_limit_and_the_alerts() -> None:
    console = Console(width=160, record=True, file=io.StringIO())
    for part in _shown(watched()):
        console.print(part)
    text = console.export_text()
    assert "flights, 2013-10-01 00:00 to 2013-10-08 00:00 (UTC)" in text
    assert "1 alert: drift.input.humidity." in text
    assert "226 to 431" in text
    assert "data.failed" not in text
    assert "done: drift.input.humidity, rule inputs-moved. It passed." in text
    assert "Open var/reports/flights/windows/x.html." in text
