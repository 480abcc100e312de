"""``understudy materialise``: what it takes and what it says."""

import io
from datetime import datetime
from typing import Any

import pytest
from rich.console import Console

from cli import materialise as command
from pipelines.materialise import Materialised
from understudy.errors import DataError
from understudy.settings import Settings

pytestmark = pytest.mark.unit

AT = datetime(2013, 11, 1, 12)


def said(made: Materialised, monkeypatch: pytest.MonkeyPatch, at: str | None = None) -> tuple[Any, str, Any]:
    """The command's value, its lines, and the moment that it asked for."""
    asked: list[Any] = []

    def run(*given: Any) -> Materialised:
        asked.append(given[-1])
        return made

    monkeypatch.setattr(command, "prepare", Settings)
    monkeypatch.setattr("pipelines.materialise.materialise", run)
    answer = command.materialise(made.problem, at)
    console = Console(width=100, file=io.StringIO(), highlight=False)
    for part in answer.shown:
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return answer.value, console.file.getvalue(), asked[0]


def test_views_clock_times_and_keys_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    value, shown, asked = said(Materialised("flights", AT, {"weather": AT}, {"weather": 1200}), monkeypatch)
    assert asked is None
    assert value["views"] == [{"view": "weather", "at": "2013-11-01T12:00:00", "keys": 1200}]
    assert "weather  2013-11-01 12:00  1,200" in shown


def test_a_moment_without_data_says_where_the_data_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    until = datetime(2013, 12, 31, 23, 59)
    value, shown, _ = said(Materialised("flights", AT, {"weather": AT}, {"weather": 0}, until), monkeypatch)
    assert value["empty"]
    assert "the data ends at 2013-12-31 23:59" in shown
    assert "--at 2013-12-31T23:59" in shown


def test_a_problem_without_views_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    value, shown, _ = said(Materialised("bank", AT, {}, {}), monkeypatch)
    assert value["views"] == []
    assert "bank has no views" in shown


def test_times_are_utc_unless_they_say_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Materialised("bank", AT, {}, {})
    assert said(made, monkeypatch, "2013-11-01T12:00")[2] == AT
    assert said(made, monkeypatch, "2013-11-01T08:00-04:00")[2] == AT
    with pytest.raises(DataError, match="'noon' is not a time"):
        said(made, monkeypatch, "noon")
