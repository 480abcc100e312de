"""The index leads to everything that is there, and to nothing that is not."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from fake_watch_log import FakeWatchLog
from small_watch import START, WEEK, a_snapshot, an_alert, an_experiment

from monitoring.pages.index import write_index, write_overview
from understudy.files import write_json, write_text

pytestmark = pytest.mark.unit
CALM, ALARM = "windows/2013-11-01T0000--2013-11-08T0000.html", "windows/2013-11-08T0000--2013-11-15T0000.html"
SHADOW = {
    "shadow": 2, "champion": 1, "advice": "drop", "since": "2013-11-01T00:00:00", "until": "2013-11-08T00:00:00",
    "proof": {"because": "It costs more."},
}  # fmt: skip
BANDIT = {
    "revision": 3, "since": "2013-11-01T00:00:00", "until": "2013-11-08T00:00:00", "warnings": ["few labels"],
    "beliefs": [{"arm": "champion", "best": 0.2}, {"arm": "challenger", "best": 0.8}],
}  # fmt: skip


def page_of(home: Path, name: str, figures: object = None) -> None:
    page = write_text(home / "reports/toy" / name, "<html></html>")
    if figures is not None:
        write_json(page.with_suffix(".json"), figures)


@pytest.fixture
def log() -> FakeWatchLog:
    log = FakeWatchLog()
    evidently = {"drift": {"evidently": "evidently-a.html"}}
    log.record(a_snapshot(0, report=f"reports/toy/{CALM}", details=evidently))
    log.record(a_snapshot(1, report=f"reports/toy/{ALARM}"))
    log.record(a_snapshot(2, report="reports/toy/windows/gone.html"))
    log.raise_alert(an_alert(1, since=START + WEEK, until=START + 2 * WEEK, state="done"))
    log.raise_alert(an_alert(2, since=START, until=START + WEEK, subject="arm challenger", action="rollback"))
    log.plan(an_experiment("autumn", why="does it cost less?", state="ended", verdict="promote"))
    return log


@pytest.fixture
def full(tmp_path: Path) -> Path:
    for name in (CALM, ALARM, "windows/evidently-a.html", "windows/older.html", "experiments/autumn.html"):
        page_of(tmp_path, name)
    page_of(tmp_path, "shadows/2-beside-1.html", SHADOW)
    page_of(tmp_path, "bandits/revision-3.html", BANDIT)
    told = {
        "alert": {"subject": "drift.score", "action": "retrain", "until": "2013-11-15T00:00:00"},
        "next_step": "Wait.",
    }
    page_of(tmp_path, "incidents/a0001.html", told)
    page_of(tmp_path, "guard/a0002.html")
    page_of(tmp_path, "training/version-9-aa.html")
    page_of(tmp_path, "training/version-10-bb.html")
    return tmp_path


def links(page: Path) -> list[str]:
    return [unquote(link) for link in re.findall(r'href="([^"#]+)"', page.read_text(encoding="utf-8"))]


def test_every_page_is_linked_and_every_link_leads_somewhere(full: Path, log: FakeWatchLog) -> None:
    index = write_index(full, "toy", "Late?", log)
    found = links(index)
    assert [link for link in found if not (index.parent / link).is_file()] == []
    assert all("://" not in link and not link.startswith("/") for link in found)
    pages = {page.relative_to(index.parent).as_posix() for page in index.parent.rglob("*/*.html")}
    assert pages <= set(found)


def test_each_says_how_it_ended(full: Path, log: FakeWatchLog) -> None:
    text = write_index(full, "toy", "Late?", log).read_text(encoding="utf-8")
    assert re.search(rf'{ALARM}"[^§]*?tag bad">1 alert<', text)
    assert re.search(r'autumn.html"[^§]*?tag good">promote<', text)
    assert re.search(r'2-beside-1.html"[^§]*?tag bad">drop<[^§]*?It costs more\.', text)
    assert re.search(r'revision-3.html"[^§]*?1 warning<[^§]*?challenger is the best arm with 80 % probability', text)
    assert re.search(r'a0001.html"[^§]*?tag bad">retrain<[^§]*?Until 2013-11-15 00:00\. Wait\.', text)
    assert re.search(r'a0002.html">arm challenger<[^§]*?tag bad">rollback<', text)
    assert text.index("version 10 bb") < text.index("version 9 aa")


def test_the_newest_window_speaks_first(full: Path, log: FakeWatchLog) -> None:
    text = write_index(full, "toy", "Late?", log).read_text(encoding="utf-8")
    assert "Until 22 November 2013: No new alert: 2 stand, the first since 8 November 2013." in text
    log.raised = {}
    text = write_index(full, "toy", "Late?", log).read_text(encoding="utf-8")
    assert "Until 22 November 2013: No rule fired." in text


def test_an_experiment_is_listed_from_its_plan_on(full: Path, log: FakeWatchLog) -> None:
    page_of(full, "experiments/forgotten.html")
    log.plan(an_experiment("winter", why="is it worth it?", planned_at=START + WEEK))
    index = write_index(full, "toy", "Late?", log)
    text = index.read_text(encoding="utf-8")
    assert re.search(r'<span>winter</span>\s*<span><span class="tag quiet">planned<[^§]*?is it worth it\?', text)
    assert text.index("winter") < text.index("autumn") < text.index("forgotten")
    assert "Experiments (3)" in text
    page_of(full, "experiments/winter.html")
    assert "experiments/winter.html" in links(write_index(full, "toy", "Late?", log))


def test_what_was_rehearsed_and_then_raised_counts_once(full: Path, log: FakeWatchLog) -> None:
    window = {"since": START + WEEK, "until": START + 2 * WEEK, "state": "done"}
    log.raised = {"a0001": an_alert(1, **window), "dry-a0001": an_alert(2, **window, id="dry-a0001")}
    text = write_index(full, "toy", "Late?", log).read_text(encoding="utf-8")
    assert re.search(rf'{ALARM}"[^§]*?tag bad">1 alert<', text)
    assert "No new alert: 1 stands since" in text
    del log.raised["a0001"]
    text = write_index(full, "toy", "Late?", log).read_text(encoding="utf-8")
    assert re.search(rf'{ALARM}"[^§]*?tag bad">1 alert<', text)


def test_a_window_is_calm_only_when_no_alert_stands(full: Path, log: FakeWatchLog) -> None:
    def verdict() -> str:
        text = write_index(full, "toy", "Late?", log).read_text(encoding="utf-8")
        found = re.search(rf'{ALARM}"[^§]*?tag ([a-z]*)">([^<]*)<', text)
        assert found
        return " ".join(found.groups()).strip()

    log.raised = {"a1": an_alert(1, since=START, until=START + WEEK, state="done")}
    assert verdict() == "1 standing"
    log.raised = {"a1": an_alert(1, since=START, until=START + WEEK, state="done", ended_at=START + 2 * WEEK)}
    assert verdict() == "good calm"
    log.raised = {"a1": an_alert(1, since=START + WEEK, until=START + 2 * WEEK, state="withheld")}
    assert verdict() == "quiet 1 withheld"


def test_a_window_that_was_asked_nothing_is_empty(full: Path) -> None:
    log = FakeWatchLog()
    log.record(a_snapshot(0, report=f"reports/toy/{CALM}", rows=0))
    text = write_index(full, "toy", "Late?", log).read_text(encoding="utf-8")
    assert re.search(rf'{CALM}"[^§]*?tag quiet">empty<[^§]*?what">Nothing was asked\.<', text)


def test_a_look_back_is_told_from_the_full_report(tmp_path: Path) -> None:
    page_of(tmp_path, "shadows/a.html", SHADOW | {"as_of": SHADOW["until"]})
    page_of(tmp_path, "shadows/b.html", SHADOW | {"as_of": "2013-11-05T00:00:00"})
    page_of(tmp_path, "bandits/a.html", BANDIT | {"as_of": None})
    page_of(tmp_path, "bandits/b.html", BANDIT | {"as_of": "2013-11-05T00:00:00"})
    text = write_index(tmp_path, "toy", "Late?", FakeWatchLog()).read_text(encoding="utf-8")
    assert text.count("1 November 2013 to 8 November 2013, seen as of 5 November 2013.") == 2
    assert text.count("1 November 2013 to 8 November 2013.") == 2


def test_nothing_at_all_is_a_page_too(tmp_path: Path) -> None:
    text = write_index(tmp_path, "toy", "Late?", FakeWatchLog()).read_text(encoding="utf-8")
    assert "No window has been looked at yet." in text
    assert "There is nothing to look at yet" in text


@pytest.mark.parametrize("broken", ["{", "[]", ""])
def test_broken_figures_leave_the_link(tmp_path: Path, broken: str) -> None:
    for kind in ("shadows", "bandits", "incidents"):
        page_of(tmp_path, f"{kind}/one.html")
        write_text(tmp_path / f"reports/toy/{kind}/one.json", broken)
    index = write_index(tmp_path, "toy", "Late?", FakeWatchLog())
    assert {f"{kind}/one.html" for kind in ("shadows", "bandits", "incidents")} <= set(links(index))


def test_names_are_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    page_of(tmp_path, "incidents/a.html", {"alert": {"subject": evil}, "next_step": evil})
    assert evil not in write_index(tmp_path, "toy", evil, FakeWatchLog()).read_text(encoding="utf-8")


def test_all_problems_have_a_page_of_their_own(tmp_path: Path) -> None:
    for problem in ("toy", "other"):
        write_index(tmp_path, problem, "Late?", FakeWatchLog())
    page_of(tmp_path, "training/version-1-aa.html")
    overview = write_overview(tmp_path)
    assert links(overview) == ["other/index.html", "toy/index.html"]
    assert "1 in training" in overview.read_text(encoding="utf-8")
