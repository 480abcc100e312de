"""The ledger: what was answered is kept once, found again, and erased on request."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from small_predictions import START, a_prediction, a_shadow

from understudy.adapters.database.engine import Database, database_at
from understudy.adapters.database.ledger import SETTLE, STATEMENT, SqlLedger
from understudy.errors import DataError, StoreError
from understudy.records import Label

pytestmark = pytest.mark.integration
COSTS = {"false_positive": 1.0, "false_negative": 5.0, "true_positive": 0.0, "true_negative": 0.0}
LATER = START + timedelta(days=1)


@pytest.fixture
def ledger(database: Database) -> SqlLedger:
    return SqlLedger(database, clock=lambda: LATER)


def rows(ledger: SqlLedger, chunk: int = 10_000, **given: datetime) -> list[dict[str, object]]:
    return [row for rows in ledger.read("toy", chunk=chunk, **given) for row in rows]


def test_a_prediction_comes_back_as_it_was(ledger: SqlLedger) -> None:
    odd = a_prediction(
        2, event_time=None, score=None, decision=None, flags=["unseen category: town ü\""], error="it broke",
        request={"at": START, "n": 1e-7, "ok": True, "none": None}, inputs={"x": 0.1 + 0.2, "y": -1e300, "z": None},
        at=START.replace(microsecond=7),
    )  # fmt: skip
    ledger.append([a_prediction(1), odd])
    assert ledger.prediction("p0001") == asdict(a_prediction(1))
    expected = asdict(odd) | {"request": {**odd.request, "at": START.isoformat()}}
    assert ledger.prediction("p0002") == expected
    assert ledger.prediction("nothing") is None


@pytest.mark.parametrize("size", [1, STATEMENT, 3 * STATEMENT + 5])
def test_an_id_is_stored_once_and_the_first_stands(ledger: SqlLedger, size: int) -> None:
    batch = [a_prediction(number) for number in range(size)]
    ledger.append(batch)
    ledger.append([a_prediction(0, score=0.9), *batch, a_prediction(size)])
    stored = rows(ledger)
    assert [row["id"] for row in stored] == [f"p{number:04d}" for number in range(size + 1)]
    assert stored[0]["score"] == 0.25


@pytest.mark.parametrize(
    "change", [{"key": None}, {"request": {"x": object()}}, {"key": "\ud800"}, {"score": object()}]
)
def test_a_batch_with_a_row_that_cannot_be_stored_is_refused_whole(
    ledger: SqlLedger, change: dict[str, object]
) -> None:
    with pytest.raises(DataError, match="cannot be stored"):
        ledger.append([*(a_prediction(number) for number in range(2 * STATEMENT)), a_prediction(9999, **change)])
    ledger.append([a_prediction(1)])
    assert len(rows(ledger)) == 1


def test_reading_goes_by_time_and_in_chunks_also_among_equals(ledger: SqlLedger) -> None:
    ledger.append([a_prediction(number, at=START + timedelta(seconds=number // 4)) for number in range(20)])
    ledger.append([a_prediction(99, problem="other")])
    everything = [f"p{number:04d}" for number in range(20)]
    for chunk in (1, 3, 20, 100):
        assert [row["id"] for row in rows(ledger, chunk)] == everything
    since, until = START + timedelta(seconds=1), START + timedelta(seconds=3)
    assert [row["id"] for row in rows(ledger, 3, since=since, until=until)] == everything[4:12]
    assert [row["id"] for row in ledger.tail("toy", 3)] == everything[-3:]


def test_before_anything_is_written_there_is_nothing_to_read(ledger: SqlLedger, database: Database) -> None:
    assert rows(ledger) == ledger.tail("toy") == ledger.counts("toy") == []
    assert ledger.rewards("toy", 1, COSTS) == ()
    assert database.file is None or not database.file.exists()


def test_counts_are_by_version_arm_and_standing(ledger: SqlLedger) -> None:
    ledger.append(
        [
            a_prediction(1, score=0.5),
            a_prediction(2, score=0.1, decision=False, fallback="timeout", flags=["unseen category: town"]),
            a_prediction(3, arm="challenger", version=2),
            a_shadow(1, score=None, decision=None, error="too slow"),
        ]
    )
    ledger.label([Label("toy", 1.0, prediction="p0001"), Label("toy", 0.0, key="k3")])
    names = ("version", "arm", "standing", "predictions", "labels", "fallbacks", "errors", "share_flagged", "odd")
    found = ledger.counts("toy")
    assert [tuple(row[name] for name in names) for row in found] == [
        (1, "champion", "live", 2, 1, 1, 0, 0.5, 1),
        (2, "challenger", "live", 1, 1, 0, 0, 1.0, 0),
        (2, "rehearsal", "shadow", 1, 1, 0, 1, None, 0),
    ]
    assert [row["mean_score"] for row in found] == [pytest.approx(0.3), 0.25, None]
    assert [row["predictions"] for row in ledger.counts("toy", since=START + timedelta(seconds=2))] == [1, 1]


def test_erasing_a_unit_leaves_nothing_of_it(ledger: SqlLedger) -> None:
    ledger.append([a_prediction(number) for number in range(1200)])
    ledger.append(
        [a_shadow(1), a_prediction(2000, unit="u0", key="k1"), a_prediction(2001, problem="other", unit="u1")]
    )
    ledger.label([Label("toy", 1.0, key=key) for key in ("k1", "k2", "k4")])
    ledger.label([Label("toy", 1.0, prediction="p0007"), Label("toy", 0.0, prediction="p0007")])
    assert ledger.erase_unit("toy", "u1") == 401
    left = rows(ledger)
    assert {row["unit"] for row in left} == {"u0", "u2"}
    assert {row["id"] for row in left if row["label"] is not None} == {"p0002", "p2000"}
    assert labels_left(ledger) == ["k1", "k2"]
    assert ledger.erase_unit("toy", "u1") == 0
    assert ledger.erase_unit("toy", "") == 0
    assert len(list(ledger.read("other"))) == 1


def test_where_there_is_no_unit_the_business_key_is_erased(ledger: SqlLedger) -> None:
    ledger.append([a_prediction(1, unit=""), a_prediction(2, unit=""), a_prediction(3, unit="k1")])
    ledger.append([a_shadow(1, unit="")])
    ledger.label([Label("toy", 1.0, key=key) for key in ("k1", "k2", "k9")])
    assert ledger.erase_unit("toy", "k1") == 3
    assert [row["id"] for row in rows(ledger)] == ["p0002"]
    assert ledger.erase_unit("toy", "k9") == 0
    assert labels_left(ledger) == ["k2"]


def test_retaining_keeps_what_is_newer(ledger: SqlLedger, database: Database) -> None:
    ledger.append([a_prediction(number) for number in range(10)])
    ledger.label([Label("toy", 1.0, key=f"k{number}") for number in range(12)])
    early = SqlLedger(database, clock=lambda: START)
    early.label([Label("toy", 1.0, key="never predicted"), Label("other", 1.0, key="another problem's")])
    assert ledger.retain("toy", before=START + timedelta(seconds=4)) == 4
    assert [row["id"] for row in rows(ledger)] == [f"p{number:04d}" for number in range(4, 10)]
    assert sorted(labels_left(ledger)) == sorted(["another problem's", *(f"k{number}" for number in range(4, 12))])


def test_settling_shrinks_what_a_restart_must_replay(ledger: SqlLedger, database: Database) -> None:
    for start in range(0, SETTLE + 100, 100):  # the first hundred are settled at once, with what was there before
        ledger.append([a_prediction(start + number) for number in range(100)])
        ledger.settle()
    ledger.append([a_prediction(5000)])
    assert len(rows(ledger)) == SETTLE + 101
    if database.file is not None:
        with database.appending() as connection:
            log, checkpointed = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1:]
        assert log == checkpointed < 50


def test_a_full_disk_is_named_and_the_ledger_goes_on_after_it(ledger: SqlLedger, database: Database) -> None:
    ledger.append([a_prediction(1)])
    if database.file is None:
        pytest.skip("a PostgreSQL of one's own cannot be filled within a test")
    with database.appending() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="No space left on the disk"):
        ledger.append([a_prediction(number) for number in range(2, 500)])
    ledger.append([a_prediction(number) for number in range(2, 500)])
    assert len(rows(ledger)) == 499


def test_a_deleted_file_is_noticed(tmp_path: Path) -> None:
    database = database_at(f"sqlite:///{tmp_path / 'understudy.db'}")
    ledger = SqlLedger(database)
    ledger.append([a_prediction(1)])
    for file in tmp_path.iterdir():
        file.unlink()
    ledger.append([a_prediction(2)])
    assert [row["id"] for row in rows(ledger)] == ["p0002"]
    ledger.close()


def test_a_connection_that_broke_is_replaced(new_postgres: Callable[[], str]) -> None:
    database = database_at(new_postgres())
    ledger = SqlLedger(database)
    ledger.append([a_prediction(1)])
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with database.writing() as connection:
        connection.exec_driver_sql(others + " AND datname = current_database()")
    ledger.append([a_prediction(2)])
    assert [row["id"] for row in rows(ledger)] == ["p0001", "p0002"]
    ledger.close()


def labels_left(ledger: SqlLedger) -> Sequence[str]:
    with ledger._database.reading() as connection:
        return [row[0] or row[1] for row in connection.exec_driver_sql("SELECT key, prediction FROM labels")]


def test_a_window_goes_by_event_time_and_knows_the_labels_of_its_moment(ledger: SqlLedger) -> None:
    early, late = START + timedelta(days=1), START + timedelta(days=2)
    end = START + timedelta(days=3)
    answered = [(1, early), (2, late), (4, end)]
    ledger.append([a_prediction(number, event_time=time) for number, time in answered])
    ledger.append([a_prediction(3, event_time=None, at=early)])
    landed = [("k1", 1.0, early), ("k2", 0.0, late + timedelta(hours=1))]
    ledger.label([Label("toy", value, key=key, landed_at=at) for key, value, at in landed])

    def seen(as_of: datetime, chunk: int) -> dict[str, float | None]:
        chunks = ledger.window("toy", START, end, as_of, chunk)
        return {row["id"]: row["label"] for rows in chunks for row in rows}

    assert seen(late, 1) == seen(late, 100) == {"p0001": 1.0, "p0002": None, "p0003": None}
    assert seen(late + timedelta(hours=1), 2) == {"p0001": 1.0, "p0002": 0.0, "p0003": None}
    assert (ledger.clock("toy"), ledger.clock("nothing")) == (end, None)
