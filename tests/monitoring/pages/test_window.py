"""The page of a window, drawn from its snapshot and alerts."""

import re
from datetime import datetime
from html.parser import HTMLParser

import pytest
from small_traffic import SPEC

from monitoring.pages.figures import number
from monitoring.pages.headline import is_past
from monitoring.pages.window import render_window
from understudy.records import Alert, Reading, Snapshot

pytestmark = pytest.mark.unit

VOID = {"meta", "line", "rect", "path", "br", "circle"}


class Balanced(HTMLParser):
    """Fails on a tag that is closed out of turn, and keeps the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> str:
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    return re.sub(r"\s+", " ", parser.text)


def an_alert(snapshot: Snapshot, **changes: object) -> Alert:
    values = {
        "id": "a1",
        "problem": "toy",
        "rule": "drift",
        "subject": "drift.input.size",
        "action": "adjust_threshold",
    }
    return Alert(
        **{**values, "since": snapshot.since, "until": snapshot.until, "raised_at": datetime(2026, 1, 1), **changes}
    )


def test_it_says_what_was_found(shifted: Snapshot) -> None:
    text = read(render_window(shifted, (), SPEC))
    for words in (
        "1 March 2024 to 11 March 2024",
        "No new alert: ",
        "Served features equal those made again, value by value.",
        "Every input follows from the request.",
        "town = ash",
        "No new alert was raised.",
        "data.failed",
    ):
        assert words in text
    assert len(re.findall(r"drift\.input\.size", text)) >= 1


def test_it_is_self_contained(shifted: Snapshot) -> None:
    page = render_window(shifted, (), SPEC)
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=[\"'](?!#|\.\./)", page)
    assert "url(" not in page
    assert "default-src 'none'" in page
    assert len(page) < 400_000


def test_alerts_come_with_their_state_reason_and_incident(shifted: Snapshot) -> None:
    alerts = [
        an_alert(shifted, state="withheld", why="It cooled down <yet>."),
        an_alert(
            shifted, id="a2", state="done", incident="reports/toy/incidents/a2.html", outcome={"what": "Threshold .3."}
        ),
    ]
    page = render_window(shifted, alerts, SPEC)
    text = read(page)
    assert "2 alerts: drift.input.size." in text
    assert "It cooled down <yet>." in text
    assert "<yet>" not in page
    assert 'href="../../../reports/toy/incidents/a2.html"' in page
    assert text.index("Threshold .3.") < text.index("It cooled down")


def test_what_comes_from_requests_is_escaped(shifted: Snapshot) -> None:
    evil = "<img src=x onerror=alert(1)>"
    details = {**shifted.details, "quality": {**shifted.details["quality"]}}
    details["quality"]["segments"] = [{**row, "value": evil} for row in details["quality"]["segments"]]
    details["drift"] = {**details["drift"]}
    details["drift"]["columns"] = [
        {**column, "picture": {"names": [evil, "b"], "before": [0.5, 0.5], "now": [1.0, 0.0]}}
        for column in details["drift"]["columns"] if column["name"] != "score"
    ]  # fmt: skip
    reading = Reading(name=f"quality.brier.segment.town={evil}", value=0.1)
    snapshot = shifted.model_copy(update={"details": details, "readings": (*shifted.readings, reading)})
    page = render_window(snapshot, (), SPEC)
    assert evil not in page
    assert "&lt;img" in page
    read(page)


def test_a_column_for_which_training_sets_no_limit_is_shown(shifted: Snapshot) -> None:
    drift = shifted.details["drift"]
    columns = [{**column, "value": 4.4412, "limit": None} for column in drift["columns"]]
    snapshot = shifted.model_copy(update={"details": {**shifted.details, "drift": {**drift, "columns": columns}}})
    text = read(render_window(snapshot, (), SPEC))
    assert text.count(number(4.4412)) == len(columns)


def test_a_window_without_anything_has_a_page_too() -> None:
    moment = datetime(2024, 3, 1)
    empty = Snapshot(
        problem="toy", since=moment, until=moment, as_of=moment, made_at=moment, version=1, digest="d" * 64, rows=0,
        labelled=0, readings=(),
    )  # fmt: skip
    text = read(render_window(empty, (), SPEC))
    assert "Nothing was asked." in text
    assert "No rule fired." not in text
    assert "Nothing could be made again." in text


def test_past_is_beyond_its_own_limit() -> None:
    assert is_past(Reading(name="a", value=2.0, limit=1.0))
    assert not is_past(Reading(name="a", value=1.0, limit=1.0))
    assert not is_past(Reading(name="a", value=2.0))
    assert not is_past(Reading(name="a", value=None, limit=1.0))
