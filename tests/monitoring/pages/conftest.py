"""A window of the toy problem, measured, for the pages about it."""

from datetime import datetime, timedelta

import pytest
from fake_deployment_log import FakeDeploymentLog
from fake_feature_store import FakeFeatureStore
from fake_watch_log import FakeWatchLog
from small_traffic import SINCE, SPEC, UNTIL, OneBundle, a_deployment, a_ledger, rows

from monitoring.look import Look
from monitoring.snapshot import Examination, Stores
from understudy.records import Snapshot
from understudy.settings import Settings


@pytest.fixture(scope="session")
def shifted(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A window whose sizes have moved."""
    folder = tmp_path_factory.mktemp("shifted")
    stores = Stores(
        a_ledger(rows(1000, size=1.0)),
        FakeDeploymentLog(a_deployment()),
        FakeWatchLog(),
        OneBundle(),
        FakeFeatureStore(),
    )
    look = Look(SPEC, SINCE, UNTIL, UNTIL + timedelta(days=1), datetime(2026, 1, 1))
    found = Examination(look, stores, Settings(root=folder, home=folder / "var"))
    for side in ("read", "data_quality", "skew", "drift", "quality", "service"):
        getattr(found, side)()
    return found.snapshot()
