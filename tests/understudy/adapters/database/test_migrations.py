"""The schema comes to a database once, and never backwards."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from small_predictions import a_prediction

from understudy.adapters.database import migrations
from understudy.adapters.database.engine import Database, database_at
from understudy.adapters.database.ledger import SqlLedger
from understudy.adapters.database.schema import HEAD, metadata
from understudy.errors import StoreError

pytestmark = pytest.mark.integration


def test_migrations_make_the_schema_that_the_code_uses(database: Database) -> None:
    with database.writing() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert context.get_current_revision() == HEAD
        assert compare_metadata(context, metadata) == []
        indices = {
            row[0].split(".")[-1]
            for row in connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'index'"
                if database.sqlite
                else "SELECT indexname FROM pg_indexes"
            )
        }
    assert {f"predictions_{name}" for name in ("at", "key", "unit", "live", "arm")} <= indices


def test_the_newest_migration_is_the_one_the_code_knows() -> None:
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [HEAD]


def test_processes_that_start_together_all_come_up(address: str) -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/fakes')\n"
        "from small_predictions import a_prediction\n"
        "from understudy.adapters.database.engine import database_at\n"
        "from understudy.adapters.database.ledger import SqlLedger\n"
        "SqlLedger(database_at(sys.argv[1])).append([a_prediction(int(sys.argv[2]))])\n"
    )
    children = [subprocess.Popen([sys.executable, "-W", "ignore", "-c", code, address, str(n)]) for n in range(4)]
    assert [child.wait(60) for child in children] == [0, 0, 0, 0]
    ledger = SqlLedger(database_at(address))
    assert len(ledger.tail("toy")) == 4
    ledger.close()


def test_a_newer_schema_is_left_alone(database: Database) -> None:
    ledger = SqlLedger(database)
    ledger.append([a_prediction(1)])
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(StoreError, match="revision 9999") as caught:
        ledger.append([a_prediction(2)])
    assert "newer version" in caught.value.fix
    with pytest.raises(StoreError, match="revision 9999"):
        ledger.tail("toy")
