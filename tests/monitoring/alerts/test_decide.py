"""What holds an alert back, and in which words."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_watch import NOW, START, WEEK, an_alert

from monitoring.alerts.decide import Terms, judge
from understudy.records import Alert

pytestmark = pytest.mark.unit

TERMS = Terms(cooldown=2 * WEEK, per_hour=3, dry_run=False, known={"investigate", "retrain", "rollback"})


def raised(number: int = 1, week: int = 0, **changes: Any) -> Alert:
    window = {"since": START + week * WEEK, "until": START + (week + 1) * WEEK}
    return an_alert(number, **{"action": "retrain", "rule": "worse", **window, **changes})


def done(number: int, minutes: float = 120, **changes: Any) -> Alert:
    return raised(number, **{"state": "done", "decided_at": NOW - timedelta(minutes=minutes), **changes})


def decided(alert: Alert, *others: Alert, terms: Terms = TERMS) -> Alert:
    return judge(others, alert, terms, 7, NOW)


def test_what_nothing_speaks_against_is_decided_on_the_newest_revision() -> None:
    alert = decided(raised(evidence={"figure": 0.31, "limit": 0.2}))
    assert (alert.state, alert.based_on, alert.decided_at) == ("decided", 7, NOW)
    assert alert.why == "drift.score is 0.31, beyond its limit of 0.2: retrain."


def test_a_decision_is_made_once() -> None:
    for state in ("decided", "withheld", "acting", "done", "failed"):
        alert = raised(state=state)
        assert decided(alert) is alert


@pytest.mark.parametrize(("week", "state"), [(1, "withheld"), (2, "decided"), (-1, "withheld"), (-2, "decided")])
def test_a_rule_cools_down_on_the_problems_clock(week: int, state: str) -> None:
    alert = decided(raised(2, week), done(1))
    assert alert.state == state
    assert ("cooling down" in alert.why) == (state == "withheld")


def test_rules_and_actions_cool_down_apart() -> None:
    assert decided(raised(2), done(1, rule="other")).state == "decided"
    assert decided(raised(2), done(1, action="rollback")).state == "decided"
    assert decided(raised(2), done(1, state="failed")).state == "withheld"


def test_no_more_actions_than_allowed_start_within_an_hour_of_the_machines_clock() -> None:
    others = [done(n, minutes, rule=f"r{n}", action="rollback") for n, minutes in enumerate((59, 30, 1, 61))]
    alert = decided(raised(9), *others)
    assert (alert.state, alert.why) == ("withheld", "3 actions were started within an hour, and 3 are allowed.")
    assert decided(raised(9), *others[1:]).state == "decided"
    looked = [done(n, 1, rule=f"r{n}", action="investigate") for n in range(9)]
    assert decided(raised(9), *looked).state == "decided"
    assert decided(raised(9, action="investigate"), *others).state == "decided"


def test_two_actions_of_a_kind_are_never_under_way_at_once() -> None:
    for state in ("decided", "acting"):
        alert = decided(raised(2, 20), done(1, state=state, rule="other"))
        assert alert.state == "withheld"
        assert "has a retrain under way" in alert.why
        assert decided(raised(2, 20), done(1, state=state, rule="other", action="rollback")).state == "decided"


def test_one_incident_covers_a_window() -> None:
    first = done(1, action="investigate", rule="drift")
    alert = decided(raised(2, action="investigate"), first)
    assert (alert.state, alert.outcome) == ("withheld", {"covered_by": "a0001"})
    assert decided(raised(2, 1, action="investigate"), first).state == "decided"
    assert decided(raised(2, action="investigate"), first.model_copy(update={"state": "failed"})).state == "decided"


def test_a_dry_run_says_what_would_be_and_honours_its_own_limits() -> None:
    dry = Terms(cooldown=2 * WEEK, per_hour=3, dry_run=True, known={"retrain"})
    first = decided(raised(1), terms=dry)
    assert (first.state, first.outcome) == ("done", {"dry_run": True})
    assert first.why == "Dry run: retrain would be next, and is not taken."
    assert decided(raised(2, 1), first, terms=dry).state == "withheld"
    assert decided(raised(2, 1), first).state == "decided", "what was not done does not count once it is meant"


def test_an_action_that_is_not_known_here_is_withheld() -> None:
    alert = decided(raised(action="fly"))
    assert (alert.state, alert.why) == ("withheld", "There is no action 'fly' here.")


alerts = st.builds(
    raised,
    st.integers(1, 9999),
    st.integers(0, 6),
    rule=st.sampled_from(["worse", "dearer", "constant"]),
    action=st.sampled_from(["investigate", "retrain", "rollback"]),
)


@given(
    storm=st.lists(alerts, max_size=40, unique_by=lambda one: one.id), gaps=st.lists(st.integers(0, 40), min_size=40)
)
def test_whatever_comes_in_whatever_order_limits_hold(storm: list[Alert], gaps: list[int]) -> None:
    now, taken = NOW, []
    for alert, gap in zip(storm, gaps, strict=False):
        now += timedelta(minutes=gap)
        judged = judge(taken, alert, TERMS, 1, now)
        if judged.state == "decided":
            taken.append(judged.model_copy(update={"state": "done"}))
    harmful = [one for one in taken if one.action != "investigate"]
    for one in taken:
        same = [two for two in taken if two.id != one.id and (two.rule, two.action) == (one.rule, one.action)]
        assert all(abs(one.until - two.until) >= TERMS.cooldown for two in same)
    for one in harmful:
        assert one.decided_at is not None
        hour = [
            two
            for two in harmful
            if two.decided_at and timedelta() <= two.decided_at - one.decided_at < timedelta(hours=1)
        ]
        assert len(hour) <= TERMS.per_hour
