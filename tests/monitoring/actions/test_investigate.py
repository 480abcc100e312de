"""An incident: who is suspected, who is hit, what changed, what to do."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from evidence import about
from fake_watch_log import FakeWatchLog
from small_watch import NOW, START, WEEK, a_snapshot, an_alert
from watched_problem import watched

from monitoring.actions.changed import what_changed
from monitoring.actions.investigate import Investigate, incident_path
from monitoring.actions.next_step import next_step
from monitoring.actions.suspects import segments_hit, suspects
from understudy.errors import DataError
from understudy.records import Reading, Snapshot

pytestmark = pytest.mark.unit

SPEC = watched()
IMPORTANCE = {"size": 0.08, "town": 0.02, "noise": -0.01}


def read(name: str, value: float | None, limit: float | None = None, **more: Any) -> Reading:
    return Reading(name=name, value=value, limit=limit, rows=500, **more)


def seen(*readings: Reading, **changes: Any) -> Snapshot:
    return a_snapshot(readings=readings, **changes)


def names(snapshot: Snapshot) -> list[str]:
    return [one.name for one in suspects(snapshot, IMPORTANCE, SPEC)]


def test_of_two_that_drifted_alike_the_more_important_is_suspected_first() -> None:
    both = seen(read("drift.input.town", 0.4, 0.1), read("drift.input.size", 0.4, 0.1), read("drift.score", 9, 0.1))
    first, second = suspects(both, IMPORTANCE, SPEC)
    assert (first.name, first.importance, first.score) == ("size", 0.8, 2.3219)
    assert (second.name, second.importance, second.score) == ("town", 0.2, 0.7546)
    assert first.says == ("drifted: 0.4, limit 0.1",)


def test_what_is_within_its_limit_is_not_suspected() -> None:
    assert (
        names(seen(read("drift.input.size", 0.1, 0.1), read("data.null.town", None, 0.1), read("data.rows", 9))) == []
    )


def test_a_null_column_outweighs_a_drifted_one_and_both_signs_count() -> None:
    gone = seen(
        read("drift.input.size", 0.25, 0.1),
        read("drift.input.town", 0.15, 0.1),
        read("data.null.town", 1.0, 0.0),
        read("data.unseen.town", 0.5, 0.01, about="Rome, Oslo"),
    )
    first = suspects(gone, IMPORTANCE, SPEC)[0]
    assert first.name == "town"
    assert first.says == (
        "drifted: 0.15, limit 0.1",
        "missing: 1, limit 0",
        "values that training did not see: 0.5, limit 0.01 (Rome, Oslo)",
    )


def test_what_was_served_otherwise_than_made_again_is_suspected_most() -> None:
    rows = [{"input": "town", "rows": 100, "differ": 40, "how": "views"}, {"input": "size", "rows": 9, "differ": 0}]
    skewed = seen(read("drift.input.size", 0.2, 0.1), details={"skew": {"inputs": rows}})
    found = suspects(skewed, IMPORTANCE, SPEC)
    assert [one.name for one in found] == ["town", "size"]
    assert found[0].says == ("served otherwise than training would have seen it, in 40.0% of the rows compared",)


def test_segments_are_hit_where_they_are_worse_than_the_whole_with_confidence() -> None:
    snapshot = seen(
        read("quality.brier", 0.10),
        read("quality.roc_auc", 0.80),
        read("quality.brier.segment.town=ash", 0.20, low=0.15, high=0.25),
        read("quality.brier.segment.town=birch", 0.12, low=0.08, high=0.16),
        read("quality.roc_auc.segment.town=ash", 0.60, low=0.5, high=0.7),
        read("quality.roc_auc.segment.town=birch", 0.90, low=0.85, high=0.95),
    )
    assert [(row["segment"], row["metric"], round(row["worse"], 4)) for row in segments_hit(snapshot)] == [
        ("town=ash", "brier", 1.0), ("town=ash", "roc_auc", 0.25),
    ]  # fmt: skip


def test_what_changed_are_revisions_the_version_and_the_service(stage: Any) -> None:
    before = seen(
        read("service.p99_ms", 10.0), read("service.rate", 100.0), made_at=stage.now[0] - timedelta(seconds=9)
    )
    here = seen(read("service.p99_ms", 30.0), read("service.rate", 101.0), version=2, made_at=NOW)
    assert what_changed(here, before, stage.log.history("toy")) == [
        {"what": "revision 2", "change": f"deploy by ann on {stage.now[0]:%Y-%m-%d %H:%M}: because"},
        {"what": "champion judged", "change": "toy/1, now toy/2"},
        {"what": "service.p99_ms", "change": "10 before, 30 now (+200%)"},
    ]


def test_without_a_window_before_only_what_serves_is_told(stage: Any) -> None:
    newest, window = what_changed(seen(made_at=NOW), None, stage.log.history("toy"))
    assert newest["what"] == "revision 2"
    assert "none to compare with" in window["change"]


@pytest.mark.parametrize(
    ("readings", "advice"),
    [
        ((read("service.constant", 1.0, 0.5),), "answers a constant"),
        ((read("skew.rows", 0.2, 0.0), read("data.null.size", 1.0, 0.1)), "Serving and training differ (see the"),
        ((read("service.stale.weather", 0.9, 0.01),), "`understudy materialise --problem toy`"),
        (
            (read("data.null.size", 1.0, 0.1), read("drift.input.size", 1, 0.1)),
            "training saw (size): ask who sends them",
        ),
        (
            (read("drift.input.size", 1, 0.1), read("quality.cost.change", 9, low=2, high=20)),
            "and its inputs have drift",
        ),
        ((read("quality.brier.change", 0.1, low=0.01, high=0.2),), "what they mean has changed: `understudy train"),
        ((read("drift.input.size", 1, 0.1), read("quality.cost.change", 9, low=-2, high=20)), "no label is in yet"),
        ((), "Nothing points at the model"),
    ],
)
def test_the_surest_fault_is_dealt_with_first(readings: tuple[Reading, ...], advice: str) -> None:
    assert advice in next_step(an_alert(), seen(*readings), ["size"])


def test_advice_on_skew_names_what_is_skewed_and_nothing_else() -> None:
    differ = {"town": 3, "size": 0, "hour": 9, "noise": 1, "wind": 2}
    rows = [{"input": name, "rows": 100, "differ": count} for name, count in differ.items()]
    skewed = seen(read("skew.rows", 0.2, 0.0), read("data.null.size", 1.0, 0.1), details={"skew": {"inputs": rows}})
    advice = next_step(an_alert(), skewed, ["size", "noise", "view weather", "town"])
    assert "Serving and training differ (noise, town, hour): mend" in advice


@pytest.mark.parametrize("labelled", [0, 500])
def test_advice_on_drift_names_what_drifted_and_nothing_else(labelled: int) -> None:
    moved = (read("drift.columns", 2, 0.0), read("drift.score", 2, 0.1), read("drift.input.size", 0.05, 0.1))
    inputs = (read("drift.input.hour", 1, 0.1), read("drift.input.town", 1, 0.1))
    suspected = ["size", "town", "hour"]
    assert "(town, hour)" in next_step(an_alert(), seen(*moved, *inputs, labelled=labelled), suspected)
    assert "(score)" in next_step(an_alert(), seen(*moved, labelled=labelled), suspected)
    assert "(see the readings)" in next_step(an_alert(), seen(moved[0], labelled=labelled), suspected)


def test_views_that_are_all_stale_at_once_point_at_the_clock() -> None:
    weather, traffic = read("service.stale.weather", 0.9, 0.01), read("service.stale.traffic", 0.9, 0.01)
    assert "requests' own clock" in next_step(an_alert(), seen(weather, traffic), [])
    fresh = read("service.stale.traffic", 0.0, 0.01)
    assert "requests' own clock" not in next_step(an_alert(), seen(weather, fresh), [])


def test_drift_that_the_model_keeps_up_with_is_no_reason_to_retrain() -> None:
    calm = seen(read("drift.input.size", 1, 0.1), labelled=500)
    assert "do not retrain for this" in next_step(an_alert(), calm, ["size"])


def test_after_a_refused_retraining_the_champion_stays() -> None:
    refused = an_alert(action="retrain", outcome={"what": "refused", "accepted": False})
    assert "the champion stays" in next_step(refused, seen(), [])


def test_a_retraining_that_broke_was_not_refused() -> None:
    broken = an_alert(action="retrain", state="failed", outcome={"what": "KeyError: 1", "error": "unexpected"})
    assert "The action itself failed" in next_step(broken, seen(), [])


@pytest.fixture
def look(stage: Any, tmp_path: Path) -> tuple[Investigate, FakeWatchLog]:
    log = FakeWatchLog()
    return Investigate(SPEC, log, stage.log, lambda _: IMPORTANCE, tmp_path), log


def test_an_incident_is_a_page_and_its_json(look: tuple[Investigate, FakeWatchLog], tmp_path: Path) -> None:
    investigate, log = look
    alert = an_alert(id="drift-1a", subject="drift.input.size", why="It drifted.", evidence=about())
    log.record(seen(read("drift.input.size", 0.4, 0.1), report="reports/toy/windows/w.html"), [alert, an_alert(2)])
    outcome = investigate.act(alert)
    assert outcome["incident"] == "reports/toy/incidents/drift-1a.html"
    assert (outcome["what"], outcome["suspects"]) == ("Suspected: size.", ["size"])
    page = (tmp_path / outcome["incident"]).read_text()
    kept = json.loads((tmp_path / "reports/toy/incidents/drift-1a.json").read_text())
    assert kept["suspects"][0]["name"] == "size"
    assert [one["id"] for one in kept["others"]] == ["a0002"]
    assert '<a href="../../../reports/toy/windows/w.html">' in page
    assert outcome["next_step"] in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert investigate.act(alert) == outcome


@pytest.mark.parametrize(
    ("since", "until", "before"),
    [
        (-7, 0, 8.0),
        (-9, -2, 8.0),
        (-14, -7, None),
        (-28, 0, None),
        (-1, 0, None),
        (-6, 1, None),
    ],
)
def test_a_window_is_held_against_one_as_long_right_before_it(
    look: tuple[Investigate, FakeWatchLog], tmp_path: Path, since: int, until: int, before: float | None
) -> None:
    investigate, log = look
    day, alert = timedelta(days=1), an_alert(evidence=about())
    ends = {"since": START + since * day, "until": START + until * day}
    for older in (0, 1):
        far = {"since": START - (60 + older) * day, "until": START - (53 + older) * day}
        log.record(seen(read("quality.brier", 0.1), **far))
    log.record(seen(read("quality.brier", 8.0), **ends, as_of=ends["until"]))
    log.record(seen(read("quality.brier", 9.0)), [alert])
    investigate.act(alert)
    kept = json.loads((tmp_path / f"{incident_path(alert)}.json").read_text())
    assert [row["before"] for row in kept["readings"]] == [before]
    assert ("none to compare with" in str(kept["changed"])) == (before is None)


def test_of_two_windows_before_the_nearest_counts(look: tuple[Investigate, FakeWatchLog], tmp_path: Path) -> None:
    investigate, log = look
    alert = an_alert(evidence=about())
    for days, figure in ((3, 7.0), (1, 8.0), (2, 6.0)):
        until = START - timedelta(days=days)
        log.record(seen(read("quality.brier", figure), since=until - WEEK, until=until, as_of=until))
    log.record(seen(read("quality.brier", 9.0)), [alert])
    investigate.act(alert)
    kept = json.loads((tmp_path / f"{incident_path(alert)}.json").read_text())
    assert [row["before"] for row in kept["readings"]] == [8.0]


def test_what_a_dry_run_raised_is_no_other_alert(look: tuple[Investigate, FakeWatchLog], tmp_path: Path) -> None:
    investigate, log = look
    alert = an_alert(evidence=about())
    log.record(seen(), [alert, an_alert(2), an_alert(3, evidence={"dry_run": True})])
    investigate.act(alert)
    kept = json.loads((tmp_path / f"{incident_path(alert)}.json").read_text())
    assert [one["id"] for one in kept["others"]] == ["a0002"]


def test_what_requests_carried_is_escaped(look: tuple[Investigate, FakeWatchLog], tmp_path: Path) -> None:
    investigate, log = look
    evil = "<img src=x onerror=alert(1)>"
    alert = an_alert(id="../../x", subject=f"quality.brier.segment.town={evil}")
    log.record(
        seen(
            read("quality.brier", 0.1), read(f"quality.brier.segment.town={evil}", 0.3, low=0.2, high=0.4), labelled=5
        ),
        [alert],
    )
    outcome = investigate.act(alert)
    assert outcome["incident"] == f"{incident_path(alert)}.html" == "reports/toy/incidents/------x.html"
    assert evil not in (tmp_path / outcome["incident"]).read_text()


def test_what_was_done_is_on_the_page_with_the_gates_failing_rows(
    look: tuple[Investigate, FakeWatchLog], tmp_path: Path
) -> None:
    investigate, log = look
    failed = [{"name": "brier", "figure": 0.2, "limit": 0.1, "verdict": "fail", "why": "0.2 against 0.1."}]
    outcome = {"what": "A training gave toy/2, and the gate refused it.", "accepted": False, "failed": failed}
    alert = an_alert(action="retrain", outcome=outcome)
    log.record(seen(), [alert])
    page = (tmp_path / investigate.act(alert)["incident"]).read_text()
    assert "the gate refused it" in page
    assert "0.2 against 0.1." in page


def test_an_action_that_failed_is_on_the_page_with_what_to_do(
    look: tuple[Investigate, FakeWatchLog], tmp_path: Path
) -> None:
    investigate, log = look
    outcome = {"what": "Too few rows before the moment.", "fix": "Choose a later moment.", "error": "data"}
    alert = an_alert(action="retrain", state="failed", outcome=outcome)
    log.record(seen(), [alert])
    page = (tmp_path / investigate.act(alert)["incident"]).read_text()
    assert "Too few rows before the moment." in page
    assert "Choose a later moment." in page


def test_a_window_that_nobody_watched_says_so(look: tuple[Investigate, FakeWatchLog]) -> None:
    with pytest.raises(DataError, match="Nothing was watched of toy"):
        look[0].act(an_alert())
