"""What needs no flow."""

import sys
from datetime import datetime
from pathlib import Path

import pytest
from fake_feature_store import FakeFeatureStore
from small_serving import YAML

from pipelines.materialise import materialise
from understudy.settings import Settings

pytestmark = pytest.mark.integration


def test_a_problem_without_views_has_nothing_to_publish(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, home=tmp_path / "var")
    settings.problems.mkdir(parents=True)
    (settings.problems / "toy.yaml").write_text(YAML, encoding="utf-8")
    store, loaded = FakeFeatureStore(), "prefect" in sys.modules
    made = materialise(settings, "toy", lambda: store, datetime(2024, 3, 2))
    assert (made.ticks, made.keys, made.empty, store.published) == ({}, {}, False, [])
    assert ("prefect" in sys.modules) == loaded
    assert not settings.home.exists()
