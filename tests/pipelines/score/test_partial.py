"""What a stopped run leaves: the next one goes on with it, unless anything changed."""

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_bundle import a_bundle

from pipelines.job import Job
from pipelines.score import Order, parts_of, score
from pipelines.score.part import Part, Worker
from pipelines.score.partial import Partial
from understudy.bundle import Bundle
from understudy.errors import MachineError

pytestmark = pytest.mark.integration

MakeOrder = Callable[..., Order]
Expected = Callable[[Job, Bundle], dict[str, float]]
ById = Callable[[Path], dict[str, float]]


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


def test_a_stopped_run_goes_on_with_the_parts_that_it_lacks(
    job: Job, stopped: Order, expected: Expected, by_id: ById
) -> None:
    assert not stopped.output.exists()
    there = sorted(path.name for path in Partial(stopped.output).folder.glob("part-*.parquet"))
    assert (
        {f"part-0000{number}.parquet" for number in range(5)} <= set(there) < {part.file for part in parts_of(900, 100)}
    )
    (Partial(stopped.output).folder / "part-00001.parquet").write_bytes(b"PAR1 half of it")
    outcome = score(job, stopped)
    assert outcome.kept == len(there) - 1
    assert by_id(stopped.output) == expected(job, stopped.bundle)
    assert outcome.facts.rows == 900
    assert not Partial(stopped.output).folder.exists()


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
