"""What Prometheus is told."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from served import a_project, a_service

pytestmark = pytest.mark.unit


def test_the_parts_are_asked_when_prometheus_asks(tmp_path: Path) -> None:
    service = a_service(a_project(tmp_path / "project"))
    shadows: Any = service.predictor.shadows
    shadows.tally.dropped = Counter({("shadow", "full"): 3})
    shadows.tally.scored = Counter({"shadow": 4})
    features: Any = service.features
    features.newest = lambda: {"weather": datetime(1970, 1, 1, 0, 1), "traffic": None}
    features.stale = Counter({"weather": 5})
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(service.metrics.text().decode())
        for sample in family.samples
    }
    assert samples["understudy_shadow_dropped_total", "full", "shadow"] == 3
    assert samples["understudy_shadow_scored_total", "shadow"] == 4
    assert samples["understudy_feature_stale_total", "weather"] == 5
    assert samples["understudy_feature_newest_timestamp_seconds", "weather"] == 60
    assert ("understudy_feature_newest_timestamp_seconds", "traffic") not in samples
    assert samples["understudy_store_unreachable", "ledger"] == 0
    assert samples["understudy_ready",] == 0
    assert samples["process_resident_memory_bytes",] > 0
