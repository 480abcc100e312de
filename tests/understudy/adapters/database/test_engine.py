"""Reaching the database: durability, turns, and failures in words."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from small_predictions import a_prediction

from understudy.adapters.database.deployment_log import SqlDeploymentLog
from understudy.adapters.database.engine import Database, database_at
from understudy.adapters.database.ledger import SqlLedger
from understudy.errors import StoreError

pytestmark = pytest.mark.integration


def test_one_database_for_all_its_users_in_a_process(address: str) -> None:
    assert database_at(address) is database_at(address)


def test_sqlite_waits_for_the_disk_and_readers_cannot_write(tmp_path: Path) -> None:
    database = database_at(f"sqlite:///{tmp_path / 'x.db'}")
    with database.writing() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint", "secure_delete")
        }
    assert settings == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "wal_autocheckpoint": 0, "secure_delete": 1,
    }  # fmt: skip
    with pytest.raises(StoreError, match="readonly database"), database.reading() as connection:
        connection.exec_driver_sql("DELETE FROM predictions")
    database.close()


def test_postgresql_waits_for_the_disk_whatever_the_server_is_set_to(new_postgres: Callable[[], str]) -> None:
    address = new_postgres()
    database = database_at(address)
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER ROLE postgres SET synchronous_commit = off")
    database.close()
    try:
        with database.appending() as connection:
            assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    finally:
        with database.writing() as connection:
            connection.exec_driver_sql("ALTER ROLE postgres RESET synchronous_commit")
        database.close()


def test_readers_go_on_while_someone_writes(database: Database) -> None:
    ledger = SqlLedger(database)
    ledger.append([a_prediction(1)])
    with database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM predictions")
        assert len(ledger.tail("toy")) == 1
    assert ledger.tail("toy") == []


def test_threads_take_turns_in_writing(database: Database) -> None:
    ledger = SqlLedger(database)
    failures: list[BaseException] = []

    def write(first: int) -> None:
        try:
            for number in range(20):
                ledger.append([a_prediction(first + number)])
                ledger.erase_unit("toy", "nobody")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(1000 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(ledger.tail("toy", 1000)) == 80


def test_another_process_may_write_meanwhile(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'x.db'}"
    code = (
        "import sys; sys.path.insert(0, 'tests/fakes')\n"
        "from small_predictions import a_prediction\n"
        "from understudy.adapters.database.engine import database_at\n"
        "from understudy.adapters.database.ledger import SqlLedger\n"
        "ledger = SqlLedger(database_at(sys.argv[1]))\n"
        "for number in range(100):\n    ledger.append([a_prediction(5000 + number)])\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, address])
    ledger = SqlLedger(database_at(address))
    number = 0
    while child.poll() is None or number < 100:
        number += 1
        ledger.append([a_prediction(number)])
    assert child.wait() == 0
    assert len(ledger.tail("toy", 10**6)) == number + 100
    ledger.close()
    connection = sqlite3.connect(tmp_path / "x.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_what_cannot_be_reached_is_said_at_once_and_without_the_password() -> None:
    started = time.monotonic()
    ledger = SqlLedger(database_at("postgresql://ann:secret@127.0.0.1:9/none"))
    for call in (lambda: ledger.append([a_prediction(1)]), lambda: ledger.tail("toy")):
        with pytest.raises(StoreError, match=r"cannot be used: .*(refused|failed)") as caught:
            call()
        assert "secret" not in str(caught.value)
        assert "UNDERSTUDY_DATABASE" in caught.value.fix
    assert time.monotonic() - started < 8


def test_what_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("no database at all, and long enough to tell" * 50, encoding="utf-8")
    with pytest.raises(StoreError, match="file is not a database"):
        SqlDeploymentLog(database_at(f"sqlite:///{tmp_path / 'x.db'}")).newest("toy")


@pytest.mark.parametrize("address", ["mysql://ann:secret@host/x", "sqlite://", "sqlite:///:memory:", "nonsense", ""])
def test_other_databases_are_refused(address: str) -> None:
    with pytest.raises(StoreError, match="UNDERSTUDY_DATABASE") as caught:
        database_at(address)
    assert "secret" not in str(caught.value)
