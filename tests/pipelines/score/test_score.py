"""Whole files: the scores are those of the features of training, and what cannot be scored is named."""

import itertools
import os
from collections.abc import Callable
from dataclasses import replace
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
from pipelines.score.partial import Partial
from understudy.bundle import Bundle
from understudy.errors import BundleError, DataError

pytestmark = pytest.mark.integration

MakeOrder = Callable[..., Order]
Expected = Callable[[Job, Bundle], dict[str, float]]
ById = Callable[[Path], dict[str, float]]


def test_scores_are_those_of_the_features_of_training(
    job: Job, make_order: MakeOrder, requests: Path, expected: Expected, by_id: ById
) -> None:
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
def test_parts_do_not_show(job: Job, make_order: MakeOrder, rows: int, expected: Expected, by_id: ById) -> None:
    order = make_order(rows=rows)
    assert score(job, order).parts == -(-900 // rows)
    assert by_id(order.output) == expected(job, order.bundle)


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
    assert not Partial(order.output).folder.exists()


def test_an_output_that_cannot_be_is_refused(job: Job, make_order: MakeOrder, requests: Path, tmp_path: Path) -> None:
    for output, words in {
        requests: "is the input",
        tmp_path: "cannot be written",
        tmp_path / "no" / "such.parquet": "cannot be written",
    }.items():
        with pytest.raises(DataError, match=words):
            score(job, make_order(output=output))
    assert len(pq.read_table(requests)) == 900


def test_a_request_without_a_time_is_named(job: Job, make_order: MakeOrder, requests: Path) -> None:
    asked = pq.read_table(requests)
    times = asked["placed_at"].to_pylist()
    times[640] = None
    pq.write_table(asked.set_column(1, "placed_at", pa.array(times, pa.timestamp("us"))), requests)
    with pytest.raises(DataError, match="placed_at is missing in row 641"):
        score(job, make_order())
    assert not Partial(make_order().output).folder.exists()


def test_an_infinite_number_is_named(job: Job, make_order: MakeOrder, requests: Path) -> None:
    asked = pq.read_table(requests)
    sizes = asked["size"].to_pylist()
    sizes[455] = float("inf")
    pq.write_table(asked.set_column(3, "size", pa.array(sizes)), requests)
    with pytest.raises(DataError, match="size is infinite in row 456"):
        score(job, make_order())
    assert not make_order().output.exists()


def test_times_with_a_zone_or_of_another_unit_are_the_same_times(
    job: Job, make_order: MakeOrder, requests: Path, expected: Expected, by_id: ById
) -> None:
    asked, whole = pq.read_table(requests), expected(job, make_order().bundle)
    zoned = asked["placed_at"].cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", "America/New_York"))
    finer = pc.add(asked["placed_at"].cast(pa.timestamp("ns")), pa.scalar(7, pa.duration("ns")))
    for times in (zoned, finer):
        pq.write_table(asked.set_column(1, "placed_at", times), requests)
        score(job, make_order())
        assert by_id(make_order().output) == whole


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
