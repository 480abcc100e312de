"""Shadows write to a file of their own, and readers see one ledger."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from small_predictions import START, a_prediction, a_shadow

from understudy.adapters import open_ledger, open_shadow_ledger
from understudy.adapters.database.engine import database_at
from understudy.adapters.database.ledger import SqlLedger
from understudy.errors import StoreError
from understudy.ports import Ledger
from understudy.records import Label
from understudy.settings import Settings

pytestmark = pytest.mark.integration
END = START + timedelta(days=1)


@pytest.fixture
def settings(address: str) -> Settings:
    return Settings(database=address)


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    opened = open_ledger(settings)
    yield opened
    opened.close()


@pytest.fixture
def shadows(settings: Settings) -> Iterator[SqlLedger]:
    opened = open_shadow_ledger(settings)
    assert isinstance(opened, SqlLedger)
    yield opened
    opened.close()


def rows_of(*ledgers: Ledger) -> None:
    """Thirty live predictions to the first ledger, and what two shadows made of most of them to the last one."""
    ledgers[0].append([a_prediction(number) for number in range(30)])
    late = timedelta(seconds=4.5)
    ledgers[-1].append([a_shadow(n, at=START + timedelta(seconds=n) + late) for n in range(0, 30, 2)])
    ledgers[-1].append([a_shadow(n, id=f"t{n:04d}", arm="other", version=3, score=None) for n in range(25)])
    ledgers[0].label([Label("toy", value, prediction="p0004", landed_at=START) for value in (1.0, 0.0)])
    ledgers[0].label([Label("toy", float(n % 2), key=f"k{n}", landed_at=START) for n in range(5, 20)])


def read(ledger: Ledger, chunk: int = 10_000, **bounds: datetime) -> list[dict[str, Any]]:
    return [row for page in ledger.read("toy", chunk=chunk, **bounds) for row in page]


QUESTIONS: dict[str, Callable[[Ledger], Any]] = {
    "read": read,
    "by small chunks": lambda ledger: read(ledger, 7),
    "a span": lambda ledger: read(ledger, 7, since=START + timedelta(seconds=3), until=START + timedelta(seconds=9)),
    "tail": lambda ledger: ledger.tail("toy", 12),
    "one": lambda ledger: [ledger.prediction(name) for name in ("p0003", "s0004", "t0001", "none")],
    "counts": lambda ledger: ledger.counts("toy"),
    "recent counts": lambda ledger: ledger.counts("toy", START + timedelta(seconds=20)),
    "window": lambda ledger: sorted(
        (row for page in ledger.window("toy", START, END, END, 9) for row in page), key=lambda row: row["id"]
    ),
    "answers": lambda ledger: list(ledger.answers("toy", START, 1, ("size",), ("weight",))),
    "clock": lambda ledger: ledger.clock("toy"),
}


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_readers_see_one_ledger(ledger: Ledger, shadows: Ledger, tmp_path: Path) -> None:
    """PostgreSQL keeps all in one table anyhow."""
    together = SqlLedger(database_at(f"sqlite:///{tmp_path / 'together.db'}"))
    rows_of(together)
    rows_of(ledger, shadows)
    for question, ask in QUESTIONS.items():
        expected = ask(together)
        assert ask(ledger) == expected, question
        assert expected, question
    together.close()


def test_reading_starts_before_the_first_shadow_and_goes_on_after_it(ledger: Ledger, shadows: Ledger) -> None:
    ledger.append([a_prediction(1)])
    assert [row["id"] for row in read(ledger)] == ["p0001"]
    shadows.append([a_shadow(1)])
    assert [row["id"] for row in read(ledger)] == ["p0001", "s0001"]
    ledger.label([Label("toy", 1.0, key="k1")])
    assert [row["label"] for row in read(ledger)] == [1.0, 1.0]


def test_what_is_erased_is_erased_of_shadows_too(ledger: Ledger, shadows: Ledger) -> None:
    rows_of(ledger, shadows)
    before = read(ledger)
    mine = [row for row in before if row["unit"] == "u1"]
    assert {row["standing"] for row in mine} == {"live", "shadow"}
    assert ledger.erase_unit("toy", "u1") == len(mine)
    assert read(ledger) == [row for row in before if row["unit"] != "u1"]
    old = [row for row in read(ledger) if row["at"] < START + timedelta(seconds=10)]
    assert ledger.retain("toy", START + timedelta(seconds=10)) == len(old)
    assert all(row["at"] >= START + timedelta(seconds=10) for row in read(ledger))


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_what_is_erased_is_in_no_byte_of_any_file_though_others_have_them_open(
    ledger: Ledger, shadows: SqlLedger, settings: Settings
) -> None:
    unit = "a-unit-like-no-other"
    ledger.append([replace(a_prediction(1), unit=unit, key=unit)])
    shadows.append([replace(a_shadow(1), unit=unit, key=unit)])
    ledger.append([a_prediction(number) for number in range(2, 40)])
    assert shadows._database.file
    files = sorted(shadows._database.file.parent.iterdir())
    assert sum(unit.encode() in file.read_bytes() for file in files) >= 2
    eraser = open_ledger(settings)
    assert eraser.erase_unit("toy", unit) == 2
    assert [file.name for file in files if file.exists() and unit.encode() in file.read_bytes()] == []
    assert len(read(ledger)) == 38
    ledger.append([a_prediction(50)])
    shadows.append([a_shadow(50)])
    assert len(read(ledger)) == 40
    eraser.close()


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_shadows_are_erased_where_nothing_is_left_that_they_stand_beside(ledger: Ledger, shadows: SqlLedger) -> None:
    rows_of(ledger, shadows)
    mine = [row for row in read(ledger) if row["unit"] == "u1" and row["standing"] == "shadow"]
    ledger.close()
    assert shadows._database.file
    for file in shadows._database.file.parent.iterdir():
        if "shadows" not in file.name:
            file.unlink()
    assert len(mine) > 0
    assert ledger.erase_unit("toy", "u1") == len(mine)
    assert ledger.erase_unit("toy", "u1") == 0
    assert ledger.retain("toy", START + timedelta(days=1)) == 40 - len(mine)


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_files_that_were_deleted_are_noticed(ledger: Ledger, shadows: SqlLedger) -> None:
    rows_of(ledger, shadows)
    assert len(read(ledger)) == 70
    assert shadows._database.file
    for file in shadows._database.file.parent.iterdir():
        file.unlink()
    assert read(ledger) == []
    ledger.append([a_prediction(1)])
    assert [row["id"] for row in read(ledger)] == ["p0001"]
    shadows.append([a_shadow(1)])
    assert [row["id"] for row in read(ledger)] == ["p0001", "s0001"]


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_shadows_that_cannot_be_read_keep_nobody_from_live_rows(
    ledger: Ledger, shadows: SqlLedger, caplog: pytest.LogCaptureFixture
) -> None:
    rows_of(ledger, shadows)
    live = [row for row in read(ledger) if row["standing"] == "live"]
    ledger.close()
    shadows.close()
    assert shadows._database.file
    shadows._database.file.write_bytes(b"no database " * 1000)
    assert read(ledger, 7) == live
    assert ledger.tail("toy", 3) == live[-3:]
    assert [row["standing"] for row in ledger.counts("toy")] == ["live"]
    assert len([row for page in ledger.window("toy", START, END, END) for row in page]) == len(live)
    assert "predictions of shadows are left out" in caplog.text
    with pytest.raises(StoreError, match=r"understudy-shadows\.db cannot be used"):
        ledger.erase_unit("toy", "u1")  # who asks for that must know what is left
    assert {row["unit"] for row in read(ledger)} == {"u0", "u2"}


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_who_reads_waits_for_no_writer(ledger: Ledger, shadows: SqlLedger, settings: Settings) -> None:
    rows_of(ledger, shadows)
    ledger.close()
    with shadows._database.writing(), database_at(settings.database_url).writing():
        assert len(read(ledger)) == 70


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_shadow_that_is_storing_keeps_no_live_answer_waiting(ledger: Ledger, shadows: SqlLedger) -> None:
    with shadows._database.writing():
        ledger.append([a_prediction(1)])
    assert [row["id"] for row in read(ledger)] == ["p0001"]


def test_shadows_do_not_wait_for_the_disk(settings: Settings, ledger: Ledger, shadows: SqlLedger) -> None:
    ledger.append([a_prediction(1)])
    question = {True: "PRAGMA synchronous", False: "SHOW synchronous_commit"}
    for database, waits in ((database_at(settings.database_url), (2, "on")), (shadows._database, (1, "off"))):
        with database.appending() as connection:
            assert connection.execute(question[database.sqlite]).fetchone()[0] in waits
