"""Group commit: durable before anyone is told, together, within bounds, and in spite of failures."""

import asyncio
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest
from fake_ledger import FakeLedger
from postgres_server import postgres_server
from small_predictions import a_prediction

from serving.errors import Overloaded
from serving.ledger_writer import LedgerWriter
from understudy.adapters.database.engine import database_at
from understudy.adapters.database.ledger import SqlLedger
from understudy.errors import DataError, StoreError
from understudy.records import Prediction

FAKES = Path(__file__).resolve().parent.parent / "fakes"


class SlowLedger(FakeLedger):
    """Commits when it is let; refuses ids that begin with ``bad``."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.entered = threading.Event()

    def append(self, predictions: Sequence[Prediction]) -> None:
        self.entered.set()
        assert self.gate.wait(5)
        if any(prediction.id.startswith("bad") for prediction in predictions):
            raise DataError("A row cannot be stored.", "Mend it.")
        super().append(predictions)


@pytest.fixture
def ledger() -> SlowLedger:
    return SlowLedger()


def writing(ledger: FakeLedger, scene: Callable[[LedgerWriter], Awaitable[None]], limit: int = 20_000) -> LedgerWriter:
    """Play a scene with a writer that runs, and close it."""
    writer = LedgerWriter(ledger, limit)

    async def play() -> None:
        writer.start()
        try:
            await scene(writer)
        finally:
            await asyncio.to_thread(writer.close, 5.0)

    asyncio.run(play())
    return writer


async def first_commit_under_way(writer: LedgerWriter, ledger: SlowLedger) -> "asyncio.Task[None]":
    first = asyncio.create_task(writer.write([a_prediction(0)]))
    await asyncio.to_thread(ledger.entered.wait, 5)
    return first


@pytest.mark.unit
def test_nobody_is_told_before_it_is_durable(ledger: SlowLedger) -> None:
    async def scene(writer: LedgerWriter) -> None:
        first = await first_commit_under_way(writer, ledger)
        await asyncio.sleep(0.02)
        assert not first.done()
        assert writer.depth == 1
        ledger.gate.set()
        await first
        assert "p0000" in ledger.kept
        assert writer.depth == 0
        await writer.write([])

    writer = writing(ledger, scene)
    assert (writer.written, writer.failed, writer.groups) == (1, 0, 1)


@pytest.mark.unit
def test_what_waits_is_committed_as_one_group(ledger: SlowLedger) -> None:
    async def scene(writer: LedgerWriter) -> None:
        first = await first_commit_under_way(writer, ledger)
        others = [asyncio.create_task(writer.write([a_prediction(n), a_prediction(n + 50)])) for n in range(1, 11)]
        await asyncio.sleep(0)
        assert writer.depth == 21
        ledger.gate.set()
        await asyncio.gather(first, *others)

    writing(ledger, scene)
    assert ledger.groups == [1, 20]
    assert list(ledger.kept) == ["p0000", *(f"p{n:04d}" for k in range(1, 11) for n in (k, k + 50))]
    assert ledger.settled >= 1


@pytest.mark.unit
def test_beyond_its_limit_it_refuses_but_for_a_large_batch_on_its_own(ledger: SlowLedger) -> None:
    async def scene(writer: LedgerWriter) -> None:
        first = await first_commit_under_way(writer, ledger)
        second = asyncio.create_task(writer.write([a_prediction(n) for n in range(1, 10)]))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="10 predictions wait") as caught:
            await writer.write([a_prediction(99)])
        assert caught.value.retry_after > 0
        ledger.gate.set()
        await asyncio.gather(first, second)
        await writer.write([a_prediction(n) for n in range(100, 130)])

    writing(ledger, scene, limit=10)
    assert ledger.groups == [1, 9, 30]
    assert "p0099" not in ledger.kept


@pytest.mark.unit
def test_a_ledger_that_hangs_is_waited_for_no_longer_than_patience(ledger: SlowLedger) -> None:
    async def scene(writer: LedgerWriter) -> None:
        writer.patience = 0.05
        with pytest.raises(StoreError, match="does not answer"):
            await writer.write([a_prediction(1)])
        ledger.gate.set()

    writing(ledger, scene)
    assert list(ledger.kept) == ["p0001"]


@pytest.mark.unit
def test_everyone_is_told_of_a_failure_and_the_next_group_is_tried(ledger: SlowLedger) -> None:
    async def scene(writer: LedgerWriter) -> None:
        first = await first_commit_under_way(writer, ledger)
        ledger.failing = StoreError("The disk is full.", "Free some space.")
        others = [asyncio.create_task(writer.write([a_prediction(n)])) for n in (1, 2)]
        await asyncio.sleep(0)
        ledger.gate.set()
        ends = await asyncio.gather(first, *others, return_exceptions=True)
        assert [str(end) for end in ends] == ["The disk is full. Free some space."] * 3
        assert len({id(end) for end in ends}) == 3
        ledger.failing = None
        await writer.write([a_prediction(3)])

    writer = writing(ledger, scene)
    assert list(ledger.kept) == ["p0003"]
    assert (writer.written, writer.failed) == (1, 3)


@pytest.mark.unit
def test_a_row_that_cannot_be_stored_fails_its_own_batch_alone(ledger: SlowLedger) -> None:
    async def scene(writer: LedgerWriter) -> None:
        first = await first_commit_under_way(writer, ledger)
        batches = [[a_prediction(1)], [a_prediction(2), a_prediction(id="bad")], [a_prediction(3)]]
        others = [asyncio.create_task(writer.write(batch)) for batch in batches]
        await asyncio.sleep(0)
        ledger.gate.set()
        ends = await asyncio.gather(first, *others, return_exceptions=True)
        assert [type(end) for end in ends] == [type(None), type(None), DataError, type(None)]

    writing(ledger, scene)
    assert list(ledger.kept) == ["p0000", "p0001", "p0003"]


@pytest.mark.unit
def test_a_fault_of_the_ledger_itself_is_said_and_survived(
    ledger: SlowLedger, caplog: pytest.LogCaptureFixture
) -> None:
    ledger.gate.set()

    async def scene(writer: LedgerWriter) -> None:
        ledger.kept = None  # type: ignore[assignment]
        with pytest.raises(StoreError, match="The ledger failed"):
            await writer.write([a_prediction(1)])
        ledger.kept = {}
        await writer.write([a_prediction(2)])

    writing(ledger, scene)
    assert list(ledger.kept) == ["p0002"]
    assert "Traceback" in caplog.text


@pytest.mark.unit
def test_closing_stores_what_waits_and_takes_no_more(ledger: SlowLedger) -> None:
    async def scene(writer: LedgerWriter) -> None:
        first = await first_commit_under_way(writer, ledger)
        second = asyncio.create_task(writer.write([a_prediction(1)]))
        await asyncio.sleep(0)
        closing = asyncio.create_task(asyncio.to_thread(writer.close, 5.0))
        await asyncio.sleep(0.02)
        with pytest.raises(StoreError, match="closed"):
            await writer.write([a_prediction(2)])
        ledger.gate.set()
        await asyncio.gather(first, second, closing)

    writing(ledger, scene)
    assert list(ledger.kept) == ["p0000", "p0001"]


@pytest.mark.unit
def test_closing_does_not_wait_for_ever_and_who_left_is_not_missed(ledger: SlowLedger) -> None:
    async def scene(writer: LedgerWriter) -> None:
        first = await first_commit_under_way(writer, ledger)
        first.cancel()
        with pytest.raises(StoreError, match=r"1 predictions were not stored within 0\.01 s"):
            await asyncio.to_thread(writer.close, 0.01)
        ledger.gate.set()

    writing(ledger, scene)


@pytest.fixture(scope="module")
def new_postgres() -> Iterator[Callable[[], str]]:
    with postgres_server() as fresh:
        yield fresh


@pytest.mark.integration
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_acknowledged_survives_a_kill(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    file = tmp_path / "understudy.db"
    address = f"sqlite:///{file}" if kind == "sqlite" else request.getfixturevalue("new_postgres")()
    draw = random.Random(11)  # noqa: S311
    acknowledged: list[str] = []
    for start in range(5):
        acknowledged += killed_at_a_random_moment(address, 1_000_000 * (start + 1), draw)
    ledger = SqlLedger(database_at(address))
    stored = [row["id"] for rows in ledger.read("toy") for row in rows]
    ledger.close()
    assert len(acknowledged) > 500
    assert len(set(stored)) == len(stored)
    assert set(acknowledged) - set(stored) == set()
    if kind == "sqlite":
        connection = sqlite3.connect(file)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()


def killed_at_a_random_moment(address: str, first: int, draw: random.Random) -> list[str]:
    """Ids that a child was told are durable, up to the moment at which it was killed."""
    child = subprocess.Popen(
        [sys.executable, str(FAKES / "appending_child.py"), address, str(first)],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": f"{FAKES}:{FAKES.parent.parent}"},
    )
    assert child.stdout is not None
    said = child.stdout.readline()
    threading.Timer(draw.uniform(0.05, 0.6), child.kill).start()
    said += child.stdout.read()
    child.stdout.close()
    child.wait()
    return said.decode().split("\n")[:-1]


@pytest.mark.integration
def test_group_commit_is_many_times_quicker_than_one_by_one(tmp_path: Path) -> None:
    ledger = SqlLedger(database_at(f"sqlite:///{tmp_path / 'understudy.db'}"))

    async def scene(writer: LedgerWriter) -> None:
        await asyncio.gather(*(writer.write([a_prediction(n)]) for n in range(1000)))

    started = time.perf_counter()
    writer = writing(ledger, scene)  # type: ignore[arg-type]
    ledger.close()
    assert writer.written == 1000
    assert writer.groups < 100
    assert time.perf_counter() - started < 5
