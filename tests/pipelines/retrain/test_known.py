"""Nothing that came after the moment is left, and what is left says the same as before."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from orders_problem import COLUMNS, START, MakeSpec
from pandas.testing import assert_frame_equal

from pipelines import featurize
from pipelines.ingest.content import data_hash
from pipelines.job import Job
from pipelines.retrain.known import known_features, known_rows, write_known
from understudy.errors import DataError
from understudy.files import read_json, write_json
from understudy.problem import ProblemSpec
from understudy.settings import Settings

pytestmark = pytest.mark.integration

MOMENT = START + timedelta(hours=40, minutes=3)
LABELLED = {**COLUMNS, "delivered_at": {"kind": "time", "role": "label_time", "known_at": "delivered_at"}}


@pytest.fixture
def spec(make_spec: MakeSpec) -> ProblemSpec:
    return make_spec(columns=LABELLED)


def test_rows_of_the_main_table_end_before_the_moment(spec: ProblemSpec, orders: pa.Table) -> None:
    known = known_rows(orders, "orders", spec, MOMENT)
    assert known.schema == orders.schema
    assert pc.max(known["placed_at"]).as_py() < MOMENT
    assert known.num_rows == pc.sum(pc.less(orders["placed_at"], pa.scalar(MOMENT, pa.timestamp("us")))).as_py()


def test_facts_that_came_later_are_empty_and_others_untouched(spec: ProblemSpec, orders: pa.Table) -> None:
    rows = known_rows(orders, "orders", spec, MOMENT).to_pylist()
    truth = {row["order"]: row for row in orders.to_pylist()}
    under_way = 0
    for row in rows:
        before = truth[row["order"]]
        late = before["delivered_at"] is None or before["delivered_at"] > MOMENT
        under_way += late
        for name in ("delivered_at", "minutes", "late", "courier"):
            assert row[name] == (None if late else before[name])
        assert all(row[name] == before[name] for name in ("placed_at", "shop", "size", "gift"))
    assert under_way > 5


def test_events_are_known_at_the_very_moment_and_not_after(make_spec: MakeSpec) -> None:
    spec = make_spec()
    readings = {"columns": {"at": {"kind": "time"}, "value": {"kind": "number"}}, "time": "at"}
    published = {**readings, "columns": {**readings["columns"], "out": {"kind": "time"}}, "known_at": "out"}
    tables = spec.model_dump()["tables"]
    spec = ProblemSpec.model_validate(spec.model_dump() | {"tables": {**tables, "seen": readings, "told": published}})
    hours = [MOMENT + timedelta(hours=hour) for hour in (-2, -1, 0, 1)]
    table = pa.table({"at": pa.array(hours, pa.timestamp("us")), "value": [1.0, 2.0, 3.0, 4.0]})
    assert known_rows(table, "seen", spec, MOMENT)["value"].to_pylist() == [1.0, 2.0, 3.0]
    later = pa.array([hour + timedelta(hours=1) for hour in hours], pa.timestamp("us"))
    assert known_rows(table.append_column("out", later), "told", spec, MOMENT)["value"].to_pylist() == [1.0, 2.0]


def test_features_of_rows_whose_outcome_is_out_are_left_out(spec: ProblemSpec, orders: pa.Table) -> None:
    kept = known_features(orders, spec, MOMENT)
    out = pc.greater(orders["delivered_at"], pa.scalar(MOMENT, pa.timestamp("us")))
    late = set(orders.filter(out)["order"].to_pylist())
    assert late & set(
        orders.filter(pc.less(orders["placed_at"], pa.scalar(MOMENT, pa.timestamp("us"))))["order"].to_pylist()
    )
    assert not late & set(kept["order"].to_pylist())
    assert None in kept["delivered_at"].to_pylist()
    with pytest.raises(DataError, match=r"orders has no row before 2024-01-01 00:00:00"):
        known_features(orders, spec, datetime(2024, 1, 1))


def test_features_of_a_row_do_not_depend_on_what_came_after_it(
    spec: ProblemSpec, orders: pa.Table, tmp_path: Path
) -> None:
    whole = a_job(spec, tmp_path / "whole", orders)
    known = a_job(
        spec, tmp_path / "known", known_rows(orders, "orders", spec, MOMENT).filter(pc.field("late").is_valid())
    )
    whole.settings.root.joinpath("shop.sql").write_text((tmp_path / "shop.sql").read_text())
    known.settings.root.joinpath("shop.sql").write_text((tmp_path / "shop.sql").read_text())
    late, early = features(whole), features(known)
    rows = late.filter(pc.is_in(late["order"], value_set=early["order"].combine_chunks()))
    assert early.num_rows > 200
    assert_frame_equal(rows.to_pandas(), early.to_pandas(), check_exact=True)


def test_the_retraining_has_folders_of_its_own_that_say_the_same_when_data_grows(
    spec: ProblemSpec, orders: pa.Table, tmp_path: Path
) -> None:
    def hash_with(rows: pa.Table, name: str) -> str:
        whole = a_job(spec, tmp_path / name, rows)
        write_json(whole.folder("ingest") / "ingest.json", {"source": {"cite": "by hand"}, "data_hash": "of all"})
        write_json(whole.folder("featurize") / "featurize.json", {"inputs": ["size"], "code_hash": "c", "rows": 400})
        pq.write_table(rows, whole.folder("featurize") / "features.parquet")
        job = replace(whole, as_of=MOMENT)
        write_known(whole, job)
        assert (
            job.folder("validate") == whole.settings.home / "retrain" / "orders" / "2024-03-02T160800-full" / "validate"
        )
        stored = pq.read_table(job.input("validate", "orders.parquet"))
        kept = pq.read_table(job.input("featurize", "features.parquet"))
        assert max(pc.max(one["placed_at"]).as_py() for one in (stored, kept)) < MOMENT
        assert read_json(job.input("featurize", "featurize.json")) == {
            "inputs": ["size"], "code_hash": "c", "rows": kept.num_rows,
        }  # fmt: skip
        about = read_json(job.input("ingest", "ingest.json"))
        assert (about["source"], about["tables"]["orders"]["rows"]) == ({"cite": "by hand"}, stored.num_rows)
        assert about["data_hash"] == data_hash({"orders": stored})
        return str(about["data_hash"])

    early = orders.filter(pc.less(orders["placed_at"], pa.scalar(MOMENT + timedelta(hours=9), pa.timestamp("us"))))
    assert hash_with(orders, "all") == hash_with(early, "early")


def features(job: Job) -> pa.Table:
    out = job.folder("featurize")
    out.mkdir(parents=True)
    featurize.run(replace(job, out=out))
    return pq.read_table(out / "features.parquet")


def a_job(spec: ProblemSpec, root: Path, orders: pa.Table) -> Job:
    job = Job(spec=spec, settings=Settings(root=root, home=root / "var", threads=1))
    job.folder("validate").mkdir(parents=True)
    pq.write_table(orders, job.folder("validate") / "orders.parquet")
    return job
