"""What a server tells Prometheus. Labels come from fixed sets: never from what a client sends."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from understudy.records import Prediction

if TYPE_CHECKING:
    from serving.service import Service

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STORES = ("deployments", "features", "ledger")
MEDIA = CONTENT_TYPE_LATEST


class Metrics:
    """Counts what passes through HTTP; the rest is asked of its owners when Prometheus asks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "understudy_requests", "Requests by route and class of status.", ["route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "understudy_request_duration_seconds",
            "Time from headers to answer.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._predictions = Counter(
            "understudy_predictions", "Predictions that were answered.", ["arm", "version"], registry=self.registry
        )
        self._fallbacks = Counter(
            "understudy_fallbacks",
            "Predictions that the champion gave for another arm.",
            ["reason"],
            registry=self.registry,
        )
        self._routes: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._arms: dict[tuple[str, int], Any] = {}

    def answered(self, scope: Any, status: int, seconds: float) -> None:
        """Count one request of an ASGI scope whose route is known by now."""
        route = getattr(scope.get("route"), "path", "unmatched")
        kind = (route, status // 100)
        if kind not in self._routes:
            self._routes[kind] = (self._requests.labels(route, f"{kind[1]}xx"), self._seconds.labels(route))
        count, histogram = self._routes[kind]
        count.inc()
        histogram.observe(seconds)

    def predicted(self, predictions: Iterable[Prediction]) -> None:
        """Count what was answered, by arm and version."""
        for prediction in predictions:
            kind = (prediction.arm, prediction.version)
            if kind not in self._arms:
                self._arms[kind] = self._predictions.labels(*kind)
            self._arms[kind].inc()
            if prediction.fallback:
                self._fallbacks.labels(prediction.fallback).inc()

    def watch(self, service: "Service") -> None:
        """From now on also tell of the service's parts."""
        self.registry.register(_Parts(service))

    def text(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self.registry)


class _Parts(Collector):
    def __init__(self, service: "Service") -> None:
        self.service = service

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        yield from self._deployment()
        yield from self._ledger()
        yield from self._features()
        yield from self._shadows()

    def _deployment(self) -> Iterator[Metric]:
        service, lineup, watcher = self.service, self.service.predictor.lineup, self.service.watcher
        yield _gauge("ready", "Whether the server takes requests.", not service.unready)
        revision = lineup.deployment.revision if lineup else 0
        yield _gauge("deployment_revision", "Revision that serves; 0 for none.", revision)
        yield _gauge("deployment_refused", "Whether the newest revision is refused.", watcher.refusal is not None)
        yield _count("deployment_swaps", "Times that another lineup took over.", watcher.swaps)
        refused = sum(refusal.attempts for refusal in watcher.refused)
        yield _gauge("bundles_refused", "Attempts to load that ended in a refusal, of the last refused ones.", refused)
        away = GaugeMetricFamily("understudy_store_unreachable", "Whether a store is out of reach.", labels=["store"])
        for store in STORES:
            away.add_metric([store], store in watcher.unreachable)
        yield away

    def _ledger(self) -> Iterator[Metric]:
        writer = self.service.writer
        yield _gauge("ledger_queue_depth", "Predictions that wait to be stored.", writer.depth)
        yield _count("ledger_written", "Predictions that were stored.", writer.written)
        yield _count("ledger_failed", "Predictions that could not be stored, and were not answered.", writer.failed)

    def _features(self) -> Iterator[Metric]:
        features = self.service.features
        stale = CounterMetricFamily(
            "understudy_feature_stale", "Rows for which a view had nothing young enough.", labels=["view"]
        )
        newest = GaugeMetricFamily(
            "understudy_feature_newest_timestamp_seconds", "Clock time of a view's newest result.", labels=["view"]
        )
        for view, at in features.newest().items():
            stale.add_metric([view], features.stale[view])
            if at is not None:
                newest.add_metric([view], at.replace(tzinfo=UTC).timestamp())
        yield stale
        yield newest

    def _shadows(self) -> Iterator[Metric]:
        shadows = self.service.predictor.shadows
        dropped = CounterMetricFamily(
            "understudy_shadow_dropped", "Rows that a shadow did not score.", labels=["shadow", "reason"]
        )
        for (name, reason), count in sorted(shadows.tally.dropped.items()):
            dropped.add_metric([name, reason], count)
        yield dropped
        for what, counted in (("scored", shadows.tally.scored), ("failed", shadows.tally.failed)):
            family = CounterMetricFamily(f"understudy_shadow_{what}", f"Rows that a shadow {what}.", labels=["shadow"])
            for name, count in sorted(counted.items()):
                family.add_metric([name], count)
            yield family
        yield _gauge("shadow_outstanding", "Rows that the shadows have not answered yet.", shadows.tally.outstanding)
        yield _count(
            "shadow_restarts", "Times that the process of the shadows ended, or could not be started.", shadows.restarts
        )


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"understudy_{name}", words, value=value)


def _count(name: str, words: str, value: float) -> Metric:
    return CounterMetricFamily(f"understudy_{name}", words, value=value)
