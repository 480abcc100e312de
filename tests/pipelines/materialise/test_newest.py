"""What is published for a moment: every view at its tick, from what was known then."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_feature_store import FakeFeatureStore

from pipelines.job import Job
from pipelines.materialise.newest import compute, publish
from understudy.adapters import open_feature_store
from understudy.errors import DataError
from understudy.ports import FeatureStore
from understudy.problem import ProblemSpec
from understudy.settings import Settings

pytestmark = pytest.mark.integration

AT = datetime(2024, 3, 2, 12, 40)


@pytest.fixture
def job(make_spec: Callable[..., ProblemSpec], orders: pa.Table, tmp_path: Path) -> Job:
    job = Job(spec=make_spec(), settings=Settings(root=tmp_path, home=tmp_path / "var"))
    path = job.input("validate", "orders.parquet")
    path.parent.mkdir(parents=True)
    pq.write_table(orders, path)
    return job


def test_each_view_is_published_at_its_tick_with_all_its_keys(job: Job, orders: pa.Table) -> None:
    store = FakeFeatureStore()
    snapshot, until = compute(job, AT)
    made = publish(store, job.spec, AT, snapshot, until)
    assert made.ticks == {"shop": datetime(2024, 3, 2, 12)}
    assert made.keys["shop"] >= 3
    assert made.data_until == max(orders.column("placed_at").to_pylist())
    assert not made.empty
    _, [(view, result)] = store.since("orders", 0)
    assert (view, result) == ("shop", snapshot["shop"])
    delivered = [
        row for row in orders.to_pylist()
        if row["shop"] == "pier" and row["delivered_at"]
        and datetime(2024, 3, 2, 6) < row["delivered_at"] <= datetime(2024, 3, 2, 12)
    ]  # fmt: skip
    assert result.values["pier",] == (len(delivered), sum(row["minutes"] for row in delivered))


def test_a_moment_after_all_data_is_empty_and_says_where_the_data_ends(job: Job) -> None:
    later = datetime(2026, 1, 1)
    snapshot, until = compute(job, later)
    made = publish(FakeFeatureStore(), job.spec, later, snapshot, until)
    assert made.empty
    assert made.data_until is not None
    assert made.data_until < later


def test_the_database_gives_back_what_was_published(job: Job) -> None:
    store: FeatureStore = open_feature_store(job.settings)
    for at in (AT, AT, datetime(2024, 3, 2, 13)):
        publish(store, job.spec, at, *compute(job, at))
    mark, found = open_feature_store(job.settings).since("orders", 0)
    assert [result.at.hour for _, result in found] == [12, 13]
    assert found[0][1] == compute(job, AT)[0]["shop"]
    assert store.since("orders", mark)[1] == []


def test_tables_that_were_not_validated_are_named(job: Job) -> None:
    job.input("validate", "orders.parquet").unlink()
    with pytest.raises(DataError, match=r"table orders of orders has not been .* `understudy train --problem orders`"):
        compute(job, AT)
