"""The same parts by threads, by Dask's workers in this process, and by its workers in processes of their own."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from distributed import LocalCluster

from pipelines.job import Job
from pipelines.score import Order, score
from pipelines.score import engines as module
from pipelines.score.part import Worker
from understudy.errors import BundleError, DataError, MachineError

pytestmark = pytest.mark.integration

MakeOrder = Callable[..., Order]


@pytest.fixture
def scheduler() -> Iterator[str]:
    """Address of a scheduler that someone else started."""
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def scores(order: Order) -> bytes:
    return order.output.read_bytes()


def test_a_scheduler_by_its_address_gives_the_same_file(job: Job, make_order: MakeOrder, scheduler: str) -> None:
    score(job, make_order())
    local = scores(make_order())
    assert score(job, make_order(engine="dask", scheduler=scheduler)).facts.rows == 900
    assert scores(make_order()) == local


def test_workers_in_processes_of_their_own_give_the_same_file(job: Job, make_order: MakeOrder) -> None:
    score(job, make_order())
    local = scores(make_order())
    assert score(job, make_order(engine="dask")).facts.rows == 900
    assert scores(make_order()) == local


def test_what_a_worker_finds_wrong_is_told_as_it_is(job: Job, make_order: MakeOrder, scheduler: str) -> None:
    order = make_order(engine="dask", scheduler=scheduler)
    whole = order.input.read_bytes()
    middle = len(whole) // 2
    order.input.write_bytes(whole[:middle] + bytes(400) + whole[middle + 400 :])
    with pytest.raises(DataError, match=r"requests\.parquet cannot be read"):
        score(job, order)
    assert not order.output.exists()


def test_a_scheduler_out_of_reach_is_named(job: Job, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", "200ms")
    with pytest.raises(MachineError, match=r"The Dask scheduler at tcp://127\.0\.0\.1:9 cannot be reached"):
        score(job, make_order(engine="dask", scheduler="tcp://127.0.0.1:9"))
    assert score(job, make_order()).facts.rows == 900


def test_a_worker_that_lacks_what_it_needs_is_named(
    job: Job, make_order: MakeOrder, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_the_project(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'pipelines'")

    monkeypatch.setattr(Worker, "score", without_the_project)
    with pytest.raises(MachineError, match="A Dask worker failed: ModuleNotFoundError: No module named 'pipelines'"):
        score(job, make_order(engine="dask", scheduler=scheduler))


@pytest.mark.parametrize("threads", [1, 4])
def test_the_number_of_threads_does_not_show(job: Job, make_order: MakeOrder, threads: int) -> None:
    score(job, make_order())
    usual = scores(make_order())
    score(replace(job, settings=job.settings.model_copy(update={"threads": threads})), make_order())
    assert scores(make_order()) == usual


def test_a_damaged_copy_of_the_bundle_stops_every_thread(job: Job, make_order: MakeOrder) -> None:
    order = make_order()
    (order.bundle.folder / "card.md").write_text("another card")
    with pytest.raises(BundleError, match=r"card\.md"):
        score(job, order)
    assert not order.output.exists()
