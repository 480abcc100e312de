"""``understudy alerts`` on alerts of the toy problem."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_watch import START, WEEK, a_snapshot, an_alert
from typer.testing import CliRunner

from cli import alerts
from understudy.adapters import open_watch_log
from understudy.errors import UnderstudyError
from understudy.ports import WatchLog
from understudy.records import Reading
from understudy.settings import Settings

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WatchLog]:
    """The watch log of a project whose problems are those of the test's workspaces."""
    shutil.copytree(PROJECT / "tests" / "fakes" / "toy" / "configs", tmp_path / "configs")
    settings = Settings(root=tmp_path, home=tmp_path / "var")
    monkeypatch.setattr(alerts, "prepare", lambda: settings)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    log = open_watch_log(settings)
    yield log
    log.close()


def shown(*arguments: str, columns: int = 200) -> str:
    return CliRunner().invoke(alerts.alerts_app, arguments, env={"COLUMNS": str(columns)}).stdout


def test_alerts_are_listed_newest_first_and_by_state(log: WatchLog) -> None:
    log.raise_alert(an_alert(1, state="done", outcome={"what": "Suspected: size."}, ended_at=START + 3 * WEEK))
    log.raise_alert(an_alert(2, state="withheld", why="It is cooling down."))
    assert [one["id"] for one in alerts.list_("toy").value] == ["a0002", "a0001"]
    assert [one["id"] for one in alerts.list_("toy", ["done"]).value] == ["a0001"]
    assert [one["id"] for one in alerts.list_("toy", standing=True).value] == ["a0002"]
    assert [one["id"] for one in alerts.list_("toy", number=1).value] == ["a0002"]
    log.raise_alert(an_alert(3, state="withheld", outcome={"covered_by": "a0001"}))
    assert [one["id"] for one in alerts.list_("toy", number=1).value] == ["a0002"]
    assert [one["id"] for one in alerts.list_("toy", covered=True, number=1).value] == ["a0003"]
    text = shown("list", "--problem", "toy")
    assert "Suspected: size." in text
    assert "done, over" in text


def test_ids_can_be_copied_where_there_is_little_room(log: WatchLog) -> None:
    long, why = "input-without-values-1f4c09a2b7d3", "Suspected: size, town and 3 more; nothing explains it."
    subject = "data.null.wind_speed_now_of_the_origin"
    log.raise_alert(an_alert(1, id=long, subject=subject, action="adjust_threshold", state="withheld", why=why))
    lines = shown("list", "--problem", "toy", columns=80).splitlines()
    assert max(map(len, lines)) <= 80
    (first,) = (line for line in lines if long in line)
    assert "2013-11-08 00:00" in first
    place = first.index("data.null")
    folded = "".join(line[place:] for line in lines[lines.index(first) :])
    assert "".join(folded.split()) == "".join(f"{subject}{why}".split()), "not a letter is lost"


def test_an_alert_is_told_from_its_evidence_to_its_outcome(log: WatchLog) -> None:
    seen = {"until": "2013-11-08T00:00:00", "value": 0.31, "low": 0.28, "high": 0.35, "limit": 0.2, "rows": 500}
    log.raise_alert(
        an_alert(
            state="done",
            why="It is beyond its limit.",
            based_on=3,
            evidence={"windows": [seen]},
            outcome={"what": "Done.", "next_step": "Wait.", "told": {"decided": {"log": "sent"}}},
            incident="reports/toy/incidents/a0001.html",
        )
    )
    text = shown("show", "a0001")
    for line in (
        "seen      0.31 (0.28 to 0.35) on 500 rows, until 2013-11-08 00:00",
        "decision  It is beyond its limit.",
        "based on  revision 3",
        "what      Done.",
        "next step Wait.",
        "told      decided: log (sent)",
        "reports/toy/incidents/a0001.html",
    ):
        assert line in text
    assert alerts.show("a0001").value["outcome"]["what"] == "Done."


def test_what_a_crash_left_is_resumed(log: WatchLog) -> None:
    log.record(a_snapshot(readings=(Reading(name="drift.score", value=0.5, limit=0.2, rows=500),)), [an_alert()])
    taken = alerts.resume("toy").value
    assert [(one["id"], one["state"]) for one in taken] == [("a0001", "failed")]
    assert "has no bundle" in taken[0]["outcome"]["what"], "nothing was published here"
    assert taken[0]["outcome"]["told"]["ended"] == {"log": "sent"}
    assert shown("resume", "--problem", "toy").strip() == "Nothing of toy was left undone."


def test_what_cannot_be_says_what_to_do(log: WatchLog) -> None:
    for refused, what in (
        (lambda: alerts.show("nobody"), "There is no alert nobody"),
        (lambda: alerts.list_("toy", ["odd"]), "There is no state 'odd'"),
        (lambda: alerts.list_(), "Nothing is deployed yet"),
        (lambda: alerts.list_("planes"), "planes"),
        (lambda: alerts.serve(), "No Prefect server is named"),
    ):
        with pytest.raises(UnderstudyError, match=what) as error:
            refused()
        assert error.value.fix
