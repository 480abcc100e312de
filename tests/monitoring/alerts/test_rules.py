"""From windows to alerts: patterns, windows in a row, hysteresis, ids."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_watch import NOW, START, WEEK, a_snapshot
from watched_problem import DRIFT, WORSE

from monitoring.alerts.passing import judged
from monitoring.alerts.rules import Found, find, in_a_row
from understudy.problem.monitoring import Rule
from understudy.records import Alert, Reading, Snapshot

pytestmark = pytest.mark.unit

drift, worse = Rule(**DRIFT), Rule(**WORSE)


def seen(week: int, figure: float | None, name: str = "quality.brier", **changes: Any) -> Snapshot:
    return a_snapshot(week, readings=(Reading(name=name, value=figure, rows=500, limit=0.2),), **changes)


def run(figures: list[float | None], rule: Rule, after: str = "done") -> list[Found]:
    """Watch one window after the other, where every alert comes to ``after`` at once."""
    snapshots: list[Snapshot] = []
    kept: dict[str, Alert] = {}
    founds = []
    for week, figure in enumerate(figures):
        snapshot = seen(week, figure)
        found = find(snapshot, snapshots[::-1], list(kept.values()), [rule], NOW)
        kept |= {one.id: one.model_copy(update={"state": after}) for one in found.raised if one.id not in kept}
        kept |= {one.id: one for one in found.ended}
        snapshots.append(snapshot)
        founds.append(found)
    return founds


def raised(founds: list[Found]) -> list[int]:
    return [week for week, found in enumerate(founds) if found.raised]


def test_a_pattern_is_a_rule_for_each_reading_and_the_furthest_beyond_comes_first() -> None:
    readings = tuple(
        Reading(name=f"drift.input.{name}", value=value, limit=limit, rows=500)
        for name, value, limit in (("a", 0.3, 0.2), ("b", 0.1, 0.2), ("c", 0.9, 0.1), ("d", None, 0.1))
    )
    found = find(a_snapshot(readings=readings), [], [], [drift, worse], NOW)
    assert [alert.subject for alert in found.raised] == ["drift.input.c", "drift.input.a"]
    first = found.raised[0]
    assert (first.rule, first.action, first.until, first.state) == ("drift", "investigate", START + WEEK, "raised")
    assert (first.evidence["figure"], first.evidence["limit"], first.evidence["digest"]) == (0.9, 0.1, "a" * 64)
    assert first.evidence["windows"] == [
        {
            "until": "2013-11-08T00:00:00",
            "value": 0.9,
            "low": None,
            "high": None,
            "limit": 0.1,
            "rows": 500,
            "about": "",
        }
    ]


def test_the_same_window_again_gives_the_same_alert_also_as_of_later() -> None:
    snapshot = seen(0, 0.3)
    first = find(snapshot, [], [], [worse], NOW).raised
    later = snapshot.model_copy(update={"as_of": START + 9 * WEEK, "labelled": 7})
    again = find(later, [snapshot], first, [worse], NOW + timedelta(days=1)).raised
    assert [one.id for one in again] == [one.id for one in first]


def test_an_id_follows_from_rule_reading_window_and_champion_and_says_where_it_is_dry() -> None:
    (real,), (dry,) = (find(seen(0, 0.3), [], [], [worse], NOW, dry).raised for dry in (False, True))
    assert real.id == "worse-87ea829d8045", "alerts that are stored already keep their ids"
    assert dry.id == f"dry-{real.id}"


def test_another_window_champion_rule_or_reading_is_another_alert() -> None:
    ids = {
        find(snapshot, [], [], [rule], NOW).raised[0].id
        for snapshot, rule in (
            (seen(0, 0.3), worse),
            (seen(1, 0.3), worse),
            (seen(0, 0.3, digest="b" * 64), worse),
            (seen(0, 0.3), worse.model_copy(update={"name": "other"})),
            (seen(0, 0.3, "drift.score"), drift),
        )
    }
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("figures", "weeks"),
    [
        ([0.3, 0.3, 0.3], [1]),
        ([0.3, 0.1, 0.3, 0.3], [3]),
        ([0.3, None, 0.3, 0.3], [3]),
        ([0.3, 0.19, 0.3], []),
    ],
)
def test_several_windows_in_a_row_must_pass(figures: list[float | None], weeks: list[int]) -> None:
    assert raised(run(figures, worse.model_copy(update={"windows": 2, "cooldown": "52w"}))) == weeks


def test_windows_in_a_row_do_not_overlap_and_judge_the_same_champion() -> None:
    half = timedelta(days=3)
    here = seen(4, 0.3)
    shifted = here.model_copy(update={"since": here.since - half, "until": here.until - half})
    daily = here.model_copy(update={"since": here.since - timedelta(days=1), "until": here.since})
    assert in_a_row(here, [shifted, seen(3, 0.3), daily, seen(2, 0.3)], 3) == (here, seen(3, 0.3), seen(2, 0.3))
    assert in_a_row(here, [seen(3, 0.3, digest="b" * 64)], 2) == (here,)
    assert in_a_row(here, [seen(2, 0.3)], 2) == (here,), "a window is missing between the two"


def test_what_stands_is_not_raised_again_until_it_was_back() -> None:
    founds = run([0.3, 0.3, 0.19, 0.21, 0.18, 0.21], worse.model_copy(update={"cooldown": "52w"}), after="withheld")
    assert raised(founds) == [0, 1, 3, 5], "nothing was done about it yet, so it is raised anew"
    founds = run([0.3, 0.3, 0.19, 0.21, 0.18, 0.21], worse.model_copy(update={"cooldown": "2w"}))
    assert raised(founds) == [0, 3, 5]
    assert [one.ended_at for one in founds[4].ended] == [START + 5 * WEEK] * 2


def test_an_incident_is_opened_once_for_as_long_as_it_stands() -> None:
    founds = run([0.3] * 8 + [0.1, 0.3], worse.model_copy(update={"action": "investigate", "cooldown": "1d"}))
    assert raised(founds) == [0, 9]


def test_what_changes_something_is_tried_again_after_its_cooldown() -> None:
    assert raised(run([0.3] * 7, worse.model_copy(update={"cooldown": "3w"}))) == [0, 3, 6]


def test_another_champion_ends_what_stood_and_a_silent_reading_does_not() -> None:
    standing = find(seen(0, 0.3), [], [], [worse], NOW).raised
    assert find(seen(1, None), [], standing, [worse], NOW).ended == ()
    ended = find(seen(1, 0.3, digest="b" * 64), [], standing, [worse], NOW)
    assert [one.id for one in ended.ended] == [standing[0].id]
    assert len(ended.raised) == 1


def test_windows_of_two_lengths_are_held_apart() -> None:
    month = seen(3, 0.9, since=START)
    raised = find(month, [], [], [drift, worse], NOW).raised
    assert raised
    calm_week = seen(3, 0.01)
    assert find(calm_week, [month], raised, [drift, worse], NOW).ended == ()
    calm_month = seen(4, 0.01, since=START + WEEK)
    assert len(find(calm_month, [month], raised, [drift, worse], NOW).ended) == len(raised)
    weekly = Rule(**{**WORSE, "window": "7d"})
    assert not find(month, [], [], [weekly], NOW).raised
    assert find(seen(3, 0.9), [], [], [weekly], NOW).raised


def test_a_window_of_the_past_ends_nothing_that_came_after_it() -> None:
    standing = find(seen(5, 0.3), [], [], [worse], NOW).raised
    assert find(seen(2, 0.0), [], standing, [worse], NOW) == Found((), ())


figures = st.lists(st.one_of(st.none(), st.floats(0, 0.4)), min_size=1, max_size=25)


@given(figures=figures, clears=st.floats(0.1, 1), number=st.integers(1, 3))
def test_between_two_alerts_the_reading_was_back(figures: list[float | None], clears: float, number: int) -> None:
    rule = worse.model_copy(update={"clears": clears, "windows": number, "cooldown": "99w"})
    founds = run(figures, rule)
    views = [judged(rule, seen(week, figure).reading("quality.brier")) for week, figure in enumerate(figures)]
    weeks = raised(founds)
    for week in weeks:
        assert all(view and view.beyond for view in views[week - number + 1 : week + 1])
    for one, other in pairwise(weeks):
        assert any(view and view.back for view in views[one + 1 : other])
    assert sum(len(found.ended) for found in founds) <= len(weeks)
    for week, found in enumerate(founds):
        view = views[week]
        assert not found.ended or (view is not None and view.back)


@given(figures=figures, clears=st.floats(0.1, 1))
def test_one_alert_at_a_time_stands_for_a_reading_that_was_acted_on(figures: list[float | None], clears: float) -> None:
    rule = worse.model_copy(update={"clears": clears, "action": "investigate"})
    standing = 0
    for found in run(figures, rule):
        standing += len(found.raised) - len(found.ended)
        assert standing in (0, 1)
