"""The bank from 2009 on, watched month by month: alerts train a new model, and it earns the place of that of 2008.

Runs with FULL_PROOFS=1 only: it trains bank, replays months to a real server, and trains again wherever an alert asks
for it. TRAINED_BANK may name a project in which bank was trained by this code, to save the first training.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from bank_story import BANK, WINDOW, BankStory, Month, bank_story
from pressure import FULL

from understudy.adapters import open_watch_log
from understudy.records import Deployment

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(5400),
    pytest.mark.skipif(not os.environ.get(FULL), reason=f"it trains bank several times: set {FULL}=1"),
]

BEGIN, END = datetime(2009, 1, 1), datetime(2010, 7, 1)
STEPS = ("retrain", "canary", "promote")
PAYS = 0.10
"""By which the Brier score must fall against the model of 2008 in the window after the promotion."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankStory]:
    """The months up to the first promotion, and one more."""
    with bank_story(tmp_path_factory.mktemp("bank") / "project", os.environ.get("TRAINED_BANK", "")) as made:
        promoted, since = False, BEGIN
        while not promoted and since < END:
            made.month(since)
            since += WINDOW
            promoted = made.history[0].champion.version != 1
        made.month(since)
        yield made


def taken(story: BankStory, action: str) -> tuple[int, dict[str, Any], Deployment]:
    """The step that led to the new champion: place of its month, its alert, and the revision it made."""
    version = story.history[0].champion.version
    by = {revision.who: revision for revision in story.history}
    for place, month in enumerate(story.months):
        for alert in month.alerts:
            made = by.get(f"alert {alert['id']}")
            if made and alert["action"] == action and alert["outcome"].get("version") == version:
                return place, alert, made
    raise AssertionError(f"no alert took the step {action}: {[month.json() for month in story.months]}")


def alarms(month: Month) -> set[tuple[str, str]]:
    return {(alert["rule"], alert["action"]) for alert in month.alerts}


def test_drift_and_quality_alert_before_anything_is_trained(story: BankStory) -> None:
    trained, alert, _ = taken(story, "retrain")
    assert alert["subject"] == "quality.brier.change"
    assert alert["evidence"]["figure"] > alert["evidence"]["limit"] == 0.0
    before = set().union(*(alarms(month) for month in story.months[: trained + 1]))
    assert {("inputs-moved", "investigate"), ("brier-worse", "retrain")} <= before


def test_a_retraining_passes_the_gate_and_goes_by_shadow_and_canary_to_the_top(story: BankStory) -> None:
    (trained, retrain, shadow), (proven, _, canary), (held, _, top) = (taken(story, step) for step in STEPS)
    version = retrain["outcome"]["version"]
    assert trained < proven < held == len(story.months) - 2
    assert retrain["outcome"]["accepted"]
    assert [one.version for one in shadow.shadows] == [version]
    assert (canary.mode, canary.arms[1].version) == ("canary", version)
    assert canary.ramp is not None
    assert canary.ramp.shares == (0.05, 0.25, 0.5)
    assert (top.mode, top.champion.version) == ("single", version)
    assert shadow.champion.version == canary.champion.version == 1
    assert shadow.revision < canary.revision < top.revision


def test_each_step_is_one_record_from_evidence_to_outcome(story: BankStory) -> None:
    stored = {alert.id: alert for alert in open_watch_log(story.settings).alerts(BANK, 1000)}
    for step in STEPS:
        _, alert, made = taken(story, step)
        record = stored[alert["id"]]
        assert (record.state, record.outcome["revision"], made.why != "") == ("done", made.revision, True)
        assert (story.workspace.home / record.incident).is_file()
    assert all(revision.who.startswith("alert ") for revision in story.history[:-1])


def test_what_the_gate_refuses_is_told_and_serves_nowhere(story: BankStory) -> None:
    served = {placed.version for one in story.history for placed in (*one.arms, *one.shadows)}
    for alert in (alert for month in story.months for alert in month.alerts if alert["action"] == "retrain"):
        outcome = alert["outcome"]
        if alert["state"] == "done" and not outcome["accepted"]:
            assert outcome["version"] not in served
            assert all(check["why"] in outcome["what"] for check in outcome["failed"])


def test_brier_falls_by_a_tenth_in_the_next_window(story: BankStory) -> None:
    last = story.months[-1]
    assert last.served.mode == "single"
    assert last.frozen - last.brier >= PAYS
    assert last.rows >= story.spec.monitoring.smallest
    answered = [month for month in story.months if month.served.champion.version == 1]
    assert all(month.parted < 1e-6 for month in answered)
