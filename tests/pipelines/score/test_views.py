"""Views as of each row: those that featurize wrote where they hold, and else computed."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipelines.job import Job
from pipelines.score import Order, score
from pipelines.score.partial import Partial
from understudy.bundle import Bundle
from understudy.errors import DataError
from understudy.features.offline import compute_all, sorted_requests, ticks_of
from understudy.features.plan import make_plan
from understudy.features.views import open_views
from understudy.files import read_json, write_json

pytestmark = pytest.mark.integration

MakeOrder = Callable[..., Order]
Expected = Callable[[Job, Bundle], dict[str, float]]
ById = Callable[[Path], dict[str, float]]


def test_clock_times_that_featurize_did_not_cover_are_computed(
    job: Job, make_order: MakeOrder, requests: Path, tmp_path: Path, by_id: ById
) -> None:
    asked = pq.read_table(requests)
    later = asked.set_column(1, "placed_at", pc.add(asked["placed_at"], pa.scalar(timedelta(hours=5))))
    pq.write_table(later, requests)
    order = make_order()
    outcome = score(job, order)
    plan, orders = make_plan(job.spec), pq.read_table(job.input("validate", "orders.parquet"))
    rows = sorted_requests(job.spec, plan, later)
    with open_views(job.spec, tmp_path, {"orders": orders}) as views:
        views.compute(job.spec.features.views[0], ticks_of(job.spec.features.views[0], rows))
        (inputs,) = compute_all(job.spec, plan, views, rows)
    scores = order.bundle.score_columns({name: values.tolist() for name, values in inputs.items()})
    assert by_id(order.output) == dict(zip(rows["order"].to_pylist(), scores.tolist(), strict=True))
    assert outcome.computed == 5
    assert outcome.facts.missing["relative_size"] < 300


def test_views_of_other_tables_are_computed_anew(
    job: Job, make_order: MakeOrder, expected: Expected, by_id: ById
) -> None:
    order = make_order()
    whole = expected(job, order.bundle)
    views = job.input("featurize", "views/shop.parquet")
    saved = pq.read_table(views)
    pq.write_table(saved.set_column(2, "shop_delivered", pa.array(np.ones(len(saved)))), views)
    score(job, order)
    assert by_id(order.output) != whole
    facts = job.input("featurize", "featurize.json")
    write_json(facts, read_json(facts) | {"tables": {"orders": "0" * 64}})
    assert score(job, order).computed == 900 * 10 // 60
    assert by_id(order.output) == whole


def test_views_without_tables_are_named(job: Job, make_order: MakeOrder) -> None:
    job.input("validate", "orders.parquet").unlink()
    with pytest.raises(DataError, match=r"orders\.parquet is missing"):
        score(job, make_order())
    assert not Partial(make_order().output).folder.exists()
