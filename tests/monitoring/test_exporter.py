"""Gauges of the newest windows and the open alerts."""

from datetime import datetime, timedelta

import pytest
from fake_ledger import FakeLedger
from fake_watch_log import FakeWatchLog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from small_traffic import SPEC, answered, rows
from watched_problem import watched

from monitoring.exporter import GAUGES, Standing, WatchCollector, exposition, standing
from understudy.errors import StoreError
from understudy.records import Alert, Reading, Snapshot

pytestmark = pytest.mark.unit

READINGS = (
    Reading(name="data.null.size", value=0.25, limit=0.1),
    Reading(name="drift.input.size", value=0.4, limit=0.2),
    Reading(name="drift.score", value=0.3, limit=0.2),
    Reading(name="quality.brier", value=0.1, low=0.08, high=0.12),
    Reading(name="quality.brier.change", value=0.02, low=-0.01, high=0.05),
    Reading(name="quality.brier.segment.town=ash", value=0.2),
    Reading(name="estimate.cost.error", value=-3.0),
    Reading(name="service.p99_ms", value=12.0),
    Reading(name="service.model_age_days", value=2.0),
    Reading(name="skew.rows", value=None),
)


END = datetime(2024, 3, 8)


def a_snapshot(days: int = 7, until: datetime = END, **changes: object) -> Snapshot:
    values = {
        "problem": "toy", "since": until - timedelta(days=days), "until": until, "as_of": until, "version": 3,
        "made_at": datetime(2026, 1, 1), "digest": "d" * 64, "rows": 100, "labelled": 90, "readings": READINGS,
    }  # fmt: skip
    return Snapshot(**{**values, **changes})


def an_alert(number: int, **changes: object) -> Alert:
    moment = END
    values = {"id": f"a{number}", "problem": "toy", "rule": "drift", "subject": "drift.score", "action": "investigate"}
    return Alert(**{**values, "since": moment, "until": moment, "raised_at": moment, **changes})


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (
            sample.name.removeprefix("understudy_"),
            *(sample.labels[key] for key in sorted(sample.labels) if key not in ("problem", "window")),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_readings_become_gauges_in_base_units() -> None:
    found = samples(exposition([Standing(SPEC, {"7d": a_snapshot()}, ())]))
    assert found["data_null_ratio", "size"] == 0.25
    assert found["data_null_ratio_limit", "size"] == 0.1
    assert found["drift_distance", "size"] == 0.4
    assert found["drift_distance", "score"] == 0.3
    assert found["drift_distance_limit", "score"] == 0.2
    assert [found["quality", bound, "brier"] for bound in ("low", "value", "high")] == [0.08, 0.1, 0.12]
    assert found["quality_change", "high", "brier"] == 0.05
    assert found["estimate_error", "value", "cost"] == -3.0
    assert found["service_latency_seconds", "0.99"] == pytest.approx(0.012)
    assert found["model_age_seconds",] == 2 * 86_400
    assert found["window_predictions",] == 100
    assert found["window_end_timestamp_seconds",] == END.timestamp() - datetime(1970, 1, 1).timestamp()


def test_segments_and_what_was_not_measured_have_no_sample() -> None:
    text = exposition([Standing(SPEC, {"7d": a_snapshot()}, ())])
    assert "ash" not in text
    assert "skew" not in text


def test_open_alerts_are_counted_by_rule_and_state_also_where_there_are_none() -> None:
    log = FakeWatchLog()
    log.record(a_snapshot(), [an_alert(1), an_alert(2, state="done"), an_alert(3, ended_at=datetime(2024, 3, 9))])
    found = samples(exposition([standing(log, SPEC, END)]))
    assert found["alerts_open", "investigate", "drift"] == 2
    assert found["alerts_open", "retrain", "worse"] == 0
    assert found["alerts_open_by_state", "raised"] == found["alerts_open_by_state", "done"] == 1
    assert found["alerts_open_by_state", "failed"] == 0


def test_what_a_dry_run_raised_is_open_only_where_every_look_is_dry() -> None:
    log = FakeWatchLog()
    log.record(a_snapshot(), [an_alert(1), an_alert(2, id="dry-a0001", evidence={"dry_run": True}, state="done")])
    assert samples(exposition([standing(log, SPEC, END)]))["alerts_open", "investigate", "drift"] == 1
    rehearsing = SPEC.model_copy(update={"monitoring": SPEC.monitoring.model_copy(update={"dry_run": True})})
    assert samples(exposition([standing(log, rehearsing, END)]))["alerts_open", "investigate", "drift"] == 2


def of_windows(text: str, name: str) -> dict[str, float]:
    """The values of a gauge by the label of the window."""
    families = text_string_to_metric_families(text)
    return {one.labels["window"]: one.value for family in families for one in family.samples if one.name == name}


def test_each_configured_length_has_its_newest_window_and_no_other_look_takes_its_place() -> None:
    log, spec = FakeWatchLog(), watched(monitoring={"long_window": "28d"})
    log.record(a_snapshot(7, END - timedelta(days=7), rows=1))
    log.record(a_snapshot(7, END, rows=2))
    log.record(a_snapshot(28, END, rows=3, readings=(Reading(name="drift.columns", value=5.0),)))
    log.record(a_snapshot(1, END, rows=4))
    log.record(a_snapshot(7, END + timedelta(minutes=1), rows=5))
    text = exposition([standing(log, spec, END)])
    assert of_windows(text, "understudy_window_predictions") == {"7d": 2, "28d": 3}
    assert of_windows(text, "understudy_drift_columns") == {"28d": 5}
    assert of_windows(text, "understudy_window_length_seconds") == {"7d": 7 * 86_400, "28d": 28 * 86_400}
    sooner = exposition([standing(log, spec, END - timedelta(hours=1))])
    assert of_windows(sooner, "understudy_window_predictions") == {"7d": 1}


def test_lengths_are_told_also_before_the_first_window() -> None:
    text = exposition([standing(FakeWatchLog(), watched(monitoring={"window": "30d"}), None)])
    assert of_windows(text, "understudy_window_length_seconds") == {"30d": 2_592_000}
    assert "understudy_window_made" not in text


def test_a_scrape_asks_the_log_anew_and_survives_its_absence() -> None:
    class Log(FakeWatchLog):
        away = False

        def snapshots(self, *given: object, **more: object) -> tuple[Snapshot, ...]:
            if self.away:
                raise StoreError("The database is away.", "Wait.")
            return super().snapshots(*given, **more)  # type: ignore[arg-type]

    log, ledger, registry = Log(), FakeLedger(), CollectorRegistry()
    ledger.append([answered({**rows(1)[0], "at": END - timedelta(seconds=20)}, 0)])
    registry.register(WatchCollector(log, ledger, [SPEC]))
    assert "understudy_window_predictions" not in generate_latest(registry).decode()
    log.record(a_snapshot())
    log.record(a_snapshot(until=END + timedelta(days=1), rows=7))
    assert 'understudy_window_predictions{problem="toy",window="7d"} 100.0' in generate_latest(registry).decode()
    log.away = True
    text = generate_latest(registry).decode()
    assert "understudy_watch_log_reachable 0.0" in text
    assert "understudy_window_predictions" not in text


def test_every_gauge_has_words_and_a_unit_or_is_a_plain_number() -> None:
    first = {gauge.name: gauge for gauge in reversed(GAUGES)}
    assert all(gauge.words for gauge in first.values())
    units = ("_ratio", "_seconds", "_per_hour", "drift_distance", "drift_columns", "skew_values", "quality", "estimate")
    assert all(name.endswith(units) for name in first)
