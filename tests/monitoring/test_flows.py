"""The flow that watches a window."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

# In a process of its own: Prefect's types make SQLAlchemy warn in whoever uses it later. Evidently itself is left out.
PROGRAM = """
import json, sys, types
from datetime import datetime, timedelta
from pathlib import Path
home = Path(sys.argv[1])
report = types.ModuleType("monitoring.drift.report")
def evidently_report(current, reference, drift, spec, folder, as_of, workspace):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evidently.html").write_text(f"{current.num_rows} rows until {as_of}, {workspace.name}")
    return folder / "evidently.html"
report.evidently_report = evidently_report
sys.modules["monitoring.drift.report"] = report

from fake_deployment_log import FakeDeploymentLog
from fake_feature_store import FakeFeatureStore
from fake_watch_log import FakeWatchLog
from small_traffic import SINCE, SPEC, UNTIL, OneBundle, a_deployment, a_ledger, rows
from monitoring.flows import under_prefect
from monitoring.look import Look
from monitoring.snapshot import Examination, Stores
from understudy.errors import StoreError
from understudy.settings import Settings

watch = FakeWatchLog()
stores = Stores(a_ledger(rows(600)), FakeDeploymentLog(a_deployment()), watch, OneBundle(), FakeFeatureStore())
look = Look(SPEC, SINCE, UNTIL, UNTIL, datetime(2026, 1, 1))
attempts, told = [], []
def record(snapshot):
    attempts.append(snapshot.report)
    if len(attempts) == 1:
        raise StoreError("The database is away.", "Wait.")
    return watch.record(snapshot)
done = under_prefect(Examination(look, stores, Settings(root=home, home=home)), record, lambda *said: told.append(said))
(seen,) = watch.snapshots("toy")
print(json.dumps({
    "page": str(done.page.relative_to(home)), "report": seen.report, "attempts": len(attempts),
    "steps": list(done.seconds), "evidently": seen.details["drift"]["evidently"], "told": [words for _, words in told],
    "shares": [share for share, _ in told],
}))
"""
STEPS = ["read", "data quality", "skew", "drift", "evidently", "quality", "service", "record", "page"]


def test_each_side_is_a_task_and_a_store_that_was_away_is_asked_again(tmp_path: Path, prefect_home: Path) -> None:
    shutil.copytree(prefect_home, tmp_path / "prefect")
    fakes = Path(__file__).resolve().parent.parent / "fakes"
    environment = {"PYTHONPATH": str(fakes), "PREFECT_HOME": str(tmp_path / "prefect"), "PATH": "/usr/bin:/bin"}
    environment |= {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False, timeout=200,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["page"] == said["report"] == "reports/toy/windows/2024-03-01T0000--2024-03-11T0000.html"
    assert said["steps"] == said["told"] == STEPS
    assert said["attempts"] == 2
    assert said["shares"] == sorted(said["shares"])
    page = (tmp_path / said["page"]).read_text(encoding="utf-8")
    assert 'href="evidently.html"' in page
    assert (
        tmp_path / "reports/toy/windows/evidently.html"
    ).read_text() == "600 rows until 2024-03-11 00:00:00, evidently"
