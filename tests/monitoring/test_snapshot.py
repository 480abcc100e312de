"""All sides of a window together."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fake_deployment_log import FakeDeploymentLog
from fake_feature_store import FakeFeatureStore
from fake_ledger import FakeLedger
from fake_watch_log import FakeWatchLog
from small_traffic import SINCE, SPEC, UNTIL, OneBundle, a_deployment, a_ledger, answered, rows

from monitoring.look import Look
from monitoring.snapshot import Examination, Stores
from understudy.records import Snapshot
from understudy.settings import Settings

pytestmark = pytest.mark.unit

SIDES = ("data_quality", "skew", "drift", "quality", "service")
NAMED = ("data", "skew", "drift", "quality", "estimate", "service")


def examined(
    ledger: FakeLedger, folder: Path, watch: FakeWatchLog | None = None, since: datetime = SINCE
) -> Examination:
    stores = Stores(ledger, FakeDeploymentLog(a_deployment()), watch or FakeWatchLog(), OneBundle(), FakeFeatureStore())
    until = since + (UNTIL - SINCE)
    look = Look(SPEC, since, until, until + timedelta(days=1), datetime(2026, 1, 1))
    found = Examination(look, stores, Settings(root=folder, home=folder / "var"))
    found.read()
    for side in SIDES:
        getattr(found, side)()
    return found


def test_every_side_has_its_readings_and_its_details(tmp_path: Path) -> None:
    found = examined(a_ledger(rows(1000)), tmp_path).snapshot("reports/toy/windows/x.html")
    assert {reading.name.partition(".")[0] for reading in found.readings} == set(NAMED)
    assert set(found.details) == {"champion", *NAMED}
    assert (found.rows, found.labelled, found.version, found.report) == (1000, 1000, 1, "reports/toy/windows/x.html")
    assert len({reading.name for reading in found.readings}) == len(found.readings)
    assert Snapshot.model_validate_json(found.model_dump_json()) == found


def test_a_snapshot_tells_whether_the_look_was_dry(tmp_path: Path) -> None:
    found = examined(a_ledger(rows(200)), tmp_path)
    assert not found.snapshot().dry
    found.look = replace(found.look, dry=True)
    assert found.snapshot().dry


def test_calm_traffic_like_the_training_rows_is_past_no_limit(tmp_path: Path) -> None:
    found = examined(a_ledger(rows(1000)), tmp_path).snapshot()
    past = [r.name for r in found.readings if r.value is not None and r.limit is not None and r.value > r.limit]
    assert past == []


def test_a_shift_is_seen_in_its_column_and_in_the_score(tmp_path: Path) -> None:
    found = examined(a_ledger(rows(1000, size=1.5)), tmp_path).snapshot()
    for name in ("drift.input.size", "drift.score", "drift.decision"):
        reading = found.reading(name)
        assert reading is not None
        assert reading.value > reading.limit
    town = found.reading("drift.input.town")
    assert town.value < town.limit
    size = next(column for column in found.details["drift"]["columns"] if column["name"] == "size")
    assert size["drifted"]
    assert size["picture"]["now"][-1] > 3 * size["picture"]["before"][-1]


def test_another_version_answers_are_not_the_champions(tmp_path: Path) -> None:
    made = rows(1000)
    ledger = a_ledger(made)
    ledger.append(
        [answered(row, 5000 + number, version=2, arm="challenger", score=0.99) for number, row in enumerate(made)]
    )
    found = examined(ledger, tmp_path).snapshot()
    assert found.rows == 2000
    for name in ("quality.brier", "drift.score", "service.constant"):
        assert found.reading(name).rows == 1000


def test_the_window_before_comes_from_the_watch_log_when_all_its_labels_were_in(tmp_path: Path) -> None:
    watch = FakeWatchLog()
    first = examined(a_ledger(rows(1000)), tmp_path, watch).snapshot()
    watch.record(first)
    later = rows(1000, seed=5)
    for row in later:
        row["at"] += UNTIL - SINCE
        row["id"] = f"later {row['id']}"
    ledger = a_ledger(later)
    found = examined(ledger, tmp_path, watch, since=UNTIL).snapshot()
    change = found.reading("quality.brier.previous")
    assert change.value == pytest.approx(found.reading("quality.brier").value - first.reading("quality.brier").value)
    assert change.low < change.value < change.high
    alone = examined(ledger, tmp_path, FakeWatchLog(), since=UNTIL).snapshot()
    assert alone.reading("quality.brier.previous") is None


def test_without_a_snapshot_the_window_before_is_read_from_the_ledger(tmp_path: Path) -> None:
    first = rows(1000)
    later = [{**row, "at": row["at"] + (UNTIL - SINCE), "id": f"later {row['id']}"} for row in rows(1000, seed=5)]
    found = examined(a_ledger([*first, *later]), tmp_path, since=UNTIL).snapshot()
    alone = examined(a_ledger(first), tmp_path).snapshot()
    expected = found.reading("quality.brier").value - alone.reading("quality.brier").value
    assert found.reading("quality.brier.previous").value == pytest.approx(expected)


def test_an_empty_window_says_that_there_is_nothing(tmp_path: Path) -> None:
    found = examined(a_ledger([]), tmp_path).snapshot()
    assert (found.rows, found.labelled) == (0, 0)
    assert found.reading("quality.brier").value is None
    assert found.reading("drift.columns").value is None
    assert Snapshot.model_validate_json(found.model_dump_json()) == found
