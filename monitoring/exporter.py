"""The newest window of each configured length of each problem, and its open alerts, as Prometheus gauges.

Labels come from fixed sets: the problem, its lengths of windows, columns, views, rules and the names of figures.
Segments are left out, for their values come from requests. What could not be measured has no sample.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitoring.alerts.dry import counting
from monitoring.look import present
from understudy.errors import StoreError
from understudy.ports import Ledger, WatchLog
from understudy.problem import ProblemSpec, parse_span
from understudy.records import Alert, AlertState, Reading, Snapshot

MOST_ALERTS = 1_000
BOUNDS = ("value", "low", "high")


@dataclass(frozen=True)
class Gauge:
    """How readings become one gauge."""

    name: str
    """Without ``understudy_`` before it; ends in its unit, or in ``ratio`` for shares."""
    words: str
    stem: str
    """The reading, or what it begins with where the rest of its name is the label's value."""
    label: str = ""
    value: str = ""
    """Of the label, where the reading's name does not say it."""
    scale: float = 1.0
    limits: bool = False
    """Whether the readings' limits are a gauge too, whose name ends in ``_limit``."""
    bounds: bool = False
    """Whether each end of the interval is a sample, by the label ``bound``."""


GAUGES = (
    Gauge("data_failed_ratio", "Share of requests that break the schema of training.", "data.failed"),
    Gauge("data_duplicate_ratio", "Share of requests whose id came before.", "data.duplicates"),
    Gauge("data_disorder_ratio", "Share of requests that came an hour late or more.", "data.disorder"),
    Gauge("data_null_ratio", "Share of rows without a value.", "data.null.", "column", limits=True),
    Gauge("data_unseen_ratio", "Share of rows with a category that training did not see.", "data.unseen.", "column"),
    Gauge("data_lag_ratio", "Share of rows whose time stands otherwise to the event time.", "data.lag.", "column"),
    Gauge("data_grid_ratio", "Share of values off the steps of training.", "data.grid.", "column", limits=True),
    Gauge("skew_rows_ratio", "Share of rows whose features differ when they are made again.", "skew.rows"),
    Gauge("skew_values", "Values that differ when they are made again.", "skew.values"),
    Gauge("drift_distance", "Distance of a column from training.", "drift.input.", "column", limits=True),
    Gauge("drift_distance", "", "drift.score", "column", "score", limits=True),
    Gauge("drift_distance", "", "drift.decision", "column", "decision", limits=True),
    Gauge("drift_columns", "Columns past their limit.", "drift.columns"),
    Gauge("quality", "Figure of the labelled rows, with its 95 % interval.", "quality.", "metric", bounds=True),
    Gauge("estimate", "Figure that scores make expect, before labels.", "estimate.", "metric", bounds=True),
    Gauge("service_predictions_per_hour", "Predictions for each hour of the problem's clock.", "service.rate"),
    Gauge("service_latency_seconds", "Time to the answer.", "service.p50_ms", "quantile", "0.5", 1e-3),
    Gauge("service_latency_seconds", "", "service.p99_ms", "quantile", "0.99", 1e-3),
    Gauge("service_fallback_ratio", "Share of predictions that the champion gave for another.", "service.fallbacks"),
    Gauge("service_error_ratio", "Share of predictions that a model failed at.", "service.errors"),
    Gauge("service_shadow_dropped_ratio", "Share of rows that shadows did not score.", "service.shadow_dropped"),
    Gauge("service_stale_ratio", "Share of rows that found a view too old.", "service.stale.", "view"),
    Gauge("service_constant_ratio", "Share of the commonest score.", "service.constant", limits=True),
    Gauge("model_age_seconds", "Age of the newest training row.", "service.model_age_days", scale=86_400.0),
)
CHANGES = {".change": "since the test", ".previous": "since the window before", ".error": "estimate minus truth"}
"""Endings of readings that are gauges of their own, such as ``understudy_quality_change``."""


@dataclass(frozen=True)
class Standing:
    """What is known of one problem."""

    spec: ProblemSpec
    snapshots: Mapping[str, Snapshot]
    """The newest of each length of ``lengths`` that has one."""
    alerts: Sequence[Alert]
    """Those that have not ended; of dry runs only where the problem's YAML makes every look one."""


def lengths(spec: ProblemSpec) -> dict[str, timedelta]:
    """The lengths of the windows that are looked at by themselves, as the problem's YAML writes them."""
    return {text: parse_span(text) for text in (spec.monitoring.window, spec.monitoring.long_window) if text}


def standing(log: WatchLog, spec: ProblemSpec, now: datetime | None) -> Standing:
    """The problem's newest windows that end by ``now``, and its open alerts.

    Raises:
        StoreError: the watch log cannot be reached.
    """
    mine = counting(log.alerts(spec.name, MOST_ALERTS), spec.monitoring.dry_run)
    alerts = [alert for alert in mine if alert.ended_at is None]
    newest = {text: log.snapshots(spec.name, 1, now, span) for text, span in lengths(spec).items()}
    return Standing(spec, {text: found[0] for text, found in newest.items() if found}, alerts)


def exposition(problems: Iterable[Standing]) -> str:
    """Prometheus' text format."""
    registry = CollectorRegistry()
    found = list(problems)
    registry.register(_Given(lambda: found))
    return generate_latest(registry).decode()


class WatchCollector(Collector):
    """Tells the registry of a long-running process of some problems, as the watch log has them at each scrape."""

    def __init__(self, log: WatchLog, ledger: Ledger, specs: Sequence[ProblemSpec]) -> None:
        self._log, self._ledger, self._specs = log, ledger, specs

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        reached = GaugeMetricFamily("understudy_watch_log_reachable", "Whether watch log and ledger can be read.")
        try:
            found = [standing(self._log, spec, present(self._ledger, spec.name)) for spec in self._specs]
        except StoreError:
            found = []
        reached.add_metric([], float(bool(found) or not self._specs))
        yield reached
        yield from families(found)


class _Given(Collector):
    def __init__(self, given: Callable[[], Sequence[Standing]]) -> None:
        self._given = given

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        yield from families(self._given())


def families(problems: Sequence[Standing]) -> list[Metric]:
    """Every gauge of every problem."""
    made = _Families()
    for one in problems:
        for text, span in lengths(one.spec).items():
            labels = {"problem": one.spec.name, "window": text}
            made.add("window_length_seconds", "Length of the windows.", labels, span.total_seconds())
            if text in one.snapshots:
                _of_window(made, labels, one.snapshots[text])
        _of_alerts(made, one)
    return list(made.by_name.values())


class _Families:
    def __init__(self) -> None:
        self.by_name: dict[str, GaugeMetricFamily] = {}

    def add(self, name: str, words: str, labels: dict[str, str], value: float | None) -> None:
        if value is None:
            return
        if name not in self.by_name:
            self.by_name[name] = GaugeMetricFamily(f"understudy_{name}", words, labels=list(labels))
        self.by_name[name].add_metric(list(labels.values()), value)


def _of_window(made: _Families, window: dict[str, str], snapshot: Snapshot) -> None:
    made.add("window_predictions", "Predictions of the newest window.", window, snapshot.rows)
    made.add("window_labels", "Labels that had landed.", window, snapshot.labelled)
    made.add("window_version", "Version that is judged.", window, snapshot.version)
    made.add("window_end_timestamp_seconds", "End, by the problem's clock.", window, _seconds(snapshot.until))
    made.add("window_made_timestamp_seconds", "When it was looked at.", window, _seconds(snapshot.made_at))
    for gauge in GAUGES:
        for reading in snapshot.readings:
            _of_reading(made, window, gauge, reading)


def _of_reading(made: _Families, window: dict[str, str], gauge: Gauge, reading: Reading) -> None:
    said = _said(gauge, reading.name)
    if said is None:
        return
    ending, value = said
    name = f"{gauge.name}{ending.replace('.', '_')}"
    words = f"{gauge.words} {CHANGES[ending].capitalize()}." if ending else gauge.words
    labels = window | ({gauge.label: value} if gauge.label else {})
    for bound in BOUNDS if gauge.bounds else BOUNDS[:1]:
        figure = getattr(reading, bound)
        bounds = {"bound": bound} if gauge.bounds else {}
        made.add(name, words, labels | bounds, None if figure is None else figure * gauge.scale)
    if gauge.limits:
        made.add(f"{name}_limit", f"Limit of {name}.", labels, reading.limit)


def _said(gauge: Gauge, name: str) -> tuple[str, str] | None:
    """Ending and label value of a reading that belongs to a gauge; None for others, segments among them."""
    if not gauge.stem.endswith("."):
        return ("", gauge.value) if name == gauge.stem else None
    rest = name.removeprefix(gauge.stem)
    if rest == name or ".segment." in name:
        return None
    ending = next((ending for ending in CHANGES if gauge.bounds and rest.endswith(ending)), "")
    return ending, rest.removesuffix(ending)


def _of_alerts(made: _Families, one: Standing) -> None:
    by_rule = Counter(alert.rule for alert in one.alerts)
    by_state = Counter(alert.state for alert in one.alerts)
    for rule in one.spec.monitoring.rules:
        labels = {"problem": one.spec.name, "rule": rule.name, "action": rule.action}
        made.add("alerts_open", "Alerts that have not ended.", labels, by_rule[rule.name])
    for state in get_args(AlertState):
        labels = {"problem": one.spec.name, "state": state}
        made.add("alerts_open_by_state", "The same by what became of them.", labels, by_state[state])


def _seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()
