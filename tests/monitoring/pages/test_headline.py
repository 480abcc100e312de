"""What a window comes to, in words."""

from datetime import datetime

import pytest
from small_watch import START, WEEK, an_alert

from monitoring.pages.headline import headline
from understudy.records import Alert, Reading, Snapshot

pytestmark = pytest.mark.unit

MOMENT = datetime(2024, 3, 8)


def said(
    *readings: Reading,
    alerts: int = 0,
    columns: list[dict[str, object]] | None = None,
    rows: int = 500,
    standing: tuple[Alert, ...] = (),
) -> str:
    snapshot = Snapshot(
        problem="toy", since=MOMENT, until=MOMENT, as_of=MOMENT, made_at=MOMENT, version=1, digest="d" * 64, rows=rows,
        labelled=3, readings=readings, details={"drift": {"columns": columns or []}},
    )  # fmt: skip
    raised = [
        Alert(
            id=str(number), problem="toy", rule="r", subject=f"drift.input.c{number}", action="investigate",
            since=MOMENT, until=MOMENT, raised_at=MOMENT,
        )
        for number in range(alerts)
    ]  # fmt: skip
    return headline(snapshot, raised, standing)


def test_a_cost_is_compared_with_the_test_and_chance() -> None:
    cost = Reading(name="quality.cost", value=412.0)
    worse = Reading(name="quality.cost.change", value=35.0, low=5.0, high=60.0)
    assert "Decisions cost 412 per 1,000, 35 more than on the test rows." in said(cost, worse)
    unsure = Reading(name="quality.cost.change", value=-35.0, low=-70.0, high=2.0)
    assert "35 less than on the test rows, which chance alone explains." in said(cost, unsure)


def test_before_labels_the_estimate_speaks() -> None:
    expected = Reading(name="estimate.cost", value=300.0)
    assert "3 of 500 labels have landed; by its own scores, decisions will cost 300 per 1,000." in said(expected)
    assert "Too little was answered to judge it." in said()


def test_alerts_are_named_up_to_three() -> None:
    assert said(alerts=5).startswith("5 alerts: drift.input.c0, drift.input.c1, drift.input.c2 and 2 more.")
    assert said().startswith("No rule fired.")


def test_without_a_new_alert_what_is_past_its_limit_or_still_stands_is_told() -> None:
    past = Reading(name="drift.score", value=0.3, limit=0.2)
    assert said(past).startswith("No new alert: 1 reading past the limit.")
    assert said(Reading(name="drift.score", value=0.1, limit=0.2)).startswith("No rule fired.")
    older, newer = an_alert(1), an_alert(2, until=START + 2 * WEEK)
    assert said(past, standing=(older,)).startswith("No new alert: 1 stands since 8 November 2013.")
    assert said(standing=(newer, older)).startswith("No new alert: 2 stand, the first since 8 November 2013.")
    assert said(alerts=1, standing=(older,)).startswith("1 alert: drift.input.c0.")


def test_where_nothing_was_asked_there_is_nothing_to_judge() -> None:
    assert said(rows=0) == "Nothing was asked."
    assert said(rows=0, alerts=1) == "Nothing was asked. 1 alert: drift.input.c0."
    assert said(rows=0, standing=(an_alert(),)) == "Nothing was asked. No new alert: 1 stands since 8 November 2013."


def test_columns_that_moved_are_named_the_furthest_first() -> None:
    columns = [
        {"name": name, "value": 1.0, "drifted": far > 1, "excess": far} for name, far in (("a", 2), ("b", 9), ("c", 0))
    ]
    assert "2 columns moved further than in calm windows, first b, a." in said(columns=columns)
    assert "No column has moved" in said(columns=[{**columns[2]}])


def test_skew_is_told_in_each_of_its_states() -> None:
    assert "could not be made again" in said()
    assert "equal those made again" in said(Reading(name="skew.rows", value=0.0))
    assert "2.5\N{NO-BREAK SPACE}% of the rows that were made again differ" in said(
        Reading(name="skew.rows", value=0.025)
    )
