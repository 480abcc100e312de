"""Whole files: the scores are those of training's features, whatever the parts, a kill or a change come to."""

import errno
import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_bundle import a_bundle

from pipelines.job import Job
from pipelines.running.display import Silent, State
from pipelines.score import Order, parts_of, score
from pipelines.score.part import Part, Worker
from understudy.bundle import Bundle
from understudy.errors import BundleError, DataError, MachineError
from understudy.features.offline import compute_all, sorted_requests, ticks_of
from understudy.features.plan import make_plan
from understudy.features.views import open_views
from understudy.files import read_json, write_json

pytestmark = pytest.mark.integration

MakeOrder = Callable[..., Order]


def features_of(job: Job) -> pa.Table:
    return pq.read_table(job.input("featurize", "features.parquet"))


def expected(job: Job, bundle: Bundle) -> dict[str, float]:
    """Scores by id of what featurize wrote."""
    features = features_of(job)
    scores = bundle.score_columns({name: features[name].to_pylist() for name in ("relative_size", "size", "shop")})
    return dict(zip(features["order"].to_pylist(), scores.tolist(), strict=True))


def by_id(path: Path) -> dict[str, float]:
    table = pq.read_table(path)
    return dict(zip(table["order"].to_pylist(), table["score"].to_pylist(), strict=True))


def test_scores_are_those_of_the_features_of_training(job: Job, make_order: MakeOrder, requests: Path) -> None:
    order = make_order()
    outcome = score(job, order)
    table = pq.read_table(order.output)
    assert by_id(order.output) == expected(job, order.bundle)
    assert len(set(table["score"].to_pylist())) > 500
    asked = pq.read_table(requests)
    for name in ("order", "placed_at"):
        assert table[name].equals(asked[name])
    assert table.column_names == ["order", "placed_at", "score", "decision", "version", "flags"]
    assert set(table["version"].to_pylist()) == {3}
    decided = table["score"].to_numpy().astype(np.float64) >= order.bundle.manifest.threshold
    assert table["decision"].to_pylist() == decided.tolist()
    assert (
        table["flags"].to_pylist() == pc.fill_null(pc.equal(asked["shop"], "pier"), False).cast(pa.int16()).to_pylist()
    )
    assert table.schema.metadata[b"bundle"].decode() == order.bundle.digest
    assert (outcome.parts, outcome.kept, outcome.computed) == (9, 0, 0)
    assert outcome.facts.rows == 900
    assert outcome.facts.positive == int(decided.sum())
    assert outcome.facts.total == pytest.approx(table["score"].to_numpy().sum(dtype=np.float64))
    assert outcome.facts.missing["size"] == asked["size"].null_count
    assert outcome.facts.unseen == {"shop": sum(table["flags"].to_pylist())}
    assert not order.output.with_name("scores.parquet.partial").exists()


@pytest.mark.parametrize("rows", [7, 450, 10_000])
def test_parts_do_not_show(job: Job, make_order: MakeOrder, rows: int) -> None:
    order = make_order(rows=rows)
    assert score(job, order).parts == -(-900 // rows)
    assert by_id(order.output) == expected(job, order.bundle)


def test_clock_times_that_featurize_did_not_cover_are_computed(
    job: Job, make_order: MakeOrder, requests: Path, tmp_path: Path
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


def test_views_of_other_tables_are_computed_anew(job: Job, make_order: MakeOrder) -> None:
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


class StopError(Exception):
    """What a kill is to the code that it hits."""


@pytest.fixture
def stopped(job: Job, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> Order:
    """An order that was stopped as it came to the sixth part."""
    whole = Worker.score

    def until_the_sixth(worker: Worker, part: Part) -> Part:
        if part.number == 5:
            raise StopError
        return whole(worker, part)

    with monkeypatch.context() as patched:
        patched.setattr(Worker, "score", until_the_sixth)
        with pytest.raises(StopError):
            score(job, make_order())
    return make_order()


def partial(order: Order) -> Path:
    return order.output.with_name(f"{order.output.name}.partial")


def test_a_stopped_run_goes_on_with_the_parts_that_it_lacks(job: Job, stopped: Order) -> None:
    assert not stopped.output.exists()
    there = sorted(path.name for path in partial(stopped).glob("part-*.parquet"))
    assert (
        {f"part-0000{number}.parquet" for number in range(5)} <= set(there) < {part.file for part in parts_of(900, 100)}
    )
    (partial(stopped) / "part-00001.parquet").write_bytes(b"PAR1 half of it")
    outcome = score(job, stopped)
    assert outcome.kept == len(there) - 1
    assert by_id(stopped.output) == expected(job, stopped.bundle)
    assert outcome.facts.rows == 900
    assert not partial(stopped).exists()


def test_another_input_starts_anew(job: Job, stopped: Order) -> None:
    asked = pq.read_table(stopped.input)
    pq.write_table(asked.set_column(3, "size", pa.array(np.full(900, 0.5))), stopped.input)
    assert score(job, stopped).kept == 0
    assert len({round(value, 6) for value in pq.read_table(stopped.output)["score"].to_pylist()}) < 400


def test_another_bundle_starts_anew(job: Job, stopped: Order, tmp_path: Path) -> None:
    manifest = stopped.bundle.manifest
    kept = {name: getattr(manifest, name) for name in ("problem", "features", "inputs")}
    other = replace(stopped, bundle=a_bundle(tmp_path / "other", **kept, threshold=0.9))
    assert score(job, other).kept == 0
    assert pq.read_table(other.output)["decision"].to_pylist() == [
        value >= 0.9 for value in pq.read_table(other.output)["score"].to_pylist()
    ]


def test_an_input_that_changes_meanwhile_gives_no_output(
    job: Job, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, whole = make_order(), Worker.score

    def while_it_changes(worker: Worker, part: Part) -> Part:
        os.utime(order.input, ns=(1, 1))
        return whole(worker, part)

    monkeypatch.setattr(Worker, "score", while_it_changes)
    with pytest.raises(DataError, match="changed while it was read"):
        score(job, order)
    assert not order.output.exists()


def test_a_bundle_for_other_features_is_refused(job: Job, make_order: MakeOrder, tmp_path: Path) -> None:
    order, manifest = make_order(), make_order().bundle.manifest
    kept = {name: getattr(manifest, name) for name in ("problem", "features", "inputs")}
    foreign = {
        "of the problem parcels": {"problem": "parcels"},
        "makes otherwise": {"features": manifest.features.model_copy(update={"code_hash": "0" * 64})},
    }
    for number, (words, change) in enumerate(foreign.items()):
        with pytest.raises(BundleError, match=words):
            score(job, replace(order, bundle=a_bundle(tmp_path / f"foreign {number}", **(kept | change))))
    assert not partial(order).exists()


def test_an_output_that_cannot_be_is_refused(job: Job, make_order: MakeOrder, requests: Path, tmp_path: Path) -> None:
    for output, words in {
        requests: "is the input",
        tmp_path: "cannot be written",
        tmp_path / "no" / "such.parquet": "cannot be written",
    }.items():
        with pytest.raises(DataError, match=words):
            score(job, make_order(output=output))
    assert len(pq.read_table(requests)) == 900


def test_views_without_tables_are_named(job: Job, make_order: MakeOrder) -> None:
    job.input("validate", "orders.parquet").unlink()
    with pytest.raises(DataError, match=r"orders\.parquet is missing"):
        score(job, make_order())
    assert not partial(make_order()).exists()


def test_a_request_without_a_time_is_named(job: Job, make_order: MakeOrder, requests: Path) -> None:
    asked = pq.read_table(requests)
    times = asked["placed_at"].to_pylist()
    times[640] = None
    pq.write_table(asked.set_column(1, "placed_at", pa.array(times, pa.timestamp("us"))), requests)
    with pytest.raises(DataError, match="placed_at is missing in row 641"):
        score(job, make_order())
    assert not partial(make_order()).exists()


def test_an_infinite_number_is_named(job: Job, make_order: MakeOrder, requests: Path) -> None:
    asked = pq.read_table(requests)
    sizes = asked["size"].to_pylist()
    sizes[455] = float("inf")
    pq.write_table(asked.set_column(3, "size", pa.array(sizes)), requests)
    with pytest.raises(DataError, match="size is infinite in row 456"):
        score(job, make_order())
    assert not make_order().output.exists()


def test_times_with_a_zone_or_of_another_unit_are_the_same_times(
    job: Job, make_order: MakeOrder, requests: Path
) -> None:
    asked, whole = pq.read_table(requests), expected(job, make_order().bundle)
    zoned = asked["placed_at"].cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", "America/New_York"))
    finer = pc.add(asked["placed_at"].cast(pa.timestamp("ns")), pa.scalar(7, pa.duration("ns")))
    for times in (zoned, finer):
        pq.write_table(asked.set_column(1, "placed_at", times), requests)
        score(job, make_order())
        assert by_id(make_order().output) == whole


def test_a_full_disk_is_named_and_what_was_finished_is_kept(
    job: Job, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(table: pa.Table, path: Path, **options: object) -> None:
        if "00004" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(table, path, **options)

    write = pq.write_table
    with monkeypatch.context() as patched:
        patched.setattr(pq, "write_table", full)
        with pytest.raises(MachineError, match=r"No space left .*part-00004\.parquet"):
            score(job, make_order())
    assert not make_order().output.exists()
    assert score(job, make_order()).kept >= 4


def test_two_runs_to_one_output_take_turns(job: Job, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, seen = Worker.score, []

    def while_another_begins(worker: Worker, part: Part) -> Part:
        if part.number == 0:
            with pytest.raises(MachineError, match=r"Another run of scores\.parquet-\w+ is under way"):
                score(job, make_order())
            seen.append(part)
        return whole(worker, part)

    monkeypatch.setattr(Worker, "score", while_another_begins)
    assert score(job, make_order()).facts.rows == 900
    assert len(seen) == 1


def test_progress_is_told(job: Job, make_order: MakeOrder) -> None:
    told: list[tuple[str, str]] = []

    class Told(Silent):
        def progress(self, share: float, words: str) -> None:
            told.append((f"{share:.2f}", words))

        def end(self, stage: str, state: State, seconds: float) -> None:
            told.append((stage, state))

    score(job, make_order(), Told())
    assert [pair for pair in told if pair[1] == "done"] == [(step, "done") for step in ("prepare", "score", "write")]
    assert any(words.startswith("900 of 900 rows, ") and words.endswith(" rows/s") for _, words in told)


@given(st.integers(1, 10**7), st.integers(1, 10**6))
def test_parts_cover_the_rows_once(rows: int, most: int) -> None:
    most = max(most, rows // 500)
    parts = parts_of(rows, most)
    assert [part.start for part in parts] == [0, *itertools.accumulate(part.rows for part in parts[:-1])]
    assert sum(part.rows for part in parts) == rows
    assert 1 <= min(part.rows for part in parts) <= max(part.rows for part in parts) <= most
    assert [part.number for part in parts] == list(range(len(parts)))
